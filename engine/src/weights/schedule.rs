//! The order in which a pass streams weights.
//!
//! A pass needs rows of weights in an order that is known before it starts: embedding rows, the
//! matrices of each layer, the head. [`Schedule`] cuts that order into tiles. Rows are never cut, and
//! tiles may hold the end of one matrix and the start of the next.

use super::role::{LayerMatrix, Role};
use super::store::WeightStore;
use crate::simd::LANES;
use core::num::NonZero;

/// Clears what of a row count is no whole group of sixteen.
const GROUPS_ONLY: u32 = !(LANES as u32 - 1);

/// Rows of a matrix that travel together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The matrix.
    pub role: Role,
    /// First row.
    pub first_row: u32,
    /// Number of rows.
    pub rows: u32,
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
    /// Embedding row of the token with this index in the chunk.
    Embedding(usize),
    /// Rows of one matrix of a layer from this row on.
    Layer(u32, LayerMatrix, u32),
    /// Rows of the gate from this row on.
    Gate(u32, u32),
    /// The rows of the up projection that belong to the gate's rows just given.
    Up(u32, u32, u32),
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
        let (align, step) = (NonZero::new(align).unwrap_or(NonZero::<usize>::MIN), Step::Embedding(0));
        Schedule { store, ids, with_head, tile_bytes, align, step, used: None, end: 0 }
    }

    /// Tile bytes that the largest step of a matrix with rows of `row_bytes` needs.
    #[must_use]
    pub fn tile_bytes_for(row_bytes: usize, align: usize) -> usize {
        row_bytes.saturating_mul(LANES).saturating_add(align.saturating_mul(4))
    }

    /// Puts `rows` rows into the open tile or the next.
    fn place(&mut self, role: Role, first_row: u32, rows: u32, keep_tile: bool) -> Option<Part> {
        let slot = self.store.slot(role)?;
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
        Some(Part { role, first_row, rows, starts_tile, at, bytes, offset })
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

    fn next_of(&mut self, role: Role, from: u32) -> Option<(Part, u32)> {
        let row_bytes = self.store.streamed_row_bytes(role)?;
        let [_, rows] = self.store.shapes.of(role)?;
        let n = self.rows_that_fit(row_bytes, rows.checked_sub(from)?);
        if n == 0 {
            return None;
        }
        let part = self.place(role, from, n, false)?;
        Some((part, from.saturating_add(n)))
    }

    /// The rows of gate and up that travel together, starting with those of the gate if streamed.
    fn next_gated(&mut self, layer: u32, from: u32) -> Option<Part> {
        let [gate, up] = [LayerMatrix::Gate, LayerMatrix::Up].map(|m| Role::Matrix(layer, m));
        let [gate_bytes, up_bytes] = [gate, up].map(|role| self.store.streamed_row_bytes(role));
        let row_bytes = gate_bytes.unwrap_or(0).saturating_add(up_bytes.unwrap_or(0));
        let [_, rows] = self.store.shapes.of(gate)?;
        let left = rows.checked_sub(from).filter(|_| row_bytes > 0)?;
        let n = self.rows_that_fit(row_bytes, left);
        if n == 0 {
            return None;
        }
        let next = from.saturating_add(n);
        // Both parts lie in one tile; each may have to be aligned anew.
        let both = (n as usize).checked_mul(row_bytes)?.checked_add(self.align.get().checked_mul(4)?)?;
        if self.used.is_some_and(|used| used.saturating_add(both) > self.tile_bytes) {
            self.used = None;
        }
        if gate_bytes.is_some() {
            let part = self.place(gate, from, n, false)?;
            self.step = if up_bytes.is_some() { Step::Up(layer, from, n) } else { Step::Gate(layer, next) };
            Some(part)
        } else {
            let part = self.place(up, from, n, false)?;
            self.step = Step::Gate(layer, next);
            Some(part)
        }
    }
}

impl Iterator for Schedule<'_> {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        loop {
            match self.step {
                Step::Embedding(i) => {
                    let streamed = self.store.streamed_row_bytes(Role::TokenEmbd).is_some();
                    match self.ids.get(i).filter(|_| streamed) {
                        Some(&id) => {
                            self.step = Step::Embedding(i.saturating_add(1));
                            return self.place(Role::TokenEmbd, id, 1, false);
                        }
                        None => self.step = Step::Layer(0, LayerMatrix::Q, 0),
                    }
                }
                Step::Layer(layer, ..) if layer >= self.store.shapes.n_layer => self.step = Step::Head(0),
                Step::Layer(layer, m, from) => {
                    if let Some((part, next)) = self.next_of(Role::Matrix(layer, m), from) {
                        self.step = Step::Layer(layer, m, next);
                        return Some(part);
                    }
                    self.step = match m {
                        LayerMatrix::Q => Step::Layer(layer, LayerMatrix::K, 0),
                        LayerMatrix::K => Step::Layer(layer, LayerMatrix::V, 0),
                        LayerMatrix::V => Step::Layer(layer, LayerMatrix::AttnOut, 0),
                        LayerMatrix::AttnOut => Step::Gate(layer, 0),
                        _ => Step::Layer(layer.saturating_add(1), LayerMatrix::Q, 0),
                    };
                }
                Step::Gate(layer, from) => match self.next_gated(layer, from) {
                    Some(part) => return Some(part),
                    None => self.step = Step::Layer(layer, LayerMatrix::Down, 0),
                },
                Step::Up(layer, from, n) => {
                    self.step = Step::Gate(layer, from.saturating_add(n));
                    return self.place(Role::Matrix(layer, LayerMatrix::Up), from, n, true);
                }
                Step::Head(from) => {
                    if !self.with_head {
                        self.step = Step::Done;
                    } else if let Some((part, next)) = self.next_of(self.store.head(), from) {
                        self.step = Step::Head(next);
                        return Some(part);
                    } else {
                        self.step = Step::Done;
                    }
                }
                Step::Done => return None,
            }
        }
    }
}
