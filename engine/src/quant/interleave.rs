//! The layout that vector loads like best: sixteen rows' blocks, interleaved word by word.
//!
//! A column of a group of sixteen rows is one block of each. In it the blocks' units (words of four
//! bytes, and the one or two bytes that do not fill a word) follow each other as in a block, each
//! sixteen times: row 0's, row 1's, ... A group's columns follow each other, and so do the groups, so
//! a matrix has as many bytes as before and is read from front to back. Rows that do not fill a group
//! stay as they are.

use super::{Block, Matrix};
use crate::simd::LANES;

/// What a block of a format comes apart into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// Bytes of a block.
    pub block_bytes: usize,
    /// Whether the odd bytes come first, not last.
    pub odd_first: bool,
}

impl Units {
    /// The units of format `B`.
    #[must_use]
    pub const fn of<B: Block>() -> Units {
        Units { block_bytes: size_of::<B>(), odd_first: B::ODD_FIRST }
    }

    /// Byte ranges of a block: its words, and its odd bytes.
    #[inline]
    fn split(self) -> (core::ops::Range<usize>, core::ops::Range<usize>) {
        let (odd, all) = (self.block_bytes % 4, self.block_bytes);
        if self.odd_first { (odd..all, 0..odd) } else { (0..all - odd, all - odd..all) }
    }

    /// Copies whole blocks, which follow each other in a file from block `first` of a group of rows
    /// on, to their places in that group: `to[16 * row_blocks * block_bytes]`. What does not belong
    /// there is left out.
    pub fn interleave(self, to: &mut [u8], row_blocks: usize, first: usize, blocks: &[u8]) {
        let (words, odd) = self.split();
        let column_bytes = LANES * self.block_bytes;
        for (i, block) in blocks.chunks_exact(self.block_bytes.max(1)).enumerate() {
            let (Some(lane), Some(column)) = ((first + i).checked_div(row_blocks), (first + i).checked_rem(row_blocks))
            else {
                return;
            };
            let column = to.get_mut(column * column_bytes..).and_then(|c| c.get_mut(..column_bytes));
            let (Some(column), true) = (column, lane < LANES) else { return };
            let ours = |unit: usize, range: &core::ops::Range<usize>| LANES * range.start + unit * lane;
            let from = block.get(words.clone()).unwrap_or_default().as_chunks::<4>().0;
            let lanes = column.get_mut(ours(4, &words)..).unwrap_or_default();
            for (to, from) in lanes.chunks_mut(4 * LANES).zip(from) {
                if let Some(to) = to.first_chunk_mut::<4>() {
                    *to = *from;
                }
            }
            let from = block.get(odd.clone()).unwrap_or_default();
            let lanes = column.get_mut(ours(odd.len(), &odd)..).unwrap_or_default();
            for (to, from) in lanes.iter_mut().zip(from) {
                *to = *from;
            }
        }
    }
}

/// Block `column` of row `lane` of an interleaved group; zeros if there is no such block.
pub(super) fn block_of<B: Block>(group: &[B], lane: usize, column: usize) -> B {
    let mut block = B::zeroed();
    let (words, odd) = Units::of::<B>().split();
    let column = group.get(column * LANES..).and_then(|c| c.get(..LANES)).unwrap_or_default();
    let column: &[u8] = bytemuck::try_cast_slice(column).unwrap_or_default();
    let to = bytemuck::bytes_of_mut(&mut block);
    let from = column.get(LANES * words.start + 4 * lane..).unwrap_or_default();
    let words = to.get_mut(words).unwrap_or_default();
    for (to, from) in words.as_chunks_mut::<4>().0.iter_mut().zip(from.chunks(4 * LANES)) {
        if let Some(from) = from.first_chunk::<4>() {
            *to = *from;
        }
    }
    let from = column.get(LANES * odd.start + odd.len() * lane..).unwrap_or_default();
    for (to, from) in to.get_mut(odd).unwrap_or_default().iter_mut().zip(from) {
        *to = *from;
    }
    block
}

impl<B: Block> Matrix<'_, B> {
    /// Whether `row` is one of an interleaved group.
    #[must_use]
    pub fn interleaves(&self, row: usize) -> bool {
        self.interleaved && row < self.rows() / LANES * LANES
    }
}
