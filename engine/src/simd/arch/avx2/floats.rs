//! Sixteen floats: two registers of eight.

use super::{Avx2, X, avx2};
use crate::simd::floats::{Floats, LANES, Sixteen};
use core::arch::x86_64::*;

impl Floats for Sixteen<Avx2> {
    const LANES: usize = LANES;
    type V = X;

    #[inline(always)]
    fn load(self, v: &[f32; LANES]) -> X {
        avx2! { X(_mm256_loadu_ps(v.as_ptr()), _mm256_loadu_ps(v.as_ptr().add(8))) }
    }
    #[inline(always)]
    fn store(self, v: X, out: &mut [f32; LANES]) {
        avx2! {
            _mm256_storeu_ps(out.as_mut_ptr(), v.0);
            _mm256_storeu_ps(out.as_mut_ptr().add(8), v.1);
        }
    }
    #[inline(always)]
    fn load_f32(self, v: &[[u8; 4]; LANES]) -> X {
        avx2! { X(_mm256_loadu_ps(v.as_ptr().cast()), _mm256_loadu_ps(v.as_ptr().add(8).cast())) }
    }
    #[inline(always)]
    fn load_f16(self, v: &[[u8; 2]; LANES]) -> X {
        avx2! {
            X(
                _mm256_cvtph_ps(_mm_loadu_si128(v.as_ptr().cast())),
                _mm256_cvtph_ps(_mm_loadu_si128(v.as_ptr().add(8).cast())),
            )
        }
    }
    #[inline(always)]
    fn load_bf16(self, v: &[[u8; 2]; LANES]) -> X {
        avx2! {
            let wide = |p: *const [u8; 2]| {
                let v = _mm256_cvtepu16_epi32(_mm_loadu_si128(p.cast()));
                _mm256_castsi256_ps(_mm256_slli_epi32::<16>(v))
            };
            X(wide(v.as_ptr()), wide(v.as_ptr().add(8)))
        }
    }
    #[inline(always)]
    fn load_i8(self, v: &[i8; LANES]) -> X {
        avx2! {
            let v = _mm_loadu_si128(v.as_ptr().cast());
            let wide = |v| _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(v));
            X(wide(v), wide(_mm_srli_si128::<8>(v)))
        }
    }
    #[inline(always)]
    fn store_f16(self, v: X, out: &mut [[u8; 2]; LANES]) {
        avx2! {
            _mm_storeu_si128(out.as_mut_ptr().cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(v.0));
            _mm_storeu_si128(out.as_mut_ptr().add(8).cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(v.1));
        }
    }
    #[inline(always)]
    fn store_i8(self, v: X, out: &mut [i8; LANES]) {
        avx2! {
            let words = _mm256_packs_epi32(_mm256_cvtps_epi32(v.0), _mm256_cvtps_epi32(v.1));
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
            let bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            _mm_storeu_si128(out.as_mut_ptr().cast(), bytes);
        }
    }
    #[inline(always)]
    fn splat(self, v: f32) -> X {
        avx2! { X(_mm256_set1_ps(v), _mm256_set1_ps(v)) }
    }
    #[inline(always)]
    fn add(self, a: X, b: X) -> X {
        avx2! { X(_mm256_add_ps(a.0, b.0), _mm256_add_ps(a.1, b.1)) }
    }
    #[inline(always)]
    fn sub(self, a: X, b: X) -> X {
        avx2! { X(_mm256_sub_ps(a.0, b.0), _mm256_sub_ps(a.1, b.1)) }
    }
    #[inline(always)]
    fn mul(self, a: X, b: X) -> X {
        avx2! { X(_mm256_mul_ps(a.0, b.0), _mm256_mul_ps(a.1, b.1)) }
    }
    #[inline(always)]
    fn add_exact(self, acc: X, a: X, b: X) -> X {
        avx2! { X(_mm256_fmadd_ps(a.0, b.0, acc.0), _mm256_fmadd_ps(a.1, b.1, acc.1)) }
    }
    #[inline(always)]
    fn div(self, a: X, b: X) -> X {
        avx2! { X(_mm256_div_ps(a.0, b.0), _mm256_div_ps(a.1, b.1)) }
    }
    #[inline(always)]
    fn max(self, a: X, b: X) -> X {
        avx2! { X(_mm256_max_ps(a.0, b.0), _mm256_max_ps(a.1, b.1)) }
    }
    #[inline(always)]
    fn abs(self, a: X) -> X {
        avx2! {
            let sign = _mm256_set1_ps(-0.0);
            X(_mm256_andnot_ps(sign, a.0), _mm256_andnot_ps(sign, a.1))
        }
    }
    #[inline(always)]
    fn select_lt(self, a: X, b: X, yes: X, no: X) -> X {
        avx2! {
            let pick = |a, b, yes, no| _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_LT_OQ>(a, b));
            X(pick(a.0, b.0, yes.0, no.0), pick(a.1, b.1, yes.1, no.1))
        }
    }
    #[inline(always)]
    fn any_lt(self, a: X, b: X) -> bool {
        avx2! {
            let less = |a, b| _mm256_cmp_ps::<_CMP_LT_OQ>(a, b);
            _mm256_movemask_ps(_mm256_or_ps(less(a.0, b.0), less(a.1, b.1))) != 0
        }
    }
    #[inline(always)]
    fn scale_by_magic(self, a: X, magic: X) -> X {
        avx2! {
            let scale = |a, m| {
                let n = _mm256_slli_epi32::<23>(_mm256_castps_si256(m));
                _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), n))
            };
            X(scale(a.0, magic.0), scale(a.1, magic.1))
        }
    }
}
