//! Sixteen floats: a register.

use super::{Avx512, avx512, words};
use crate::simd::floats::{Floats, LANES, Sixteen};
use core::arch::x86_64::*;

impl Floats for Sixteen<Avx512> {
    const LANES: usize = LANES;
    const SUMS: usize = 16;
    type V = __m512;

    #[inline(always)]
    fn load(self, v: &[f32; LANES]) -> __m512 {
        avx512! { _mm512_loadu_ps(v.as_ptr()) }
    }
    #[inline(always)]
    fn store(self, v: __m512, out: &mut [f32; LANES]) {
        avx512! { _mm512_storeu_ps(out.as_mut_ptr(), v) }
    }
    #[inline(always)]
    fn load_f32(self, v: &[[u8; 4]; LANES]) -> __m512 {
        avx512! { _mm512_loadu_ps(v.as_ptr().cast()) }
    }
    #[inline(always)]
    fn load_f16(self, v: &[[u8; 2]; LANES]) -> __m512 {
        // SAFETY: the features are there, as `self` proves.
        unsafe { words::widened(v) }
    }
    #[inline(always)]
    fn load_bf16(self, v: &[[u8; 2]; LANES]) -> __m512 {
        avx512! {
            let v = _mm512_cvtepu16_epi32(_mm256_loadu_si256(v.as_ptr().cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(v))
        }
    }
    #[inline(always)]
    fn load_i8(self, v: &[i8; LANES]) -> __m512 {
        avx512! { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(v.as_ptr().cast()))) }
    }
    #[inline(always)]
    fn store_f16(self, v: __m512, out: &mut [[u8; 2]; LANES]) {
        avx512! {
            _mm256_storeu_si256(out.as_mut_ptr().cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(v));
        }
    }
    #[inline(always)]
    fn store_i8(self, v: __m512, out: &mut [i8; LANES]) {
        avx512! { _mm_storeu_si128(out.as_mut_ptr().cast(), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(v))) };
    }
    #[inline(always)]
    fn splat(self, v: f32) -> __m512 {
        avx512! { _mm512_set1_ps(v) }
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        avx512! { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        avx512! { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        avx512! { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn add_exact(self, acc: __m512, a: __m512, b: __m512) -> __m512 {
        avx512! { _mm512_fmadd_ps(a, b, acc) }
    }
    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        avx512! { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        avx512! { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn abs(self, a: __m512) -> __m512 {
        avx512! { _mm512_abs_ps(a) }
    }
    #[inline(always)]
    fn select_lt(self, a: __m512, b: __m512, yes: __m512, no: __m512) -> __m512 {
        avx512! { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), no, yes) }
    }
    #[inline(always)]
    fn any_lt(self, a: __m512, b: __m512) -> bool {
        avx512! { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b) != 0 }
    }
    #[inline(always)]
    fn scale_by_magic(self, a: __m512, magic: __m512) -> __m512 {
        avx512! {
            let n = _mm512_slli_epi32::<23>(_mm512_castps_si512(magic));
            _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), n))
        }
    }
}
