//! Panels: groups of sixteen neighbouring elements.

use crate::simd::LANES;

/// Sixteen neighbouring elements of one token.
pub type Group = [f32; LANES];

/// Groups that `n` elements take.
#[must_use]
pub(crate) const fn groups(n: usize) -> usize {
    n.div_ceil(LANES)
}

/// Elements of a group row of a panel, the groups of all tokens with the same elements; not 0, which no piece of a slice may be.
pub(super) fn group_row(tokens: usize) -> usize {
    (LANES * tokens).max(1)
}
