//! Panels: groups of sixteen neighbouring elements.

use crate::simd::LANES;

/// Sixteen neighbouring elements of one token.
pub type Group = [f32; LANES];

/// Groups that `n` elements take.
#[must_use]
pub(crate) const fn groups(n: usize) -> usize {
    n.div_ceil(LANES)
}
