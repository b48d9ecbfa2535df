//! Matrices of blocks.

use super::block::Block;
use crate::simd::LANES;

/// Rows of blocks: `w[rows, cols]`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, B> {
    /// All rows' blocks, row after row.
    pub blocks: &'a [B],
    /// Blocks in a row, at least 1.
    pub row_blocks: usize,
    /// True if groups of sixteen rows are interleaved, see [`Units`](super::Units).
    pub interleaved: bool,
}

impl<'a, B: Block> Matrix<'a, B> {
    /// Whole rows of `cols` elements from raw bytes; `None` unless they divide evenly.
    #[must_use]
    pub fn new(bytes: &'a [u8], cols: usize) -> Option<Self> {
        let blocks: &[B] = bytemuck::try_cast_slice(bytes).ok()?;
        let row_blocks = cols.checked_div(B::ELEMS).filter(|&n| n > 0 && n * B::ELEMS == cols)?;
        blocks.len().is_multiple_of(row_blocks).then_some(Matrix { blocks, row_blocks, interleaved: false })
    }

    /// Rows `first..first + n`, as far as they exist. If rows are interleaved, `first` is a multiple
    /// of sixteen, and so is `n` unless the rows end there; other cuts are empty.
    #[must_use]
    pub fn rows_from(self, first: usize, n: usize) -> Self {
        let whole = |n: usize| n.is_multiple_of(LANES);
        if self.interleaved && !(whole(first) && (whole(n) || first.saturating_add(n) >= self.rows())) {
            return Matrix { blocks: &[], ..self };
        }
        let (start, len) = (first.saturating_mul(self.row_blocks), n.saturating_mul(self.row_blocks));
        let rest = self.blocks.get(start..).unwrap_or_default();
        Matrix { blocks: rest.get(..len).unwrap_or(rest), ..self }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.blocks.len() / self.row_blocks.max(1)
    }

    /// True if there are at least `n` rows. Products ask it for each group of rows, so it does not divide.
    #[must_use]
    pub fn has_rows(&self, n: usize) -> bool {
        n.saturating_mul(self.row_blocks) <= self.blocks.len()
    }

    /// True if `row` is part of an interleaved group.
    #[must_use]
    pub fn interleaves(&self, row: usize) -> bool {
        self.interleaved && self.has_rows((row / LANES * LANES).saturating_add(LANES))
    }
}
