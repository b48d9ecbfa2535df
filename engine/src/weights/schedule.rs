//! The order in which a pass streams weights.
//!
//! A pass needs rows of weights in an order that is known before it starts: the tokens' rows of each table, the
//! matrices in the order of the store's slots, the head. [`Schedule`] cuts that order into tiles. Rows are never cut, and
//! tiles may hold the end of one matrix and the start of the next.

use super::role::{PER_LAYER, Role};
use super::store::{Slot, WeightStore};
use crate::simd::LANES;
use core::num::NonZero;

/// The mask that rounds a number of rows down to whole groups of sixteen.
const GROUPS_ONLY: u32 = !(LANES as u32 - 1);

/// Rows of a matrix that travel together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The matrix's slot.
    pub(super) slot: usize,
    /// First row.
    pub(super) first_row: u32,
    /// Number of rows.
    pub(super) rows: u32,
    /// True for the first part of a tile.
    pub(super) starts_tile: bool,
    /// The offset of its bytes in the tile.
    pub(super) at: usize,
    /// Its bytes.
    pub(super) bytes: usize,
    /// Their offset in flash.
    pub(super) offset: u64,
}

/// A position in a schedule.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// In the table with this number, the row of the token with this index in the chunk.
    Row(usize, usize),
    /// Rows of the matrix in this slot from this row on, in turns with those of the next slot where the two travel together.
    Rows(usize, u32),
    /// The rows of the slot that travel with those just given: the slot, the first row, their number.
    Partner(usize, u32, u32),
    /// Rows of the head from this row on.
    Head(u32),
    Done,
}

/// The streamed rows of one pass, in order of use, cut into tiles.
#[derive(Clone)]
pub struct Schedule<'s> {
    pub(super) store: &'s WeightStore<'s, 's>,
    pub(super) ids: &'s [u32],
    with_head: bool,
    tile_bytes: usize,
    pub(super) align: NonZero<usize>,
    step: Step,
    /// Bytes of the open tile that are taken; `None` before the first part of it.
    used: Option<usize>,
    /// The end of the last part in flash.
    end: u64,
}

impl<'s> Schedule<'s> {
    /// The schedule of a pass over the tokens `ids`, with or without the head. Tiles have
    /// `tile_bytes`; reads begin and end at multiples of `align`.
    #[must_use]
    pub fn new(
        store: &'s WeightStore<'s, 's>,
        ids: &'s [u32],
        with_head: bool,
        tile_bytes: usize,
        align: usize,
    ) -> Self {
        let align = NonZero::new(align).unwrap_or(NonZero::<usize>::MIN);
        let step = if store.streams { Step::Row(0, 0) } else { Step::Done };
        Schedule { store, ids, with_head, tile_bytes, align, step, used: None, end: 0 }
    }

    /// Tile bytes that the largest step of a matrix with rows of `row_bytes` needs.
    #[must_use]
    pub fn tile_bytes_for(row_bytes: usize, align: usize) -> usize {
        row_bytes.saturating_mul(LANES).saturating_add(align.saturating_mul(4))
    }

    /// Tile bytes that a single row of `row_bytes` needs.
    #[must_use]
    pub fn tile_bytes_for_row(row_bytes: usize, align: usize) -> usize {
        row_bytes.saturating_add(align.saturating_mul(2))
    }

    /// Puts `rows` rows into the open tile or the next.
    fn place(&mut self, index: usize, first_row: u32, rows: u32, keep_tile: bool) -> Option<Part> {
        let slot = self.store.slots.get(index)?;
        let bytes = (slot.row_bytes as usize).checked_mul(rows as usize)?;
        let skipped = u64::from(slot.row_bytes).checked_mul(u64::from(first_row))?;
        let offset = slot.offset.checked_add(skipped)?;
        let align = self.align.get();
        // Rows that follow the last ones in flash follow them in the tile, in the same read.
        let place = |used: usize| {
            if used > 0 && offset == self.end {
                Some(used)
            } else {
                used.checked_next_multiple_of(align)?.checked_add(offset.checked_rem(align as u64)? as usize)
            }
        };
        let fits = |at: usize| {
            at.checked_add(bytes)?.checked_next_multiple_of(align).filter(|&end| end <= self.tile_bytes).map(|_| at)
        };
        let open = self.used.and_then(place).and_then(fits);
        let (at, starts_tile) = match open {
            Some(at) => (at, false),
            None if keep_tile && self.used.is_some() => return None,
            None => (fits(place(0)?)?, true),
        };
        self.used = Some(at.checked_add(bytes)?);
        self.end = offset.checked_add(bytes as u64)?;
        Some(Part { slot: index, first_row, rows, starts_tile, at, bytes, offset })
    }

    /// Rows of a matrix that the open tile still takes, or that an empty one takes: whole groups of
    /// sixteen, or all that are left.
    fn rows_that_fit(&self, row_bytes: usize, left: u32) -> u32 {
        let fit = |used: usize| {
            let room = self.tile_bytes.saturating_sub(used).saturating_sub(self.align.get().saturating_mul(4));
            let rows = room.checked_div(row_bytes).and_then(|n| u32::try_from(n).ok()).unwrap_or(u32::MAX);
            if rows >= left { left } else { rows & GROUPS_ONLY }
        };
        match self.used.map(fit) {
            Some(rows) if rows > 0 => rows,
            _ => fit(0),
        }
    }

    fn slot(&self, index: usize) -> Option<&'s Slot> {
        self.store.slots.get(index)
    }

    /// The next rows of one matrix, if it is streamed, and the row after them.
    fn next_of(&mut self, index: usize, from: u32) -> Option<(Part, u32)> {
        let slot = self.slot(index)?;
        let n = self.rows_that_fit(slot.streamed_row_bytes()?, slot.rows.checked_sub(from)?);
        if n == 0 {
            return None;
        }
        let part = self.place(index, from, n, false)?;
        Some((part, from.saturating_add(n)))
    }

    /// The next rows of two matrices that travel together, starting with those of the first if it is streamed.
    fn next_of_two(&mut self, first: usize, from: u32) -> Option<Part> {
        let second = first.checked_add(1)?;
        let [first_bytes, second_bytes] = [first, second].map(|index| self.slot(index)?.streamed_row_bytes());
        let row_bytes = first_bytes.unwrap_or(0).saturating_add(second_bytes.unwrap_or(0));
        let left = self.slot(first)?.rows.checked_sub(from).filter(|_| row_bytes > 0)?;
        let n = self.rows_that_fit(row_bytes, left);
        if n == 0 {
            return None;
        }
        // Both parts lie in one tile; each may have to be aligned anew.
        let both = (n as usize).checked_mul(row_bytes)?.checked_add(self.align.get().checked_mul(4)?)?;
        if self.used.is_some_and(|used| used.saturating_add(both) > self.tile_bytes) {
            self.used = None;
        }
        let lead = if first_bytes.is_some() { first } else { second };
        let part = self.place(lead, from, n, false)?;
        let both_streamed = first_bytes.is_some() && second_bytes.is_some();
        self.step =
            if both_streamed { Step::Partner(second, from, n) } else { Step::Rows(first, from.saturating_add(n)) };
        Some(part)
    }

    /// The slot of the table with this number: of the embedding, or of the layers' inputs.
    fn table(&self, table: usize) -> Option<usize> {
        let role = if PER_LAYER && table > 0 { Role::PerLayerTokenEmbd } else { Role::TokenEmbd };
        self.store.index_of(role)
    }

    /// The step after all rows of the table in the slot `index`: those of the next one, or matrices.
    fn after_table(&self, table: usize, index: usize) -> Step {
        let next = table.saturating_add(1);
        let is_there = PER_LAYER && next < Role::TABLES && self.table(next).is_some();
        if is_there { Step::Row(next, 0) } else { Step::Rows(index.saturating_add(1), 0) }
    }

    /// The next rows from the slot `index` on.
    fn next_rows(&mut self, index: usize, from: u32) -> Option<Part> {
        let passed = if self.store.travels_with_next(index) {
            if let Some(part) = self.next_of_two(index, from) {
                return Some(part);
            }
            2
        } else {
            if let Some((part, next)) = self.next_of(index, from) {
                self.step = Step::Rows(index, next);
                return Some(part);
            }
            1
        };
        let next = index.saturating_add(passed);
        self.step = if next < self.store.head_start() { Step::Rows(next, 0) } else { Step::Head(0) };
        None
    }

    /// The next rows of the head.
    fn next_of_head(&mut self, from: u32) -> Option<Part> {
        let head = self.store.index_of(self.store.head()).filter(|_| self.with_head);
        match head.and_then(|head| self.next_of(head, from)) {
            Some((part, next)) => {
                self.step = Step::Head(next);
                Some(part)
            }
            None => {
                self.step = Step::Done;
                None
            }
        }
    }
}

impl Iterator for Schedule<'_> {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        loop {
            let part = match self.step {
                Step::Row(table, i) => {
                    let index = self.table(table)?;
                    let streamed = self.slot(index)?.streamed_row_bytes().is_some();
                    match self.ids.get(i).filter(|_| streamed) {
                        Some(&id) => {
                            self.step = Step::Row(table, i.saturating_add(1));
                            return self.place(index, id, 1, false);
                        }
                        None => self.step = self.after_table(table, index),
                    }
                    None
                }
                Step::Rows(slot, from) => self.next_rows(slot, from),
                Step::Partner(slot, from, n) => {
                    self.step = Step::Rows(slot.saturating_sub(1), from.saturating_add(n));
                    return self.place(slot, from, n, true);
                }
                Step::Head(from) => self.next_of_head(from),
                Step::Done => return None,
            };
            if part.is_some() {
                return part;
            }
        }
    }
}
