//! Dot products of the words of sixteen rows with several tokens.

use crate::simd::isa::{Quad, Quads};
use core::arch::x86_64::*;

/// Four bytes of activations in every lane.
#[inline(always)]
pub(super) fn quad(x: &Quad) -> i32 {
    i32::from_le_bytes(x.map(|b| b as u8))
}

/// Returns `a`, computed before later code loads anything. Without such a barrier compilers load all operands of a long block first,
/// and spill registers.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn settle(a: __m512i) -> __m512i {
    let mut a = a;
    // SAFETY: no instruction; it only ties the order of what is around it.
    unsafe { core::arch::asm!("/* {0} */", inout(zmm_reg) a, options(nostack, preserves_flags)) };
    a
}

/// [`settle`] of floats.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn settle_floats(a: __m512) -> __m512 {
    _mm512_castsi512_ps(settle(_mm512_castps_si512(a)))
}

/// [`_mm512_dpwssd_epi32`], which compilers make two instructions of where one waits for another.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) fn dpwssd(acc: __m512i, a: __m512i, b: __m512i) -> __m512i {
    let mut acc = acc;
    // SAFETY: the instruction is part of AVX-512 VNNI, and touches registers alone.
    unsafe {
        core::arch::asm!("vpdpwssd {0}, {1}, {2}", inout(zmm_reg) acc, in(zmm_reg) a, in(zmm_reg) b,
            options(pure, nomem, nostack, preserves_flags));
    }
    acc
}

/// `acc += w . x` of every token, `w` unsigned bytes, with `N` words of `x` from word `N * i` on.
///
/// # Safety
/// The processor has AVX-512 F and VNNI.
#[inline(always)]
pub(super) unsafe fn dots<const N: usize, const T: usize>(
    acc: &mut [__m512i; T],
    w: &[__m512i; N],
    x: &[impl Quads; T],
    i: usize,
) {
    // Word-major order: each word of weights is multiplied with every token before the next word. A sum waits for its last product,
    // so in token-major order too few independent products would be within the processor's window.
    for (n, &w) in w.iter().enumerate() {
        for (acc, x) in acc.iter_mut().zip(x) {
            // SAFETY: the caller's promise.
            *acc = unsafe { _mm512_dpbusd_epi32(*acc, w, _mm512_set1_epi32(quad(&x.quads::<N>(i)[n]))) };
        }
    }
}

/// `acc += scale * (w . x)` of every token, as [`dots`].
///
/// # Safety
/// That of [`dots`].
#[inline(always)]
pub(super) unsafe fn scaled_dots<const N: usize, const T: usize>(
    acc: &mut [__m512i; T],
    w: &[__m512i; N],
    x: &[impl Quads; T],
    i: usize,
    scale: __m512i,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [_mm512_setzero_si512(); T];
        dots(&mut sums, w, x, i);
        for (acc, &sum) in acc.iter_mut().zip(&sums) {
            *acc = settle(_mm512_add_epi32(*acc, _mm512_mullo_epi32(sum, scale)));
        }
    }
}
