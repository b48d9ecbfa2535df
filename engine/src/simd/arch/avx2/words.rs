//! Loads of row words, and products with them.

use crate::simd::isa::Quad;
use core::arch::x86_64::*;

/// The number of `vpmaddubsw` results that fit in an `i16` when weights are at most `max`: at least one.
pub(super) const fn pairs_in_i16(max: u8) -> usize {
    let most = 32767 / (2 * max as usize * 127);
    assert!(most >= 1, "unsigned weights above 129 would saturate");
    most
}

/// The `i16` sums of `w * x` over all words; few enough that they do not overflow.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
pub(super) unsafe fn dot_run(w: &[__m256i], x: &[Quad]) -> __m256i {
    let mut sum: Option<__m256i> = None;
    for (&w, &x) in w.iter().zip(x) {
        // SAFETY: the caller's promise.
        unsafe {
            let x = _mm256_set1_epi32(i32::from_le_bytes(x.map(|b| b as u8)));
            let pairs = _mm256_maddubs_epi16(w, x);
            sum = Some(match sum {
                None => pairs,
                Some(sum) => _mm256_add_epi16(sum, pairs),
            });
        }
    }
    // SAFETY: the caller's promise.
    sum.unwrap_or(unsafe { _mm256_setzero_si256() })
}

/// Four vectors of rows (r, r + 4), four words each, into four vectors of one word of rows 0 to 7.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
pub(super) unsafe fn transpose(a: __m256i, b: __m256i, c: __m256i, d: __m256i) -> [__m256i; 4] {
    // SAFETY: the caller's promise.
    unsafe {
        let (ab_low, ab_high) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
        let (cd_low, cd_high) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
        [
            _mm256_unpacklo_epi64(ab_low, cd_low),
            _mm256_unpackhi_epi64(ab_low, cd_low),
            _mm256_unpacklo_epi64(ab_high, cd_high),
            _mm256_unpackhi_epi64(ab_high, cd_high),
        ]
    }
}

/// Returns `a`, computed before later code loads anything. Without such a barrier compilers load all operands of a long block first,
/// and spill registers.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn settle(a: __m256i) -> __m256i {
    let mut a = a;
    // SAFETY: no instruction; it only ties the order of what is around it.
    unsafe { core::arch::asm!("/* {0} */", inout(ymm_reg) a, options(nostack, preserves_flags)) };
    a
}

/// Returns the slices with a length that the compiler does not know, so that a loop over them stays a loop.
#[inline(always)]
pub(super) fn rolled<'a, A, X, const T: usize>(acc: &'a mut [A; T], x: &'a [X; T]) -> (&'a mut [A], &'a [X]) {
    let mut n = T;
    // SAFETY: no instruction; it only hides a number.
    unsafe { core::arch::asm!("/* {0} */", inout(reg) n, options(nostack, preserves_flags, pure, nomem)) };
    let n = n.min(T);
    (acc.get_mut(..n).unwrap_or_default(), x.get(..n).unwrap_or_default())
}
