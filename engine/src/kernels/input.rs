//! A matrix product's input: one vector a token, quantised once for all matrices that share it.

use super::{Group, Kernels, Norm, Quants};
use crate::quant::{Act32, Act256, ActKind};
use crate::simd::{Isa, LANES, Op};

/// The input of [`Kernels::linear`], in the forms that weights need.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Tokens in every panel.
    pub tokens: usize,
    /// The values, a panel.
    pub float: &'a [Group],
    /// Quantised by 32, `[cols / 32][tokens]`; empty if not needed.
    pub q8x32: &'a [Act32],
    /// Quantised by 256, `[cols / 256][tokens]`; empty if not needed.
    pub q8x256: &'a [Act256],
}

/// Memory for an [`Input`].
pub struct InputBuffer<'a> {
    float: &'a mut [Group],
    quants: &'a mut [u32],
    kind: ActKind,
    tokens: usize,
    groups: usize,
}

impl<'a> InputBuffer<'a> {
    /// `u32` words that the quants of `tokens` vectors of `width` elements take, whatever the kind.
    #[must_use]
    pub const fn quant_words(width: usize, tokens: usize) -> usize {
        // Act32 is the larger: 40 bytes for 32 elements, against 312 for 256.
        width.div_ceil(32).saturating_mul(tokens).saturating_mul(size_of::<Act32>() / 4)
    }

    /// A buffer for vectors of at most `16 * float.len() / tokens` elements.
    #[must_use]
    pub fn new(float: &'a mut [Group], quants: &'a mut [u32]) -> Self {
        InputBuffer { float, quants, kind: ActKind::Float, tokens: 1, groups: 0 }
    }

    /// Takes in panel `x`, normalised if `norm` says so, and quantises it as `kind` asks.
    pub fn fill(&mut self, kernels: &dyn Kernels, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, kind: ActKind) {
        self.tokens = tokens.max(1);
        self.groups = x.len() / self.tokens;
        self.kind = kind;
        let float = self.float.get_mut(..x.len()).unwrap_or_default();
        kernels.prepare(x, self.tokens, norm, float, quants(self.quants, kind, self.groups, self.tokens));
    }

    /// Tokens of the input.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// The input, quantised anew if `kind` is not what it was quantised to.
    pub fn input(&mut self, kernels: &dyn Kernels, kind: ActKind) -> Input<'_> {
        let len = self.groups.saturating_mul(self.tokens);
        if kind != self.kind && kind != ActKind::Float {
            self.kind = kind;
            let float = self.float.get_mut(..len).unwrap_or_default();
            kernels.prepare(&[], self.tokens, None, float, quants(self.quants, kind, self.groups, self.tokens));
        }
        let words = &*self.quants;
        Input {
            tokens: self.tokens,
            float: self.float.get(..len).unwrap_or_default(),
            q8x32: if self.kind == ActKind::Q8x32 { view(words, self.groups / 2 * self.tokens) } else { &[] },
            q8x256: if self.kind == ActKind::Q8x256 { view(words, self.groups / 16 * self.tokens) } else { &[] },
        }
    }
}

fn view<T: bytemuck::Pod>(words: &[u32], len: usize) -> &[T] {
    let words = words.get(..len.saturating_mul(size_of::<T>() / 4)).unwrap_or_default();
    bytemuck::try_cast_slice(words).unwrap_or_default()
}

fn quants(words: &mut [u32], kind: ActKind, groups: usize, tokens: usize) -> Quants<'_> {
    fn view<T: bytemuck::Pod>(words: &mut [u32], len: usize) -> &mut [T] {
        let words = words.get_mut(..len.saturating_mul(size_of::<T>() / 4)).unwrap_or_default();
        bytemuck::try_cast_slice_mut(words).unwrap_or_default()
    }
    match kind {
        ActKind::Float => Quants::None,
        ActKind::Q8x32 => Quants::Q8x32(view(words, groups / 2 * tokens)),
        ActKind::Q8x256 => Quants::Q8x256(view(words, groups / 16 * tokens)),
    }
}

/// [`Kernels::prepare`]; an empty `x` means that `float` already holds the values.
pub(super) struct Prepare<'a> {
    pub(super) x: &'a [Group],
    pub(super) tokens: usize,
    pub(super) norm: Option<Norm<'a>>,
    pub(super) float: &'a mut [Group],
    pub(super) quants: Quants<'a>,
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
        match self.quants {
            Quants::None => copy(copied, self.float),
            Quants::Q8x32(q) => quantise::<I, Act32, 2>(isa, copied, self.float, tokens, q),
            Quants::Q8x256(q) => quantise::<I, Act256, 16>(isa, copied, self.float, tokens, q),
        }
    }
}

#[inline(always)]
fn copy(from: &[Group], to: &mut [Group]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

trait Quantise<const N: usize> {
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

/// Blocks of `N` groups of every token's vector in `x`, as far as there are whole blocks. What is `copied` is put there
/// first, a piece at a time, so that each is still in a cache when it is quantised.
#[inline(always)]
fn quantise<I: Isa, Q: Quantise<N>, const N: usize>(
    isa: I,
    copied: &[Group],
    x: &mut [Group],
    tokens: usize,
    out: &mut [Q],
) {
    // Not a zip of all: that divides by `tokens`, in code that does not see that it is not 0.
    let panel = (N * tokens).max(1);
    let (mut panels, mut copied) = (x.chunks_exact_mut(panel), copied.chunks_exact(panel));
    let mut outs = out.chunks_exact_mut(tokens);
    for x in panels.by_ref() {
        copy(copied.next().unwrap_or_default(), x);
        let Some(out) = outs.next() else { continue };
        for (t, out) in out.iter_mut().enumerate() {
            let mut block = [[0.0; LANES]; N];
            for (to, from) in block.iter_mut().zip(x.iter().skip(t).step_by(tokens)) {
                *to = *from;
            }
            *out = Q::quantise(isa, &block);
        }
    }
    copy(copied.remainder(), panels.into_remainder());
}
