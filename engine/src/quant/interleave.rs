//! The layout that vector loads like best: sixteen rows' blocks, interleaved word by word.
//!
//! A column of a group of sixteen rows is one block of each. In it the blocks' units (words of four
//! bytes, and the one or two bytes of a lone scale) follow each other in the order of
//! [`Block::PARTS`], each sixteen times: row 0's, row 1's, ... A group's columns follow each other,
//! and so do the groups, so a matrix has as many bytes as before and is read from front to back,
//! which is what memory is fast at. Rows that do not fill a group stay as they are.

use super::block::Block;
use crate::simd::LANES;

/// True if an instruction set of the target interleaves rows. Those of 32-bit Arm do not.
pub(crate) const INTERLEAVES: bool = !cfg!(target_arch = "arm");

/// The units that a block of a format comes apart into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// Bytes of a block.
    pub block_bytes: usize,
    /// [`Block::PARTS`].
    parts: &'static [(usize, usize)],
}

impl Units {
    /// The units of format `B`.
    #[must_use]
    pub const fn of<B: Block>() -> Units {
        const {
            let (mut total, mut i) = (0, 0);
            while i < B::PARTS.len() {
                let (_, bytes) = B::PARTS[i];
                assert!(bytes % 4 == 0 || bytes < 4, "a part is whole words, or one unit");
                total += bytes;
                i += 1;
            }
            assert!(total == size_of::<B>(), "the parts make up a block");
        }
        Units { block_bytes: size_of::<B>(), parts: B::PARTS }
    }

    /// Every part's range in a block, with its place in an interleaved column over sixteen and the
    /// bytes of its units.
    fn parts(self) -> impl Iterator<Item = (core::ops::Range<usize>, usize, usize)> {
        self.parts.iter().scan(0, |place, &(start, bytes)| {
            let at = *place;
            *place += bytes;
            Some((start..start + bytes, at, bytes.clamp(1, 4)))
        })
    }

    /// Copies whole blocks, which follow each other in a file from block `first` of a group of rows
    /// on, to their places in that group: `to[16 * row_blocks * block_bytes]`. What does not belong
    /// there is left out.
    pub fn interleave(self, to: &mut [u8], row_blocks: usize, first: usize, blocks: &[u8]) {
        let column_bytes = LANES * self.block_bytes;
        let (Some(mut lane), Some(mut column)) = (first.checked_div(row_blocks), first.checked_rem(row_blocks)) else {
            return;
        };
        for block in blocks.chunks_exact(self.block_bytes.max(1)) {
            let place = to.get_mut(column * column_bytes..).and_then(|c| c.get_mut(..column_bytes));
            let (Some(place), true) = (place, lane < LANES) else { return };
            for (range, at, unit) in self.parts() {
                let from = block.get(range).unwrap_or_default();
                let to = place.get_mut(LANES * at + unit * lane..).unwrap_or_default();
                if unit == 4 {
                    for (to, from) in to.chunks_mut(4 * LANES).zip(from.as_chunks::<4>().0) {
                        to.first_chunk_mut::<4>().into_iter().for_each(|to| *to = *from);
                    }
                } else {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                }
            }
            column += 1;
            if column == row_blocks {
                (lane, column) = (lane + 1, 0);
            }
        }
    }
}

/// Block `column` of row `lane` of an interleaved group; zeros if there is no such block.
pub(super) fn block_of<B: Block>(group: &[B], lane: usize, column: usize) -> B {
    let mut block = B::zeroed();
    let column = group.get(column * LANES..).and_then(|c| c.get(..LANES)).unwrap_or_default();
    let column: &[u8] = bytemuck::try_cast_slice(column).unwrap_or_default();
    let to = bytemuck::bytes_of_mut(&mut block);
    for (range, at, unit) in Units::of::<B>().parts() {
        let from = column.get(LANES * at + unit * lane..).unwrap_or_default();
        let to = to.get_mut(range).unwrap_or_default();
        if unit == 4 {
            for (to, from) in to.as_chunks_mut::<4>().0.iter_mut().zip(from.chunks(4 * LANES)) {
                from.first_chunk::<4>().into_iter().for_each(|from| *to = *from);
            }
        } else {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
    }
    block
}
