//! Loads of the words of sixteen rows.

use core::arch::x86_64::*;

/// Sixteen bytes of each of sixteen rows, as four vectors of one word of every row.
///
/// # Safety
/// The processor has AVX-512 F; sixteen bytes may be read at `base + r * step` for `r` below 16.
#[inline(always)]
pub(super) unsafe fn transposed(base: *const u8, step: usize) -> [__m512i; 4] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut four = [_mm512_setzero_si512(); 4];
        for (r, four) in four.iter_mut().enumerate() {
            // Rows r, r + 4, r + 8, r + 12: a quarter of a register each.
            let at = base.add(r * step);
            let row = |i: usize| _mm_loadu_si128(at.add(4 * i * step).cast());
            let low = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(row(0)), row(1));
            let high = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(row(2)), row(3));
            *four = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
        }
        let [a, b, c, d] = four;
        let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        [
            _mm512_unpacklo_epi64(ab_low, cd_low),
            _mm512_unpackhi_epi64(ab_low, cd_low),
            _mm512_unpacklo_epi64(ab_high, cd_high),
            _mm512_unpackhi_epi64(ab_high, cd_high),
        ]
    }
}

/// Four bytes of each of sixteen rows.
///
/// # Safety
/// The processor has AVX-512 F; four bytes may be read at `base + r * step` for `r` below 16.
#[inline(always)]
pub(super) unsafe fn gather_words(base: *const u8, step: usize) -> __m512i {
    // SAFETY: the caller's promise.
    unsafe {
        let word = |r: usize| base.add(r * step).cast::<i32>().read_unaligned();
        let four = |r: usize| _mm_setr_epi32(word(r), word(r + 1), word(r + 2), word(r + 3));
        let low = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(four(0)), four(4));
        let high = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(four(8)), four(12));
        _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
    }
}

/// An `f16` of each of sixteen rows.
///
/// # Safety
/// The processor has AVX-512 F; two bytes may be read at `base + r * step` for `r` below 16.
#[inline(always)]
pub(super) unsafe fn gather_halves(base: *const u8, step: usize) -> __m512 {
    // SAFETY: the caller's promise.
    unsafe {
        let half = |r: usize| base.add(r * step).cast::<i16>().read_unaligned();
        let eight = |r: usize| {
            _mm_setr_epi16(
                half(r),
                half(r + 1),
                half(r + 2),
                half(r + 3),
                half(r + 4),
                half(r + 5),
                half(r + 6),
                half(r + 7),
            )
        };
        _mm512_cvtph_ps(_mm256_inserti128_si256::<1>(_mm256_castsi128_si256(eight(0)), eight(8)))
    }
}

/// Sixteen `f16` as `f32`, converted on their way from memory: converted in a register they take a second instruction's
/// place, and the intrinsic never does otherwise.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn widened(v: &[[u8; 2]; 16]) -> __m512 {
    let wide;
    // SAFETY: reads the 32 bytes of `v`.
    unsafe {
        core::arch::asm!("vcvtph2ps {}, ymmword ptr [{}]", out(zmm_reg) wide, in(reg) v.as_ptr(),
            options(pure, readonly, nostack, preserves_flags));
    }
    wide
}
