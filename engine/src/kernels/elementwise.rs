//! Norms, gates, rotary positions and residual sums.

use super::heads::{MAX_HEAD_DIM, MAX_HEAD_GROUPS, read_head, write_head};
use super::panel::Group;
use crate::simd::{Floats, Isa, LANES, Op, lanes, math};

/// A root-mean-square norm: `y = x / sqrt(mean(x^2) + eps) * weight`.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// `weight[width]`, padded with zeros to whole groups.
    pub weight: &'a [Group],
    /// Elements of a vector.
    pub width: usize,
    /// Added to the mean square.
    pub eps: f32,
}

/// Tokens that are normalised together.
const AT_ONCE: usize = 16;

impl Norm<'_> {
    /// The factor of one vector, given as groups; the sum of squares runs in sixteen lanes.
    #[inline(always)]
    fn factor<'x, I: Isa>(&self, isa: I, x: impl Iterator<Item = &'x Group> + Clone) -> f32 {
        let mut sums = [0.0; LANES];
        for f in lanes(isa) {
            let mut sum = f.splat(0.0);
            for x in x.clone() {
                let x = f.load(x);
                sum = f.add(sum, f.mul(x, x));
            }
            f.store(sum, &mut sums);
        }
        math::rsqrt(isa.sum(&sums) / self.width as f32 + self.eps)
    }

    /// Normalises every token of panel `x` into `out`.
    #[inline(always)]
    pub(super) fn apply<I: Isa>(&self, isa: I, x: &[Group], tokens: usize, out: &mut [Group]) {
        for first in (0..tokens).step_by(AT_ONCE) {
            let mut factors = [0.0; AT_ONCE];
            for (t, factor) in (first..tokens).zip(&mut factors) {
                *factor = self.factor(isa, x.iter().skip(t).step_by(tokens));
            }
            // The tokens' values side by side: one token's lie so far apart that they compete for the same few lines of
            // a cache.
            let (mut outs, mut xs) = (out.chunks_exact_mut(tokens), x.chunks_exact(tokens));
            for w in self.weight {
                // Not a zip: that divides by `tokens`, in code that does not see that it is not 0.
                let (Some(out), Some(x)) = (outs.next(), xs.next()) else { break };
                let pairs = out.iter_mut().zip(x).skip(first);
                for ((out, x), &factor) in pairs.zip(&factors) {
                    for f in lanes(isa) {
                        f.store(f.mul(f.mul(f.load(x), f.splat(factor)), f.load(w)), out);
                    }
                }
            }
        }
    }

    /// Normalises one vector in place.
    #[inline(always)]
    fn apply_in_place<I: Isa>(&self, isa: I, x: &mut [Group]) {
        let factor = self.factor(isa, x.iter());
        for (x, w) in x.iter_mut().zip(self.weight) {
            for f in lanes(isa) {
                f.store(f.mul(f.mul(f.load(x), f.splat(factor)), f.load(w)), x);
            }
        }
    }
}

/// `x += norm(y)`; `y` is scratch afterwards.
pub(super) struct Add<'a> {
    pub(super) x: &'a mut [Group],
    pub(super) y: &'a mut [Group],
    pub(super) tokens: usize,
    pub(super) norm: Option<Norm<'a>>,
}

impl Op for Add<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let tokens = self.tokens.max(1);
        let Some(norm) = self.norm else {
            for (x, y) in self.x.iter_mut().zip(self.y) {
                for f in lanes(isa) {
                    f.store(f.add(f.load(x), f.load(y)), x);
                }
            }
            return;
        };
        for t in 0..tokens {
            let factor = norm.factor(isa, self.y.iter().skip(t).step_by(tokens));
            let pairs = self.x.iter_mut().skip(t).step_by(tokens).zip(self.y.iter().skip(t).step_by(tokens));
            for ((x, y), w) in pairs.zip(norm.weight) {
                for f in lanes(isa) {
                    let y = f.mul(f.mul(f.load(y), f.splat(factor)), f.load(w));
                    f.store(f.add(f.load(x), y), x);
                }
            }
        }
    }
}

/// The activation function of a gated feed-forward network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Gate {
    /// `x * sigmoid(x)` (SwiGLU).
    Silu,
    /// The tanh approximation of GELU (GeGLU).
    Gelu,
}

/// Which elements of a head rotate together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RopeStyle {
    /// Neighbours `(2i, 2i + 1)`: GGUF's `llama`.
    Interleaved,
    /// `(i, i + n_rot / 2)`: GPT-NeoX and Gemma.
    Halves,
}

/// What [`Kernels::rotate`](super::Kernels::rotate) does to each head.
#[derive(Clone, Copy, Debug)]
pub struct HeadRotation<'a> {
    /// Heads in the panel.
    pub heads: usize,
    /// Elements of a head, at most [`MAX_HEAD_DIM`].
    pub head_dim: usize,
    /// A norm of each head before it is rotated.
    pub norm: Option<Norm<'a>>,
    /// Which elements rotate together.
    pub style: RopeStyle,
    /// `[tokens][n_rot / 2]` of cosine and sine.
    pub angles: &'a [[f32; 2]],
    /// Pairs that rotate: half of the rotary dimensions.
    pub pairs: usize,
}

pub(super) struct Rotate<'a> {
    pub(super) x: &'a mut [Group],
    pub(super) tokens: usize,
    pub(super) rotation: &'a HeadRotation<'a>,
}

impl Op for Rotate<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let r = self.rotation;
        let (dim, tokens) = (r.head_dim.min(MAX_HEAD_DIM), self.tokens.max(1));
        let mut head = [[0.0; LANES]; MAX_HEAD_GROUPS];
        for (t, angles) in r.angles.chunks_exact(r.pairs.max(1)).take(tokens).enumerate() {
            for h in 0..r.heads {
                read_head(self.x, tokens, t, h * dim, dim, head.as_flattened_mut());
                if let Some(norm) = r.norm {
                    norm.apply_in_place(isa, head.get_mut(..dim.div_ceil(LANES)).unwrap_or_default());
                }
                rotate_head(r.style, head.as_flattened_mut(), angles);
                write_head(self.x, tokens, t, h * dim, dim, head.as_flattened());
            }
        }
    }
}

#[inline(always)]
fn rotate_head(style: RopeStyle, head: &mut [f32], angles: &[[f32; 2]]) {
    #[inline(always)]
    fn turn(a: &mut f32, b: &mut f32, [cos, sin]: [f32; 2]) {
        (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
    }
    match style {
        RopeStyle::Interleaved => {
            for ([a, b], angle) in head.as_chunks_mut::<2>().0.iter_mut().zip(angles) {
                turn(a, b, *angle);
            }
        }
        RopeStyle::Halves => {
            let Some((first, second)) = head.split_at_mut_checked(angles.len()) else { return };
            for ((a, b), angle) in first.iter_mut().zip(second).zip(angles) {
                turn(a, b, *angle);
            }
        }
    }
}
