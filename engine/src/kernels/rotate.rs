//! Rotary positions, and norms of heads.

use super::heads::{Elements, MAX_HEAD_DIM, MAX_HEAD_GROUPS};
use super::norm::Norm;
use super::panel::{Group, groups};
use crate::simd::{Isa, LANES, Op};

/// Which elements of a head rotate together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RopeStyle {
    /// Neighbours `(2i, 2i + 1)`: GGUF's `llama`.
    Interleaved,
    /// `(i, i + n_rot / 2)`: GPT-NeoX and Gemma.
    Halves,
}

/// Normalisation and rotation of each head of a panel: see [`Kernels::rotate`](super::Kernels::rotate).
#[derive(Clone, Copy, Debug)]
pub struct HeadRotation<'a> {
    /// Heads in the panel.
    pub heads: usize,
    /// Elements of a head, at most [`MAX_HEAD_DIM`].
    pub head_dim: usize,
    /// A norm of each head before it is rotated. Needs the feature `attention-variants`.
    pub norm: Option<Norm<'a>>,
    /// The norm has a row of weights for each head, `[heads][head_dim]` with rows of whole groups; if not, one row for all
    /// heads. Needs the feature `attention-variants`.
    pub norm_rows: bool,
    /// Which elements rotate together.
    pub style: RopeStyle,
    /// `[tokens][n_rot / 2]` of cosine and sine; empty for no rotation.
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
        let still = if cfg!(feature = "attention-variants") && r.angles.is_empty() { tokens } else { 0 };
        let angles = r.angles.chunks_exact(r.pairs.max(1)).chain(core::iter::repeat_n(&[][..], still));
        for (t, angles) in angles.take(tokens).enumerate() {
            for h in 0..r.heads {
                Elements { tokens, token: t, start: h * dim, n: dim }.read(isa, self.x, head.as_flattened_mut());
                if cfg!(feature = "attention-variants")
                    && let Some(norm) = &r.norm
                {
                    let of_head;
                    let norm = if cfg!(feature = "attention-variants") && r.norm_rows {
                        of_head = row(norm, h, dim);
                        &of_head
                    } else {
                        norm
                    };
                    norm.apply_to_one(isa, head.get_mut(..dim.div_ceil(LANES)).unwrap_or_default());
                }
                rotate_head(r.style, head.as_flattened_mut(), angles);
                Elements { tokens, token: t, start: h * dim, n: dim }.write(isa, self.x, head.as_flattened());
            }
        }
    }
}

/// The norm of head `head`, if each has a row of weights.
#[inline(always)]
fn row<'a>(norm: &Norm<'a>, head: usize, head_dim: usize) -> Norm<'a> {
    let row = |all: &'a [Group]| all.chunks_exact(groups(head_dim).max(1)).nth(head).unwrap_or_default();
    Norm { weight: row(norm.weight), bias: row(norm.bias), ..*norm }
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
