//! Neighbouring rows of a weight matrix, walked block by block.

use bytemuck::Pod;
use core::marker::PhantomData;

/// One block of each of several neighbouring rows.
#[derive(Clone, Copy)]
pub struct Rows<'a, T> {
    first: *const T,
    /// Blocks from a row to the next.
    stride: usize,
    rows: usize,
    _blocks: PhantomData<&'a [T]>,
}

impl<'a, T: Pod> Rows<'a, T> {
    /// The address of row 0's block. Row `r`, below [`Rows::rows`], lies `r * stride_bytes` further.
    #[inline(always)]
    #[must_use]
    pub fn as_ptr(self) -> *const u8 {
        self.first.cast()
    }

    /// Bytes from a row's block to the next row's.
    #[inline(always)]
    #[must_use]
    pub fn stride_bytes(self) -> usize {
        self.stride * size_of::<T>()
    }

    /// Rows that may be read.
    #[inline(always)]
    #[must_use]
    pub fn rows(self) -> usize {
        self.rows
    }

    /// Whether `lanes` rows may be read for `bytes` bytes from byte `offset` of their blocks.
    #[inline(always)]
    #[must_use]
    pub fn has(self, lanes: usize, offset: usize, bytes: usize) -> bool {
        self.rows >= lanes && size_of::<T>().checked_sub(bytes).is_some_and(|last| offset <= last)
    }

    /// The block of row `r`; of the last row if there are fewer.
    #[inline(always)]
    #[must_use]
    pub fn row(self, r: usize) -> &'a T {
        let r = r.min(self.rows - 1);
        // SAFETY: `RowBlocks::new` made sure that `rows >= 1` rows of `stride` blocks lie in the
        // slice borrowed for 'a, and `r < rows`.
        unsafe { &*self.first.add(r * self.stride) }
    }
}

/// Walks neighbouring rows together, a block of each at a time.
#[derive(Clone, Copy)]
pub struct RowBlocks<'a, T> {
    at: Rows<'a, T>,
    left: usize,
}

impl<'a, T: Pod> RowBlocks<'a, T> {
    /// `lanes` rows from `first_row` of a matrix that has `row_blocks` blocks a row. A single row is
    /// repeated in every lane if fewer than `lanes` are left. `None` if the row does not exist.
    #[inline(always)]
    #[must_use]
    pub fn new(blocks: &'a [T], row_blocks: usize, first_row: usize, lanes: usize) -> Option<Self> {
        let start = first_row.checked_mul(row_blocks)?;
        let many = lanes.checked_mul(row_blocks)?;
        let rest = blocks.get(start..)?;
        let stride = if rest.len() >= many { row_blocks } else { 0 };
        if rest.len() < row_blocks || lanes == 0 {
            return None;
        }
        let at = Rows { first: rest.as_ptr(), stride, rows: lanes, _blocks: PhantomData };
        Some(RowBlocks { at, left: row_blocks })
    }
}

impl<'a, T: Pod> Iterator for RowBlocks<'a, T> {
    type Item = Rows<'a, T>;

    #[inline(always)]
    fn next(&mut self) -> Option<Rows<'a, T>> {
        self.left = self.left.checked_sub(1)?;
        let at = self.at;
        // SAFETY: at most `row_blocks` steps are taken, so this stays within the row or one past it.
        self.at.first = unsafe { at.first.add(1) };
        Some(at)
    }
}
