//! Sixteen floats: four registers of four.

use super::basics::{X, array, each, neon, sixteen, thirty_two, zip};
use super::multiply::Multiply;
use super::proof::Neon;
use super::words::{column, interleaved_halves, narrow, store_bytes, store_floats, store_thirty_two};
use crate::simd::floats::{Floats, LANES, Sixteen};
use core::arch::aarch64::*;

impl<M: Multiply, const V: usize> Floats for Sixteen<Neon<M, V>> {
    const LANES: usize = LANES;
    type V = X;

    #[inline(always)]
    fn load(self, v: &[f32; LANES]) -> X {
        self.load_f32(bytemuck::cast_ref(v))
    }
    #[inline(always)]
    fn store(self, v: X, out: &mut [f32; LANES]) {
        store_floats(bytemuck::cast_mut(out), v);
    }
    #[inline(always)]
    fn load_f32(self, v: &[[u8; 4]; LANES]) -> X {
        // SAFETY of the uses here and below: as the macro says; `v` is as many bytes as are loaded.
        each(neon! { column::<4, 0, 0>(v.as_ptr().cast()) }, |v| neon! { vreinterpretq_f32_u32(v) })
    }
    #[inline(always)]
    fn load_f16(self, v: &[[u8; 2]; LANES]) -> X {
        neon! { interleaved_halves(v.as_ptr().cast()) }
    }
    #[inline(always)]
    fn load_bf16(self, v: &[[u8; 2]; LANES]) -> X {
        neon! {
            let [a, b] = each(thirty_two(v.as_ptr().cast()), |v| vreinterpretq_u16_u8(v));
            let wide = |v| vreinterpretq_f32_u32(vshll_n_u16::<16>(v));
            [wide(vget_low_u16(a)), wide(vget_high_u16(a)), wide(vget_low_u16(b)), wide(vget_high_u16(b))]
        }
    }
    #[inline(always)]
    fn load_i8(self, v: &[i8; LANES]) -> X {
        neon! {
            let v = vreinterpretq_s8_u8(sixteen(v.as_ptr().cast()));
            let (a, b) = (vmovl_s8(vget_low_s8(v)), vmovl_s8(vget_high_s8(v)));
            let wide = |v| vcvtq_f32_s32(vmovl_s16(v));
            [wide(vget_low_s16(a)), wide(vget_high_s16(a)), wide(vget_low_s16(b)), wide(vget_high_s16(b))]
        }
    }
    #[inline(always)]
    fn store_f16(self, v: X, out: &mut [[u8; 2]; LANES]) {
        neon! { store_thirty_two(out.as_mut_ptr().cast(), [narrow(v[0], v[1]), narrow(v[2], v[3])]) };
    }
    #[inline(always)]
    fn store_i8(self, v: X, out: &mut [i8; LANES]) {
        neon! {
            let halves = |v| vqmovn_s32(vcvtnq_s32_f32(v));
            let (a, b) = (vcombine_s16(halves(v[0]), halves(v[1])), vcombine_s16(halves(v[2]), halves(v[3])));
            store_bytes(out, vcombine_s8(vqmovn_s16(a), vqmovn_s16(b)));
        }
    }
    #[inline(always)]
    fn splat(self, v: f32) -> X {
        array(|_| neon! { vdupq_n_f32(v) })
    }
    #[inline(always)]
    fn add(self, a: X, b: X) -> X {
        zip(a, b, |a, b| neon! { vaddq_f32(a, b) })
    }
    #[inline(always)]
    fn sub(self, a: X, b: X) -> X {
        zip(a, b, |a, b| neon! { vsubq_f32(a, b) })
    }
    #[inline(always)]
    fn mul(self, a: X, b: X) -> X {
        zip(a, b, |a, b| neon! { vmulq_f32(a, b) })
    }
    #[inline(always)]
    fn add_exact(self, acc: X, a: X, b: X) -> X {
        neon! {
            [
                vfmaq_f32(acc[0], a[0], b[0]),
                vfmaq_f32(acc[1], a[1], b[1]),
                vfmaq_f32(acc[2], a[2], b[2]),
                vfmaq_f32(acc[3], a[3], b[3]),
            ]
        }
    }
    #[inline(always)]
    fn div(self, a: X, b: X) -> X {
        zip(a, b, |a, b| neon! { vdivq_f32(a, b) })
    }
    #[inline(always)]
    fn max(self, a: X, b: X) -> X {
        // Not `fmax`, which gives NaN for either.
        zip(a, b, |a, b| neon! { vbslq_f32(vcgtq_f32(a, b), a, b) })
    }
    #[inline(always)]
    fn abs(self, a: X) -> X {
        each(a, |a| neon! { vabsq_f32(a) })
    }
    #[inline(always)]
    fn select_lt(self, a: X, b: X, yes: X, no: X) -> X {
        let pick = |a, b, yes, no| neon! { vbslq_f32(vcltq_f32(a, b), yes, no) };
        [
            pick(a[0], b[0], yes[0], no[0]),
            pick(a[1], b[1], yes[1], no[1]),
            pick(a[2], b[2], yes[2], no[2]),
            pick(a[3], b[3], yes[3], no[3]),
        ]
    }
    #[inline(always)]
    fn any_lt(self, a: X, b: X) -> bool {
        neon! {
            let low = vorrq_u32(vcltq_f32(a[0], b[0]), vcltq_f32(a[1], b[1]));
            let high = vorrq_u32(vcltq_f32(a[2], b[2]), vcltq_f32(a[3], b[3]));
            vmaxvq_u32(vorrq_u32(low, high)) != 0
        }
    }
    #[inline(always)]
    fn scale_by_magic(self, a: X, magic: X) -> X {
        zip(a, magic, |a, magic| {
            neon! {
                let n = vshlq_n_u32::<23>(vreinterpretq_u32_f32(magic));
                vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(a), n))
            }
        })
    }
}
