//! The state of recurrent layers, with copies of it to go back to.
//!
//! A copy is the state of all layers after some number of tokens. Copies lie in a ring; `keep` is the most tokens that can be
//! taken back:
//!
//! ```text
//!   slot   0      1      2      3      4        a ring of keep + 2 copies, here keep = 3
//!        +------+------+------+------+------+
//!        |  P   | e-3  | e-2  | e-1  |  e   |   after a pass over the tokens P..e
//!        +------+------+------+------+------+
//! ```
//!
//! The copy that a pass begins with stays as it is until the next pass, so tokens of a failed pass can be fed again.

use crate::arena::{Arena, Region};
use crate::kernels::Group;
use crate::simd::LANES;
use core::ops::Range;

/// A step of a recurrent layer over some tokens: its state, its panels, and how many tokens.
type Step<'s, const N: usize> = dyn FnMut(&mut [Group], [&mut [Group]; N], usize) + 's;

/// The state of all recurrent layers after each of the last few tokens.
pub struct RecurrentState<'a> {
    /// Groups of a copy.
    copy_groups: usize,
    /// The most tokens that can be taken back.
    keep: usize,
    copies: &'a mut [Group],
    /// The fewest tokens after which there is a copy, and the slot of that copy.
    first: usize,
    first_slot: usize,
    /// The pass that is under way.
    pass: Pass,
}

/// The pass under way, as far as the recurrent state is concerned.
#[derive(Clone, Copy, Default)]
struct Pass {
    /// The slot of the copy that the pass begins with.
    slot: usize,
    tokens: usize,
    /// Tokens until the first copy is kept; from there on every token leaves a copy.
    until_kept: usize,
    /// The place in a copy where the next block's state begins.
    place: usize,
}

/// Tokens that run together, none of which but the last leaves a copy.
#[derive(Clone)]
struct Run {
    tokens: Range<usize>,
    /// The slots of the copies before and after it.
    slots: [usize; 2],
}

impl<'a> RecurrentState<'a> {
    /// Carves as many copies, of `copy_groups` groups, as taking back `keep` tokens, at least one, needs. The arena records if it is
    /// too small.
    pub(crate) fn take(copy_groups: usize, keep: usize, arena: &mut Arena<'a>) -> Self {
        let mut state = RecurrentState {
            copy_groups,
            keep: keep.max(1),
            copies: Default::default(),
            first: 0,
            first_slot: 0,
            pass: Pass::default(),
        };
        state.copies = arena.take(Region::State, state.copy_groups.saturating_mul(state.slots()));
        state
    }

    /// Copies in the ring.
    fn slots(&self) -> usize {
        self.keep.saturating_add(2)
    }

    /// True if the model has recurrent layers.
    fn exists(&self) -> bool {
        self.copy_groups > 0
    }

    /// The slot `n` places behind `slot`.
    fn behind(&self, slot: usize, n: usize) -> usize {
        slot.saturating_add(n).checked_rem(self.slots()).unwrap_or(0)
    }

    /// The slot of the copy after `position` tokens.
    fn slot(&self, position: usize) -> usize {
        self.behind(self.first_slot, position.saturating_sub(self.first))
    }

    fn copy(&self, slot: usize, part: Range<usize>) -> Range<usize> {
        let start = slot.saturating_mul(self.copy_groups);
        start.saturating_add(part.start)..start.saturating_add(part.end)
    }

    /// The fewest tokens after which there is a copy.
    #[must_use]
    pub fn least_position(&self) -> usize {
        self.first
    }

    /// Forgets all copies; the next pass begins with the state before the first token.
    pub fn reset(&mut self) {
        (self.first, self.first_slot) = (0, 0);
    }

    /// Prepares a pass over `tokens` tokens that follow the first `position`.
    pub fn begin(&mut self, position: usize, tokens: usize) {
        if !self.exists() {
            return;
        }
        if position == 0 {
            self.reset();
            let zeroed = self.copy(0, 0..self.copy_groups);
            self.copies.get_mut(zeroed).unwrap_or_default().fill([0.0; LANES]);
        }
        let slot = self.slot(position);
        let until_kept = tokens.saturating_sub(self.keep).max(1);
        self.pass = Pass { slot, tokens, until_kept, place: 0 };
        // The pass overwrites earlier copies: all of them, or those in the slots that it needs.
        let end = position.saturating_add(tokens);
        let left = if until_kept > 1 { position } else { end.saturating_add(1).saturating_sub(self.slots()) };
        if left > self.first {
            (self.first_slot, self.first) = (self.slot(left), left);
        }
    }

    /// Makes the copies of a pass that succeeded those to go back to.
    pub fn commit(&mut self, position: usize) {
        if self.exists() && self.pass.until_kept > 1 {
            self.first = position.saturating_add(self.pass.until_kept);
            self.first_slot = self.behind(self.pass.slot, 1);
        }
    }

    /// The runs of the pass that is under way.
    fn runs(&self) -> impl Iterator<Item = Run> + use<> {
        let (Pass { slot, tokens, until_kept, .. }, slots) = (self.pass, self.slots());
        let at = move |i: usize| slot.saturating_add(i).checked_rem(slots).unwrap_or(0);
        let others = (until_kept..tokens).map(|t| t..t.saturating_add(1));
        core::iter::once(0..until_kept.min(tokens)).chain(others).enumerate().map(move |(i, tokens)| {
            let slots = [at(i), at(i.saturating_add(1))];
            Run { tokens, slots }
        })
    }

    /// The next `groups` groups of the layers' state before the pass, without going on.
    #[cfg(feature = "rwkv")]
    pub(super) fn before(&self, groups: usize) -> &[Group] {
        let Pass { slot, place, .. } = self.pass;
        self.copies.get(self.copy(slot, place..place.saturating_add(groups))).unwrap_or_default()
    }

    /// Calls `step(state, panels, tokens)` for all tokens of the pass, as many at a time as can be between two copies.
    /// `state` is the next `groups` groups of the layers' state. The first of the panels is changed by the step, and the others
    /// are read; the step gets their columns of its tokens. `scratch` has as many groups as all panels.
    pub(super) fn each_run<const N: usize>(
        &mut self,
        groups: usize,
        mut panels: [&mut [Group]; N],
        scratch: &mut [Group],
        step: &mut Step<'_, N>,
    ) {
        let all = self.pass.tokens;
        let place = self.pass.place..self.pass.place.saturating_add(groups);
        self.pass.place = place.end;
        for Run { tokens, slots } in self.runs() {
            let [before, after] = slots.map(|slot| self.copy(slot, place.clone()));
            for (from, to) in before.zip(after.clone()) {
                if let Some(&group) = self.copies.get(from)
                    && let Some(to) = self.copies.get_mut(to)
                {
                    *to = group;
                }
            }
            let state = self.copies.get_mut(after).unwrap_or_default();
            if tokens.len() == all {
                step(state, panels.each_mut().map(|panel| &mut **panel), all);
                continue;
            }
            let mut rest = &mut *scratch;
            let mut columns = panels.each_ref().map(|panel| {
                let n = panel.len().checked_div(all).unwrap_or(0).saturating_mul(tokens.len());
                let (columns, others) = core::mem::take(&mut rest).split_at_mut_checked(n).unwrap_or_default();
                rest = others;
                copy_columns(panel, all, tokens.clone(), columns);
                columns
            });
            step(state, columns.each_mut().map(|columns| &mut **columns), tokens.len());
            if let ([columns, ..], [panel, ..]) = (&columns[..], &mut panels[..]) {
                put_columns(columns, panel, all, tokens);
            }
        }
    }
}

/// The copies that a snapshot keeps: after all tokens but the last, and after all.
#[cfg(feature = "snapshots")]
impl RecurrentState<'_> {
    /// Bytes that are kept.
    #[must_use]
    pub fn kept_bytes(&self) -> u64 {
        (self.copy_groups as u64).saturating_mul(2 * size_of::<Group>() as u64)
    }

    /// Gives `f` what is kept of the state after `position` tokens, in two pieces.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn each_kept<E>(&self, position: usize, mut f: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        for position in [position.saturating_sub(1), position] {
            let copy = self.copies.get(self.copy(self.slot(position), 0..self.copy_groups)).unwrap_or_default();
            f(bytemuck::cast_slice(copy.as_flattened()))?;
        }
        Ok(())
    }

    /// [`each_kept`](Self::each_kept), to be filled in place of all copies; [`restored`](Self::restored) makes them valid.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn each_kept_mut<E>(&mut self, mut f: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<(), E> {
        for slot in 0..2 {
            let copy = self.copy(slot, 0..self.copy_groups);
            f(bytemuck::cast_slice_mut(self.copies.get_mut(copy).unwrap_or_default().as_flattened_mut()))?;
        }
        Ok(())
    }

    /// Makes what was kept of the state after `position` tokens the copies to go back to.
    pub fn restored(&mut self, position: usize) {
        if self.exists() {
            (self.first, self.first_slot) = (position.saturating_sub(1), 0);
        }
    }
}

/// Copies columns of a panel of `all` tokens to a panel of their own.
fn copy_columns(panel: &[Group], all: usize, columns: Range<usize>, to: &mut [Group]) {
    let rows = panel.chunks_exact(all.max(1));
    for (to, row) in to.chunks_exact_mut(columns.len().max(1)).zip(rows) {
        to.iter_mut().zip(row.get(columns.clone()).unwrap_or_default()).for_each(|(to, from)| *to = *from);
    }
}

/// Copies a panel to columns of a panel of `all` tokens.
fn put_columns(from: &[Group], panel: &mut [Group], all: usize, columns: Range<usize>) {
    let rows = panel.chunks_exact_mut(all.max(1));
    for (from, row) in from.chunks_exact(columns.len().max(1)).zip(rows) {
        row.get_mut(columns.clone()).unwrap_or_default().iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
}
