//! Panels: groups of sixteen neighbouring elements.

use crate::quant::{Format, Matrix};
use crate::simd::{Floats, Isa, LANES, lanes};

/// Sixteen neighbouring elements of one token.
pub type Group = [f32; LANES];

/// Groups that `n` elements take.
#[must_use]
pub(crate) const fn groups(n: usize) -> usize {
    n.div_ceil(LANES)
}

/// Elements of a group row of a panel, the groups of all tokens with the same elements; at least 1, as `chunks` needs.
pub(super) fn group_row(tokens: usize) -> usize {
    (LANES * tokens).max(1)
}

/// Copies a group through vector registers, where the set has them: the compiler may call `memcpy` for 64 unaligned bytes.
#[inline(always)]
pub(super) fn copy_group<I: Isa>(isa: I, from: &Group, to: &mut Group) {
    if const { <I::Floats as Floats>::LANES == 1 } {
        *to = *from;
        return;
    }
    for f in lanes(isa) {
        f.store(f.load(from), to);
    }
}

/// A tile of a product: sixteen rows of a matrix from `row` on, times some tokens from `t` on.
pub(super) struct Tile<'a, B: Format> {
    /// The matrix.
    pub(super) m: &'a Matrix<'a, B>,
    /// The first row.
    pub(super) row: usize,
    /// The activations of all tokens, `[row_blocks][tokens]`.
    pub(super) x: &'a [B::Act],
    /// Tokens of the activations.
    pub(super) tokens: usize,
    /// The first token.
    pub(super) t: usize,
}

impl<B: Format> Clone for Tile<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Format> Copy for Tile<'_, B> {}

/// Evaluates `$body` for tokens `t..t + N` with `N` the first of `$steps` that is `$used` and fits, over and over.
macro_rules! for_tokens {
    ($tokens:expr, [$($steps:expr => $used:expr),+], $t:ident, $n:ident => $body:expr) => {{
        let mut $t = 0;
        // A constant condition, so that what a set does not use is not compiled.
        $(if const { $used } {
            while $tokens - $t >= $steps {
                const $n: usize = $steps;
                $body;
                $t += $n;
            }
        })+
    }};
}
pub(super) use for_tokens;
