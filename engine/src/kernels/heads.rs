//! Attention heads in a panel: their size, and copies of one head.

use super::panel::Group;
use crate::simd::LANES;

/// The most elements a head may have: a few queries and their outputs live on the stack.
pub const MAX_HEAD_DIM: usize = 256;

/// Groups that such a head takes.
pub(super) const MAX_HEAD_GROUPS: usize = MAX_HEAD_DIM / LANES;

/// Copies `n` elements from element `start` on of token `t` of a panel to `out`, and zeros behind
/// them up to a whole group.
#[inline(always)]
pub(super) fn read_head(x: &[Group], tokens: usize, t: usize, start: usize, n: usize, out: &mut [f32]) {
    if start.is_multiple_of(LANES) && n.is_multiple_of(LANES) {
        let groups = x.iter().skip(start / LANES * tokens + t).step_by(tokens);
        for (out, x) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(groups).take(n / LANES) {
            *out = *x;
        }
        return;
    }
    for (i, out) in out.iter_mut().enumerate().take(n.next_multiple_of(LANES)) {
        let e = start + i;
        let value = x.get(e / LANES * tokens + t).map_or(0.0, |g| g[e % LANES]);
        *out = if i < n { value } else { 0.0 };
    }
}

/// Copies `n` elements to element `start` on of token `t` of a panel.
#[inline(always)]
pub(super) fn write_head(x: &mut [Group], tokens: usize, t: usize, start: usize, n: usize, from: &[f32]) {
    if start.is_multiple_of(LANES) && n.is_multiple_of(LANES) {
        let groups = x.iter_mut().skip(start / LANES * tokens + t).step_by(tokens);
        for (x, from) in groups.zip(from.as_chunks::<LANES>().0).take(n / LANES) {
            *x = *from;
        }
        return;
    }
    for (i, from) in from.iter().enumerate().take(n) {
        let e = start + i;
        if let Some(g) = x.get_mut(e / LANES * tokens + t) {
            g[e % LANES] = *from;
        }
    }
}
