//! Norms, and sums with a normalised vector.

use super::panel::{Group, groups};
use crate::simd::{Floats, Isa, LANES, Op, lanes, math};
use core::ops::Range;

/// The kind of a norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum NormKind {
    /// Root mean square: `y = x / sqrt(mean(x^2) + eps) * weight + bias`.
    Rms,
    /// LayerNorm: `y = (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias`. Needs the feature `attention-variants`.
    Layer,
}

/// A norm of vectors.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// The kind.
    pub kind: NormKind,
    /// `weight[width]`, padded with zeros to whole groups; empty for ones, which needs the feature `attention-variants`.
    pub weight: &'a [Group],
    /// `bias[width]`, padded likewise; empty for none. Not added without the feature `attention-variants`.
    pub bias: &'a [Group],
    /// Elements of a vector.
    pub width: usize,
    /// Added to the mean square or the variance.
    pub eps: f32,
}

/// Tokens that are normalised together.
const AT_ONCE: usize = 16;

/// The first `n` lanes are ones, those behind them zeros.
#[inline(always)]
fn ones(n: usize) -> &'static Group {
    const ALL: Group = [1.0; LANES];
    static STEP: [f32; 2 * LANES] = {
        let mut step = [0.0; 2 * LANES];
        let mut i = 0;
        while i < LANES {
            step[i] = 1.0;
            i += 1;
        }
        step
    };
    STEP.get(LANES.saturating_sub(n)..).and_then(<[f32]>::first_chunk).unwrap_or(&ALL)
}

/// `yes` in the lanes `inside`, `no` in the others.
#[inline(always)]
fn within<F: Floats>(f: F, inside: Range<usize>, yes: F::V, no: F::V) -> F::V {
    let inside = f.sub(f.load(ones(inside.end)), f.load(ones(inside.start)));
    f.select_lt(f.splat(0.0), inside, yes, no)
}

/// The code of norms of one form.
trait Form {
    /// A vector's statistics, such as its mean and the reciprocal of its deviation, from which its elements are normalised.
    type Moments: Copy + Default;
    /// The weights of every group.
    fn weights<'n>(norm: &'n Norm<'_>) -> impl Iterator<Item = &'n Group>;
    /// The moments of one vector, given as groups; sums run in sixteen lanes.
    fn moments<'x, I: Isa>(isa: I, norm: &Norm<'_>, x: impl Iterator<Item = &'x Group> + Clone) -> Self::Moments;
    /// Group `g` of a vector, `x`, normalised with its weights.
    fn normalised<F: Floats>(
        f: F,
        norm: &Norm<'_>,
        moments: Self::Moments,
        g: usize,
        x: &Group,
        weight: &Group,
    ) -> F::V;
}

/// RMS norms with weights and without bias.
struct Plain;

impl Form for Plain {
    /// The factor.
    type Moments = f32;

    #[inline(always)]
    fn weights<'n>(norm: &'n Norm<'_>) -> impl Iterator<Item = &'n Group> {
        norm.weight.iter()
    }

    #[inline(always)]
    fn moments<'x, I: Isa>(isa: I, norm: &Norm<'_>, x: impl Iterator<Item = &'x Group> + Clone) -> f32 {
        let mut sums = [0.0; LANES];
        for f in lanes(isa) {
            let mut sum = f.splat(0.0);
            for x in x.clone() {
                let x = f.load(x);
                sum = f.add(sum, f.mul(x, x));
            }
            f.store(sum, &mut sums);
        }
        math::rsqrt(isa.sum(&sums) / norm.width as f32 + norm.eps)
    }

    #[inline(always)]
    fn normalised<F: Floats>(f: F, _: &Norm<'_>, factor: f32, _: usize, x: &Group, weight: &Group) -> F::V {
        f.mul(f.mul(f.load(x), f.splat(factor)), f.load(weight))
    }
}

/// All other norms.
struct Full;

impl Form for Full {
    /// The mean, or 0, and the factor.
    type Moments = [f32; 2];

    #[inline(always)]
    fn weights<'n>(norm: &'n Norm<'_>) -> impl Iterator<Item = &'n Group> {
        let without = if norm.weight.is_empty() { groups(norm.width) } else { 0 };
        norm.weight.iter().chain((0..without).map(|g| ones(norm.elements(g))))
    }

    #[inline(always)]
    fn moments<'x, I: Isa>(isa: I, norm: &Norm<'_>, x: impl Iterator<Item = &'x Group> + Clone) -> [f32; 2] {
        norm.moments_within(isa, x, |g| 0..norm.elements(g))
    }

    #[inline(always)]
    fn normalised<F: Floats>(
        f: F,
        norm: &Norm<'_>,
        [mean, factor]: [f32; 2],
        g: usize,
        x: &Group,
        weight: &Group,
    ) -> F::V {
        let y = f.mul(f.mul(f.sub(f.load(x), f.splat(mean)), f.splat(factor)), f.load(weight));
        norm.bias.get(g).map_or(y, |bias| f.add(y, f.load(bias)))
    }
}

impl Norm<'_> {
    /// True for norms of the form [`Plain`]; without the feature `attention-variants` there are no others.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        let plain = self.kind == NormKind::Rms && self.bias.is_empty() && !self.weight.is_empty();
        plain || !cfg!(feature = "attention-variants")
    }

    /// Lanes of group `g` that are elements of the vector.
    #[inline(always)]
    fn elements(&self, g: usize) -> usize {
        self.width.saturating_sub(g * LANES).min(LANES)
    }

    /// The mean, or 0 if it is not subtracted, and the factor of the elements that lie in the lanes `inside(g)` of each
    /// group `g`.
    #[inline(always)]
    fn moments_within<'x, I: Isa>(
        &self,
        isa: I,
        x: impl Iterator<Item = &'x Group> + Clone,
        inside: impl Fn(usize) -> Range<usize>,
    ) -> [f32; 2] {
        let width = self.width as f32;
        let mut sums = [0.0; LANES];
        let mut mean = 0.0;
        if self.kind == NormKind::Layer {
            for f in lanes(isa) {
                let values = x.clone().enumerate().map(|(g, x)| within(f, inside(g), f.load(x), f.splat(0.0)));
                f.store(values.fold(f.splat(0.0), |sum, x| f.add(sum, x)), &mut sums);
            }
            mean = isa.sum(&sums) / width;
        }
        for f in lanes(isa) {
            let values = x.clone().enumerate().map(|(g, x)| {
                let x = f.sub(f.load(x), f.splat(mean));
                within(f, inside(g), f.mul(x, x), f.splat(0.0))
            });
            f.store(values.fold(f.splat(0.0), |sum, x| f.add(sum, x)), &mut sums);
        }
        [mean, math::rsqrt(isa.sum(&sums) / width + self.eps)]
    }

    /// Normalises every token of panel `x` into `out`.
    #[inline(always)]
    pub(super) fn apply<I: Isa>(&self, isa: I, x: &[Group], tokens: usize, out: &mut [Group]) {
        if self.is_plain() {
            self.apply_as::<I, Plain>(isa, x, tokens, out);
        } else {
            self.apply_as::<I, Full>(isa, x, tokens, out);
        }
    }

    #[inline(always)]
    fn apply_as<I: Isa, N: Form>(&self, isa: I, x: &[Group], tokens: usize, out: &mut [Group]) {
        for first in (0..tokens).step_by(AT_ONCE) {
            let mut all = [N::Moments::default(); AT_ONCE];
            for (t, moments) in (first..tokens).zip(&mut all) {
                *moments = N::moments(isa, self, x.iter().skip(t).step_by(tokens));
            }
            // The tokens' values side by side: one token's lie so far apart that they compete for the same few lines of
            // a cache.
            let (mut outs, mut xs) = (out.chunks_exact_mut(tokens), x.chunks_exact(tokens));
            for (g, w) in N::weights(self).enumerate() {
                // Not a zip: that divides by `tokens`, in code that does not see that it is not 0.
                let (Some(out), Some(x)) = (outs.next(), xs.next()) else { break };
                let pairs = out.iter_mut().zip(x).skip(first);
                for ((out, x), &moments) in pairs.zip(&all) {
                    for f in lanes(isa) {
                        f.store(N::normalised(f, self, moments, g, x, w), out);
                    }
                }
            }
        }
    }

    /// Normalises every token of a panel in place.
    #[inline(always)]
    pub(super) fn apply_in_place<I: Isa>(&self, isa: I, x: &mut [Group], tokens: usize) {
        for t in 0..tokens {
            let moments = Full::moments(isa, self, x.iter().skip(t).step_by(tokens));
            let values = x.iter_mut().skip(t).step_by(tokens);
            for (g, (x, w)) in values.zip(Full::weights(self)).enumerate() {
                for f in lanes(isa) {
                    f.store(Full::normalised(f, self, moments, g, x, w), x);
                }
            }
        }
    }

    /// Normalises each of `parts` neighbouring parts of every token's vector in place. A part has [`Norm::width`] elements;
    /// weights and bias are those of the whole vector.
    #[inline(always)]
    pub(super) fn apply_to_parts<I: Isa>(&self, isa: I, x: &mut [Group], tokens: usize, parts: usize) {
        for part in 0..parts {
            let (start, end) = (part * self.width, (part + 1) * self.width);
            let inside = |g: usize| {
                let lane = |e: usize| e.saturating_sub(g * LANES).min(LANES);
                lane(start)..lane(end)
            };
            let of_part = start / LANES..groups(end);
            for t in 0..tokens {
                let first = of_part.start * tokens + t;
                let values = x.iter().skip(first).step_by(tokens).take(of_part.len());
                let moments = self.moments_within(isa, values, |g| inside(of_part.start + g));
                let values = x.iter_mut().skip(first).step_by(tokens);
                for (g, x) in of_part.clone().zip(values) {
                    let w = if self.weight.is_empty() { Some(ones(LANES)) } else { self.weight.get(g) };
                    let Some(w) = w else { return };
                    for f in lanes(isa) {
                        let y = Full::normalised(f, self, moments, g, x, w);
                        f.store(within(f, inside(g), y, f.load(x)), x);
                    }
                }
            }
        }
    }

    /// Normalises one vector in place.
    #[inline(always)]
    pub(super) fn apply_to_one<I: Isa>(&self, isa: I, x: &mut [Group]) {
        if self.is_plain() {
            self.apply_to_one_as::<I, Plain>(isa, x);
        } else {
            self.apply_to_one_as::<I, Full>(isa, x);
        }
    }

    #[inline(always)]
    fn apply_to_one_as<I: Isa, N: Form>(&self, isa: I, x: &mut [Group]) {
        let moments = N::moments(isa, self, x.iter());
        for (g, (x, w)) in x.iter_mut().zip(N::weights(self)).enumerate() {
            for f in lanes(isa) {
                f.store(N::normalised(f, self, moments, g, x, w), x);
            }
        }
    }
}

/// `x += norm(y)` with a norm of the form [`Plain`].
pub(super) struct Add<'a> {
    pub(super) x: &'a mut [Group],
    pub(super) y: &'a [Group],
    pub(super) tokens: usize,
    pub(super) norm: Option<Norm<'a>>,
}

impl Op for Add<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let tokens = self.tokens.max(1);
        let Some(norm) = self.norm.filter(|_| cfg!(feature = "attention-variants")) else {
            for (x, y) in self.x.iter_mut().zip(self.y) {
                for f in lanes(isa) {
                    f.store(f.add(f.load(x), f.load(y)), x);
                }
            }
            return;
        };
        for t in 0..tokens {
            let factor = Plain::moments(isa, &norm, self.y.iter().skip(t).step_by(tokens));
            let pairs = self.x.iter_mut().skip(t).step_by(tokens).zip(self.y.iter().skip(t).step_by(tokens));
            for ((x, y), w) in pairs.zip(norm.weight) {
                for f in lanes(isa) {
                    f.store(f.add(f.load(x), Plain::normalised(f, &norm, factor, 0, y, w)), x);
                }
            }
        }
    }
}

/// `x += scale * norm(y)` with any norm: apart from [`Add`], whose loops are shorter.
pub(super) struct AddScaled<'a> {
    pub(super) sum: Add<'a>,
    pub(super) scale: f32,
}

impl Op for AddScaled<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let AddScaled { sum: Add { x, y, tokens, norm }, scale } = self;
        let tokens = tokens.max(1);
        let Some(norm) = norm else {
            for (x, y) in x.iter_mut().zip(y) {
                for f in lanes(isa) {
                    f.store(f.add(f.load(x), f.mul(f.load(y), f.splat(scale))), x);
                }
            }
            return;
        };
        for t in 0..tokens {
            let moments = Full::moments(isa, &norm, y.iter().skip(t).step_by(tokens));
            let pairs = x.iter_mut().skip(t).step_by(tokens).zip(y.iter().skip(t).step_by(tokens));
            for (g, ((x, y), w)) in pairs.zip(Full::weights(&norm)).enumerate() {
                for f in lanes(isa) {
                    let y = f.mul(Full::normalised(f, &norm, moments, g, y, w), f.splat(scale));
                    f.store(f.add(f.load(x), y), x);
                }
            }
        }
    }
}
