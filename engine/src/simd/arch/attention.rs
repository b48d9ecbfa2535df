//! Attention loops: a set's own loops over cached keys and values, where the compiler lacks the registers.

use crate::simd::floats::LANES;
use core::marker::PhantomData;

/// Rows of sixteen numbers, and a factor for each: `sums[l] += factors[i] * rows[i][l]`, row after row.
///
/// Assembly reads the fields by their offsets on 32-bit processors.
#[repr(C)]
#[derive(Debug)]
pub(in crate::simd::arch) struct RowSum<'a> {
    /// Byte 0: the first row, at an address that is a multiple of 4.
    pub rows: *const u8,
    /// Byte 4: bytes from a row to the next, a multiple of 4.
    pub row_step: usize,
    /// Byte 8: the first row's factor.
    pub factors: *const f32,
    /// Byte 12: bytes from a factor to the next.
    pub factor_step: usize,
    /// Byte 16: rows, at least 1.
    pub count: usize,
    /// Byte 20: the sixteen sums.
    pub sums: *mut f32,
    /// The memory that is pointed to.
    pub borrowed: PhantomData<&'a mut f32>,
}

/// Sixteen keys and a query, both in 8-bit blocks of 32:
/// `scores[l] += (scales[b][l] * acts[b].d) * (words[b][..][l] . acts[b].q)`, block after block.
///
/// Assembly reads the fields by their offsets on 32-bit processors.
#[repr(C)]
#[derive(Debug)]
pub(in crate::simd::arch) struct KeyDots<'a> {
    /// Byte 0: quants, `[blocks][8][16]` words of four, at an address that is a multiple of 4.
    pub words: *const u8,
    /// Byte 4: half scales, `[blocks][16]`, at an address that is a multiple of 4.
    pub scales: *const u8,
    /// Byte 8: the query's blocks: 32 quants, an `f32` scale, and a word that is not read.
    pub acts: *const u32,
    /// Byte 12: blocks, at least 1.
    pub blocks: usize,
    /// Byte 16: the sixteen scores.
    pub scores: *mut f32,
    /// The memory that is pointed to.
    pub borrowed: PhantomData<&'a mut f32>,
}

/// A set's loops.
#[derive(Clone, Copy, Debug)]
pub struct AttentionLoops {
    /// Adds rows of halves; each product is exact.
    ///
    /// # Safety
    /// The pointers are as the fields of [`RowSum`] ask, for rows of sixteen halves.
    pub(in crate::simd::arch) add_halves: unsafe extern "C" fn(&RowSum<'_>),
    /// Adds rows of signed bytes; each product is exact.
    ///
    /// # Safety
    /// The pointers are as the fields of [`RowSum`] ask, for rows of sixteen bytes.
    pub(in crate::simd::arch) add_bytes: unsafe extern "C" fn(&RowSum<'_>),
    /// Adds the dots of 8-bit keys.
    ///
    /// # Safety
    /// The pointers are as the fields of [`KeyDots`] ask.
    pub(in crate::simd::arch) dots: unsafe extern "C" fn(&KeyDots<'_>),
}

/// Rows of a block of the cache, of which every `step`-th is taken. `T` is a row's sixteen numbers as words.
#[derive(Clone, Copy, Debug)]
pub struct CachedRows<'a, T> {
    /// All rows from the first that is taken on.
    pub rows: &'a [T],
    /// Rows from one that is taken to the next, at least 1.
    pub step: usize,
}

/// A row of halves, as words.
pub type HalfRow = [u32; LANES / 2];
/// A row of bytes, as words.
pub type ByteRow = [u32; LANES / 4];

impl<T> CachedRows<'_, T> {
    /// The sum for every `factor_step`-th of the factors; `None` where there are no factors, or fewer rows.
    fn sum<'a>(&'a self, factors: &'a [f32], factor_step: usize, sums: &'a mut [f32; LANES]) -> Option<RowSum<'a>> {
        let count = factors.len().div_ceil(factor_step.max(1));
        let last = count.checked_sub(1)?.checked_mul(self.step)?;
        (last < self.rows.len()).then(|| RowSum {
            rows: self.rows.as_ptr().cast(),
            row_step: self.step * size_of::<T>(),
            factors: factors.as_ptr(),
            factor_step: factor_step * size_of::<f32>(),
            count,
            sums: sums.as_mut_ptr(),
            borrowed: PhantomData,
        })
    }
}

impl AttentionLoops {
    /// `sums[l] += factors[factor_step * i] * rows[step * i][l]` for all factors, in order. Each product is exact in `f32`,
    /// and every factor is 0 or at least 2^-60. Shapes that disagree change nothing.
    #[inline(always)]
    pub fn add_halves(
        &self,
        rows: CachedRows<'_, HalfRow>,
        factors: &[f32],
        factor_step: usize,
        sums: &mut [f32; LANES],
    ) {
        if let Some(sum) = rows.sum(factors, factor_step, sums) {
            // SAFETY: the last row and the last factor are in their slices; words make rows aligned.
            unsafe { (self.add_halves)(&sum) };
        }
    }

    /// [`AttentionLoops::add_halves`] of bytes.
    #[inline(always)]
    pub fn add_bytes(&self, rows: CachedRows<'_, ByteRow>, factors: &[f32], sums: &mut [f32; LANES]) {
        if let Some(sum) = rows.sum(factors, 1, sums) {
            // SAFETY: as above.
            unsafe { (self.add_bytes)(&sum) };
        }
    }

    /// Scores of sixteen keys: exact integer dots of 32 elements, scaled and added block by block, for as many blocks as all
    /// of `words`, `scales` and `acts` have. The query's scales are halves.
    #[inline(always)]
    #[must_use]
    pub fn dots(&self, words: &[[[u32; LANES]; 8]], scales: &[HalfRow], acts: &[[u32; 10]]) -> [f32; LANES] {
        let mut scores = [0.0; LANES];
        let blocks = words.len().min(scales.len()).min(acts.len());
        if blocks > 0 {
            let dots = KeyDots {
                words: words.as_ptr().cast(),
                scales: scales.as_ptr().cast(),
                acts: acts.as_ptr().cast(),
                blocks,
                scores: scores.as_mut_ptr(),
                borrowed: PhantomData,
            };
            // SAFETY: all slices have `blocks` blocks; words make them aligned.
            unsafe { (self.dots)(&dots) };
        }
        scores
    }
}
