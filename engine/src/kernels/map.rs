//! Functions of a panel's elements, in place.

use super::activation::{Act, activate};
use super::norm::Norm;
use super::panel::Group;
use crate::simd::{Floats, Isa, Op, lanes, math};

/// A function that [`Kernels::map`](super::Kernels::map) applies to panel `x`.
#[derive(Clone, Copy, Debug)]
pub enum Map<'a> {
    /// `x + bias`, the same bias for every token.
    Bias(&'a [Group]),
    /// `x * scale`
    Scale(f32),
    /// `cap * tanh(x / cap)`, with `x / cap` as `x * (1 / cap)`.
    SoftCap(f32),
    /// `act(x)`; the padding of the last group becomes `act(0)`, which is not 0 for [`Act::Sigmoid`].
    Act(Act),
    /// `act(x) * g` with a panel `g` of the same shape.
    Gate(Act, &'a [Group]),
    /// Every token's whole vector, normalised.
    Norm(Norm<'a>),
    /// Each of as many neighbouring parts of every token's vector, normalised. The norm's width is a part's; its weights and
    /// its bias are those of the whole vector.
    PartNorm(Norm<'a>, usize),
    /// `x + (y - x) * share`, with panels `y` and `share` of the same shape.
    Lerp {
        /// The panel that is interpolated towards.
        y: &'a [Group],
        /// The share of `y` in each element, from 0 to 1.
        share: &'a [Group],
    },
}

/// [`Kernels::map`](super::Kernels::map).
pub(super) struct MapPanel<'a> {
    pub(super) x: &'a mut [Group],
    pub(super) tokens: usize,
    pub(super) map: Map<'a>,
}

impl Op for MapPanel<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let (x, tokens) = (self.x, self.tokens.max(1));
        match self.map {
            Map::Bias(bias) => {
                // Not a zip: that divides by `tokens`, in code that does not see that it is not 0.
                let mut xs = x.chunks_exact_mut(tokens);
                for bias in bias {
                    let Some(x) = xs.next() else { return };
                    each(isa, x, |f, x| f.add(x, f.load(bias)));
                }
            }
            Map::Scale(scale) => each(isa, x, |f, x| f.mul(x, f.splat(scale))),
            Map::SoftCap(cap) => soft_cap(isa, x, cap),
            Map::Act(act) => each(isa, x, |f, x| activate(f, act, x)),
            Map::Gate(act, gate) => {
                for (x, gate) in x.iter_mut().zip(gate) {
                    for f in lanes(isa) {
                        f.store(f.mul(activate(f, act, f.load(x)), f.load(gate)), x);
                    }
                }
            }
            Map::Norm(norm) => norm.apply_in_place(isa, x, tokens),
            Map::PartNorm(norm, parts) => norm.apply_to_parts(isa, x, tokens, parts),
            Map::Lerp { y, share } => {
                for ((x, y), share) in x.iter_mut().zip(y).zip(share) {
                    for f in lanes(isa) {
                        let difference = f.sub(f.load(y), f.load(x));
                        f.store(f.add(f.load(x), f.mul(difference, f.load(share))), x);
                    }
                }
            }
        }
    }
}

/// `x = of(x)`
#[inline(always)]
fn each<I: Isa>(isa: I, x: &mut [Group], of: impl Fn(I::Floats, <I::Floats as Floats>::V) -> <I::Floats as Floats>::V) {
    for x in x {
        for f in lanes(isa) {
            f.store(of(f, f.load(x)), x);
        }
    }
}

/// `x = cap * tanh(x / cap)`
#[inline(always)]
fn soft_cap<I: Isa>(isa: I, x: &mut [Group], cap: f32) {
    let inverse = 1.0 / cap;
    each(isa, x, |f, x| f.mul(f.splat(cap), math::tanh(f, f.mul(x, f.splat(inverse)))));
}

/// The soft caps of attention's scores: a function of its own, so that its code and its registers are no part of each of
/// attention's loops.
#[inline(never)]
pub(super) fn cap_scores<I: Isa, const N: usize>(isa: I, mut scores: [Group; N], cap: f32) -> [Group; N] {
    isa.run(MapPanel { x: &mut scores, tokens: 1, map: Map::SoftCap(cap) });
    scores
}
