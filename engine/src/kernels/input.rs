//! A matrix product's input: one vector a token, quantised once for all matrices that share it.

use super::norm::Norm;
use super::panel::{Group, copy_group};
use crate::quant::{Act32, Act256, ActKind, FromLoops, Pairs32, Pairs256, join_tokens};
use crate::simd::{ActForm, Isa, LANES, Op};
use bytemuck::Pod;

/// The input of [`Kernels::linear`](super::Kernels::linear), in the forms that weights need.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Tokens in every panel.
    pub tokens: usize,
    /// The values, a panel.
    pub float: &'a [Group],
    /// The quantisation of the values.
    pub kind: ActKind,
    /// The quantised values in the form of the kernels that prepared them, `[blocks][tokens]`; empty for
    /// [`ActKind::Float`].
    pub quants: &'a [u32],
}

impl<'a> Input<'a> {
    /// The quantised values, if they are of `kind` and as many as whole blocks take.
    #[must_use]
    pub fn blocks<T: Pod>(&self, kind: ActKind) -> &'a [T] {
        if self.kind == kind { bytemuck::try_cast_slice(self.quants).unwrap_or_default() } else { &[] }
    }
}

/// The place for quantised activations of [`Kernels::prepare`](super::Kernels::prepare), and what they are quantised to.
pub struct Quants<'a> {
    /// The quantisation.
    pub kind: ActKind,
    /// Words in the kernels' form, `[blocks][tokens]`.
    pub words: &'a mut [u32],
}

/// [`Kernels::prepare`](super::Kernels::prepare); an empty `x` means that `float` already holds the values.
pub(super) struct Prepare<'a> {
    pub(super) x: &'a [Group],
    pub(super) tokens: usize,
    pub(super) norm: Option<Norm<'a>>,
    pub(super) float: &'a mut [Group],
    pub(super) quants: Quants<'a>,
}

/// Runs `job`.
pub(super) fn prepare<I: Isa>(isa: I, job: Prepare<'_>) {
    let Prepare { x, tokens, norm, float, quants: Quants { kind, words } } = job;
    isa.plain().run(Prepare { x, tokens, norm, float, quants: Quants { kind, words: &mut *words } });
    if const { matches!(I::ACTS, ActForm::TwoTokens) } && kind == ActKind::Q8x32 && tokens > 1 {
        join_tokens(bytemuck::try_cast_slice_mut(words).unwrap_or_default(), tokens);
    }
}

impl Op for Prepare<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let tokens = self.tokens.max(1);
        let mut copied = self.x;
        if let Some(norm) = self.norm {
            norm.apply(isa, self.x, tokens, self.float);
            copied = &[];
        }
        let (float, quants) = (self.float, self.quants.words);
        match (self.quants.kind, I::ACTS) {
            (ActKind::Float, _) => copy(copied, float),
            (ActKind::Q8x32, ActForm::Bytes | ActForm::TwoTokens) => {
                quantise::<I, Act32, 2>(isa, copied, float, tokens, quants)
            }
            (ActKind::Q8x32, ActForm::Pairs) => quantise::<I, Pairs32, 2>(isa, copied, float, tokens, quants),
            (ActKind::Q8x256, ActForm::Bytes | ActForm::TwoTokens) => {
                quantise::<I, Act256, 16>(isa, copied, float, tokens, quants)
            }
            (ActKind::Q8x256, ActForm::Pairs) => quantise::<I, Pairs256, 16>(isa, copied, float, tokens, quants),
        }
    }
}

#[inline(always)]
fn copy(from: &[Group], to: &mut [Group]) {
    let n = from.len().min(to.len());
    if let (Some(to), Some(from)) = (to.get_mut(..n), from.get(..n)) {
        to.copy_from_slice(from);
    }
}

trait Quantise<const N: usize>: Pod + FromLoops {
    fn quantise<I: Isa>(isa: I, x: &[[f32; LANES]; N]) -> Self;
}

impl Quantise<2> for Act32 {
    #[inline(always)]
    fn quantise<I: Isa>(isa: I, x: &[[f32; LANES]; 2]) -> Self {
        Act32::quantise(isa, x)
    }
}

impl Quantise<16> for Act256 {
    #[inline(always)]
    fn quantise<I: Isa>(isa: I, x: &[[f32; LANES]; 16]) -> Self {
        Act256::quantise(isa, x)
    }
}

impl Quantise<2> for Pairs32 {
    #[inline(always)]
    fn quantise<I: Isa>(isa: I, x: &[[f32; LANES]; 2]) -> Self {
        Act32::quantise(isa, x).into()
    }
}

impl Quantise<16> for Pairs256 {
    #[inline(always)]
    fn quantise<I: Isa>(isa: I, x: &[[f32; LANES]; 16]) -> Self {
        Act256::quantise(isa, x).into()
    }
}

/// Blocks of `N` groups of every token's vector in `x`, as far as there are whole blocks. What is `copied` is put there
/// first, a piece at a time, so that each is still in a cache when it is quantised.
#[inline(always)]
fn quantise<I: Isa, Q: Quantise<N>, const N: usize>(
    isa: I,
    copied: &[Group],
    x: &mut [Group],
    tokens: usize,
    quants: &mut [u32],
) {
    // Not a zip of all: that divides by `tokens`, in code that does not see that it is not 0.
    let panel = (N * tokens).max(1);
    let (mut panels, mut copied) = (x.chunks_exact_mut(panel), copied.chunks_exact(panel));
    let out: &mut [Q] = bytemuck::try_cast_slice_mut(quants).unwrap_or_default();
    let mut outs = out.chunks_exact_mut(tokens);
    let mut block = [[0.0; LANES]; N];
    for x in panels.by_ref() {
        copy(copied.next().unwrap_or_default(), x);
        let Some(out) = outs.next() else { continue };
        for (t, out) in out.iter_mut().enumerate() {
            if let Some(loops) = isa.quantise_loops() {
                out.fill(&loops, x.get(t..).unwrap_or_default(), tokens);
                continue;
            }
            for (to, from) in block.iter_mut().zip(x.iter().skip(t).step_by(tokens)) {
                copy_group(isa, from, to);
            }
            *out = Q::quantise(isa, &block);
        }
    }
    copy(copied.remainder(), panels.into_remainder());
}
