//! Attention heads in a panel: their size, and copies of one head.

use super::panel::{Group, copy_group};
use crate::simd::{Isa, LANES};

/// The most elements a head may have: a few queries and their outputs live on the stack.
pub const MAX_HEAD_DIM: usize = if cfg!(feature = "per-layer-inputs") { 512 } else { 256 };

/// Groups that such a head takes.
pub(super) const MAX_HEAD_GROUPS: usize = MAX_HEAD_DIM / LANES;

/// The place of some neighbouring elements of one token in a panel.
#[derive(Clone, Copy)]
pub(super) struct Elements {
    /// Tokens in the panel.
    pub(super) tokens: usize,
    /// The token.
    pub(super) token: usize,
    /// The first element.
    pub(super) start: usize,
    /// Their number.
    pub(super) n: usize,
}

impl Elements {
    /// True if they are whole groups.
    #[inline(always)]
    fn are_groups(&self) -> bool {
        self.start.is_multiple_of(LANES) && self.n.is_multiple_of(LANES)
    }

    /// The first group, if they are whole groups.
    #[inline(always)]
    fn first_group(&self) -> usize {
        self.start / LANES * self.tokens + self.token
    }

    /// Copies the elements to `out`, and zeros behind them up to a whole group.
    #[cfg_attr(feature = "small", inline(never))]
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub(super) fn read<I: Isa>(self, isa: I, x: &[Group], out: &mut [f32]) {
        if self.are_groups() {
            let groups = x.iter().skip(self.first_group()).step_by(self.tokens.max(1));
            for (out, x) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(groups).take(self.n / LANES) {
                copy_group(isa, x, out);
            }
            return;
        }
        for (i, out) in out.iter_mut().enumerate().take(self.n.next_multiple_of(LANES)) {
            let e = self.start + i;
            let value = x.get(e / LANES * self.tokens + self.token).map_or(0.0, |g| g[e % LANES]);
            *out = if i < self.n { value } else { 0.0 };
        }
    }

    /// Copies `from` to the elements.
    #[cfg_attr(feature = "small", inline(never))]
    #[cfg_attr(not(feature = "small"), inline(always))]
    pub(super) fn write<I: Isa>(self, isa: I, x: &mut [Group], from: &[f32]) {
        if self.are_groups() {
            let groups = x.iter_mut().skip(self.first_group()).step_by(self.tokens.max(1));
            for (x, from) in groups.zip(from.as_chunks::<LANES>().0).take(self.n / LANES) {
                copy_group(isa, from, x);
            }
            return;
        }
        for (i, from) in from.iter().enumerate().take(self.n) {
            let e = self.start + i;
            if let Some(g) = x.get_mut(e / LANES * self.tokens + self.token) {
                g[e % LANES] = *from;
            }
        }
    }
}
