//! Neighbouring rows of a weight matrix, walked block by block.

use crate::simd::floats::LANES;
use bytemuck::Pod;
use core::marker::PhantomData;
use core::sync::atomic::{Ordering, compiler_fence};

/// One block of each of several neighbouring rows.
///
/// The blocks lie as in a file, each row's on its own, or **interleaved** with those of the other
/// rows of a group of sixteen: unit by unit, where a unit is a word of four bytes, or the scale that
/// does not fill one. What a format reads at `offset` of a block then lies at `16 * offset`, the
/// sixteen rows' side by side, and one load brings it for all lanes.
#[derive(Clone, Copy)]
pub struct Rows<'a, T> {
    first: *const T,
    /// Blocks from a row to the next, if not interleaved.
    stride: usize,
    rows: usize,
    /// The row of an interleaved group that the first lane takes.
    lane: Option<usize>,
    /// See [`Rows::ahead`].
    ahead: Option<usize>,
    _blocks: PhantomData<&'a [T]>,
}

impl<'a, T: Pod> Rows<'a, T> {
    /// True if a block is smaller than a line of cache: computing with it gives the first level of cache time to take a prefetched line.
    pub const SMALL: bool = size_of::<T>() < 64;

    /// The place of the unit at byte `offset` of the first lane's block, if the rows are interleaved in
    /// units of `unit` bytes there: those of the other lanes follow it, and `16 * unit` bytes further
    /// the next unit's begin. They may be read as far as [`Rows::has`] says.
    #[inline(always)]
    #[must_use]
    pub fn interleaved(self, offset: usize, unit: usize) -> Option<*const u8> {
        let lane = self.lane?;
        // Keeps loads in ascending order, which hardware prefetchers follow; compilers tend to reverse the loads of a block.
        compiler_fence(Ordering::SeqCst);
        Some(self.first.cast::<u8>().wrapping_add(LANES * offset + unit * lane))
    }

    /// The same number of rows of the same interleaved group, from its row `lane` on.
    #[inline(always)]
    #[must_use]
    pub fn from_lane(self, lane: usize) -> Self {
        let ahead = if lane == 0 { self.ahead } else { None };
        Rows { lane: self.lane.map(|_| lane.min(LANES - self.rows)), ahead, ..self }
    }

    /// The prefetch distance, in bytes from an interleaved unit that is read; `None` for no prefetching.
    #[inline(always)]
    #[must_use]
    pub fn ahead(self) -> Option<usize> {
        self.ahead
    }

    /// True if the rows are interleaved: then what is asked for must be whole units.
    #[inline(always)]
    #[must_use]
    pub fn are_interleaved(self) -> bool {
        self.lane.is_some()
    }

    /// The address of row 0's block. Row `r`, below [`Rows::rows`], lies `r * stride_bytes` further,
    /// unless they are interleaved.
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

    /// True if `lanes` rows may be read for `bytes` bytes from byte `offset` of their blocks.
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
        // slice borrowed for 'a, and `r < rows`. The assertion tells the optimiser what it loses when a row passes
        // through memory; without it `bytemuck::bytes_of` keeps a panic that no row can reach.
        unsafe {
            let block = self.first.add(r * self.stride);
            core::hint::assert_unchecked(!block.is_null());
            &*block
        }
    }
}

/// Walks neighbouring rows together, a block of each at a time.
#[derive(Clone, Copy)]
pub struct RowBlocks<'a, T> {
    at: Rows<'a, T>,
    /// Blocks from a column to the next.
    step: usize,
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
        let at = Rows { first: rest.as_ptr(), stride, rows: lanes, lane: None, ahead: None, _blocks: PhantomData };
        Some(RowBlocks { at, step: 1, left: row_blocks })
    }

    /// The first `lanes` rows of the interleaved group of sixteen that begins with `first_row`; see
    /// [`Rows::from_lane`] for the others. `None` if the group does not exist.
    #[inline(always)]
    #[must_use]
    pub fn interleaved(blocks: &'a [T], row_blocks: usize, first_row: usize, lanes: usize) -> Option<Self> {
        let start = first_row.checked_mul(row_blocks)?;
        let group = blocks.get(start..)?.get(..row_blocks.checked_mul(LANES)?)?;
        if lanes == 0 || lanes > LANES {
            return None;
        }
        let at =
            Rows { first: group.as_ptr(), stride: 0, rows: lanes, lane: Some(0), ahead: None, _blocks: PhantomData };
        Some(RowBlocks { at, step: LANES, left: row_blocks })
    }

    /// The same rows, with a prefetch `ahead` bytes past each unit that the first lanes read, if rows are interleaved and the set
    /// can prefetch.
    #[inline(always)]
    #[must_use]
    pub fn fetching(mut self, ahead: usize) -> Self {
        self.at.ahead = Some(ahead);
        self
    }
}

impl<'a, T: Pod> Iterator for RowBlocks<'a, T> {
    type Item = Rows<'a, T>;

    #[inline(always)]
    fn next(&mut self) -> Option<Rows<'a, T>> {
        self.left = self.left.checked_sub(1)?;
        let at = self.at;
        // SAFETY: at most `row_blocks` steps are taken, of one block or of sixteen in a group that is
        // that long, so this stays within the row or group or one past it.
        self.at.first = unsafe { at.first.add(self.step) };
        Some(at)
    }
}

/// Walks rows together with `N` tokens' activations, a block of each at a time.
pub struct Columns<'a, T, X, const N: usize> {
    rows: RowBlocks<'a, T>,
    /// The activations that the next blocks are multiplied with.
    x: *const X,
    /// Blocks of activations from a column to the next: those of all tokens.
    step: usize,
    _x: PhantomData<&'a [X]>,
}

impl<'a, T: Pod, X: Pod, const N: usize> Columns<'a, T, X, N> {
    /// `rows` with tokens `first..first + N` of the activations `x[columns][tokens]`. `None` if these are fewer than the rows'
    /// blocks.
    #[inline(always)]
    #[must_use]
    pub fn new(rows: RowBlocks<'a, T>, x: &'a [X], tokens: usize, first: usize) -> Option<Self> {
        let needed = rows.left.saturating_sub(1).checked_mul(tokens)?.checked_add(N)?;
        let x = x.get(first..)?.get(..needed)?;
        Some(Columns { rows, x: x.as_ptr(), step: tokens, _x: PhantomData })
    }
}

impl<'a, T: Pod, X: Pod, const N: usize> Iterator for Columns<'a, T, X, N> {
    type Item = (Rows<'a, T>, &'a [X; N]);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.rows.next()?;
        // SAFETY: `new` made sure that the slice borrowed for 'a holds `N` blocks from the start of each column on.
        let x = unsafe { &*self.x.cast::<[X; N]>() };
        self.x = self.x.wrapping_add(self.step);
        Some((rows, x))
    }
}
