//! AArch64 with NEON: four rows to a word. Fused multiply-adds where products are exact.
//!
//! How bytes are multiplied is what its rungs differ in: see [`Multiply`].

mod floats;
mod multiply;
mod proof;
mod words;

use crate::simd::arch::rows::Rows;
use crate::simd::floats::{Floats, LANES, Sixteen};
use crate::simd::isa::{Isa, Op, Quad, Quads};
use crate::simd::name::IsaName;
use bytemuck::Pod;
use core::arch::aarch64::*;
use words::{bytes_of, columns, eight, four_bytes, halves, sixteen, store_four, transposed, widen, word};

pub use multiply::{Dotprod, I8mm, Multiply, Widening};
pub use proof::{Neon, id_registers_show_dotprod, id_registers_show_i8mm};

/// Sixteen floats, in order.
#[derive(Clone, Copy)]
pub struct X(float32x4_t, float32x4_t, float32x4_t, float32x4_t);

/// Runs intrinsics. SAFETY of every use: NEON is part of the target; loads and stores go through references to
/// exactly the bytes they touch.
macro_rules! neon {
    ($($body:tt)*) => {{
        // SAFETY: see the macro.
        #[allow(unused_unsafe, reason = "some intrinsics are safe, some are not")]
        unsafe { $($body)* }
    }};
}
use neon;

impl X {
    #[inline(always)]
    fn of(f: impl Fn(usize) -> float32x4_t) -> X {
        X(f(0), f(1), f(2), f(3))
    }

    #[inline(always)]
    fn map(self, f: impl Fn(float32x4_t) -> float32x4_t) -> X {
        X(f(self.0), f(self.1), f(self.2), f(self.3))
    }

    #[inline(always)]
    fn zip(self, b: X, f: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> X {
        X(f(self.0, b.0), f(self.1, b.1), f(self.2, b.2), f(self.3, b.3))
    }
}

impl<M: Multiply> Isa for Neon<M> {
    const NAME: IsaName = M::NAME;
    const ROWS: usize = 4;
    const INTERLEAVES: bool = true;
    type W = uint32x4_t;
    type F = float32x4_t;

    type Floats = Sixteen<Self>;

    #[inline(always)]
    fn floats(self, _lane: usize) -> Sixteen<Self> {
        Sixteen(self)
    }

    type Single = Self;

    #[inline(always)]
    fn single(self) -> Self {
        self
    }
    #[inline(always)]
    fn run<O: Op>(self, op: O) -> O::Out {
        self.0.run(self, op)
    }

    #[inline(always)]
    fn words<T: Pod, const N: usize>(self, rows: Rows<'_, T>, offset: usize) -> [uint32x4_t; N] {
        let mut out = [self.splat(0); N];
        if !rows.has(4, offset, 4 * N) {
            return out;
        }
        if let Some(at) = rows.interleaved(offset, 4) {
            for (i, out) in out.chunks_mut(4).enumerate() {
                let at = at.wrapping_add(256 * i);
                if let [a, b, c, d] = out {
                    // SAFETY: four of sixteen rows of `4 * N` bytes from `offset` may be read, interleaved.
                    [*a, *b, *c, *d] = unsafe { columns(at) };
                } else {
                    for (j, out) in out.iter_mut().enumerate() {
                        // SAFETY: as above.
                        *out = unsafe { vreinterpretq_u32_u8(sixteen(at.add(64 * j))) };
                    }
                }
            }
            return out;
        }
        let step = rows.stride_bytes();
        for (i, out) in out.chunks_mut(4).enumerate() {
            // SAFETY: rows 0 to 3 may be read for `4 * N` bytes from `offset`; `i` counts sixteens of them.
            let at = unsafe { rows.as_ptr().add(offset + 16 * i) };
            if let [a, b, c, d] = out {
                // SAFETY: as above; a whole sixteen is left.
                [*a, *b, *c, *d] = unsafe { transposed(at, step) };
            } else {
                for (j, out) in out.iter_mut().enumerate() {
                    // SAFETY: as above; four bytes of each row.
                    *out = unsafe { word(at.add(4 * j), step) };
                }
            }
        }
        out
    }
    #[inline(always)]
    fn half_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> float32x4_t {
        if !rows.has(4, offset, 2) {
            return self.f_splat(0.0);
        }
        if let Some(at) = rows.interleaved(offset, 2) {
            // SAFETY: four of sixteen rows of two bytes at `offset` may be read, interleaved.
            return widen(unsafe { vreinterpret_u16_u8(eight(at)) });
        }
        // SAFETY: rows 0 to 3 may be read for two bytes from `offset`.
        widen(unsafe { halves(rows.as_ptr().add(offset), rows.stride_bytes()) })
    }
    #[inline(always)]
    fn byte_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> uint32x4_t {
        if !rows.has(4, offset, 1) {
            return self.splat(0);
        }
        if let Some(at) = rows.interleaved(offset, 1) {
            // SAFETY: four of sixteen rows of one byte at `offset` may be read, interleaved.
            return unsafe { vmovl_u16(vget_low_u16(vmovl_u8(four_bytes(at)))) };
        }
        // SAFETY: rows 0 to 3 may be read for a byte from `offset`.
        unsafe { bytes_of(rows.as_ptr().add(offset), rows.stride_bytes()) }
    }
    #[inline(always)]
    fn load(self, words: &[[u8; 4]; LANES], part: usize) -> uint32x4_t {
        let words: &[[[u8; 4]; 4]; 4] = bytemuck::cast_ref(words);
        // SAFETY: four words are sixteen bytes.
        unsafe { vreinterpretq_u32_u8(sixteen(words[part & 3].as_ptr().cast())) }
    }
    #[inline(always)]
    fn splat(self, bits: u32) -> uint32x4_t {
        neon! { vdupq_n_u32(bits) }
    }
    #[inline(always)]
    fn and(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        neon! { vandq_u32(a, b) }
    }
    #[inline(always)]
    fn or(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        neon! { vorrq_u32(a, b) }
    }
    #[inline(always)]
    fn xor(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        neon! { veorq_u32(a, b) }
    }
    #[inline(always)]
    fn shr(self, a: uint32x4_t, n: u32) -> uint32x4_t {
        neon! { vshlq_u32(a, vdupq_n_s32(-(n as i32))) }
    }
    #[inline(always)]
    fn shl(self, a: uint32x4_t, n: u32) -> uint32x4_t {
        neon! { vshlq_u32(a, vdupq_n_s32(n as i32)) }
    }
    #[inline(always)]
    fn add(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        neon! { vaddq_u32(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        neon! { vsubq_u32(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        neon! { vmulq_u32(a, b) }
    }
    #[inline(always)]
    fn lookup(self, table: &[i8; 16], indices: uint32x4_t) -> uint32x4_t {
        neon! { vreinterpretq_u32_s8(vqtbl1q_s8(vreinterpretq_s8_u8(sixteen(table.as_ptr().cast())), vreinterpretq_u8_u32(indices))) }
    }
    #[inline(always)]
    fn expand_bits(self, bits: uint32x4_t, shift: u32) -> uint32x4_t {
        const FIRST: [u8; 16] = [0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12];
        neon! {
            // Byte k of a lane is the lane's low byte, tested for bit k.
            let low = vreinterpretq_u8_u32(self.shr(bits, shift));
            let mask = vreinterpretq_u8_u32(vdupq_n_u32(0x0804_0201));
            vreinterpretq_u32_u8(vtstq_u8(vqtbl1q_u8(low, sixteen(FIRST.as_ptr())), mask))
        }
    }
    #[inline(always)]
    fn dot_u8<const MAX: u8, const N: usize>(self, acc: uint32x4_t, w: &[uint32x4_t; N], x: &[Quad; N]) -> uint32x4_t {
        const { assert!(MAX < 128, "taken as signed bytes") };
        self.0.dot::<MAX, N>(acc, w, x)
    }
    #[inline(always)]
    fn dot_i8<const N: usize>(self, acc: uint32x4_t, w: &[uint32x4_t; N], x: &[Quad; N], _sum: i32) -> uint32x4_t {
        self.0.dot::<128, N>(acc, w, x)
    }
    #[inline(always)]
    fn dots_u8<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [uint32x4_t; T],
        w: &[uint32x4_t; N],
        x: &[impl Quads; T],
        i: usize,
    ) {
        const { assert!(MAX < 128, "taken as signed bytes") };
        self.0.dots::<MAX, N, T>(acc, w, x, i);
    }
    #[inline(always)]
    fn dots_i8<const T: usize>(self, acc: &mut [uint32x4_t; T], w: &[uint32x4_t; 8], x: &[impl Quads; T], i: usize) {
        self.0.dots::<128, 8, T>(acc, w, x, i);
    }
    #[inline(always)]
    fn scaled_dots_u8<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [uint32x4_t; T],
        w: &[uint32x4_t; N],
        x: &[impl Quads; T],
        i: usize,
        scale: uint32x4_t,
    ) {
        let mut dots = [self.splat(0); T];
        self.dots_u8::<MAX, N, T>(&mut dots, w, x, i);
        for (acc, &dot) in acc.iter_mut().zip(&dots) {
            *acc = self.add(*acc, self.mul(dot, scale));
        }
    }
    #[inline(always)]
    fn dot_i16(self, acc: uint32x4_t, a: uint32x4_t, b: [i16; 2]) -> uint32x4_t {
        neon! {
            let (low, high) = (vreinterpret_s16_u16(vmovn_u32(a)), vreinterpret_s16_u16(vshrn_n_u32::<16>(a)));
            let acc = vmlal_n_s16(vreinterpretq_s32_u32(acc), low, b[0]);
            vreinterpretq_u32_s32(vmlal_n_s16(acc, high, b[1]))
        }
    }

    #[inline(always)]
    fn to_f32(self, a: uint32x4_t) -> float32x4_t {
        neon! { vcvtq_f32_s32(vreinterpretq_s32_u32(a)) }
    }
    #[inline(always)]
    fn as_f32(self, a: uint32x4_t) -> float32x4_t {
        neon! { vreinterpretq_f32_u32(a) }
    }
    #[inline(always)]
    fn f16_low(self, a: uint32x4_t) -> float32x4_t {
        widen(neon! { vmovn_u32(a) })
    }
    #[inline(always)]
    fn f16_high(self, a: uint32x4_t) -> float32x4_t {
        widen(neon! { vshrn_n_u32::<16>(a) })
    }
    #[inline(always)]
    fn f_splat(self, v: f32) -> float32x4_t {
        neon! { vdupq_n_f32(v) }
    }
    #[inline(always)]
    fn f_add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        neon! { vaddq_f32(a, b) }
    }
    #[inline(always)]
    fn f_sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        neon! { vsubq_f32(a, b) }
    }
    #[inline(always)]
    fn f_mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        neon! { vmulq_f32(a, b) }
    }
    #[inline(always)]
    fn f_store(self, a: float32x4_t, out: &mut [f32]) {
        if let Some(out) = out.first_chunk_mut::<4>() {
            store_four(out, a);
        } else {
            let mut all = [0.0; 4];
            store_four(&mut all, a);
            for (out, v) in out.iter_mut().zip(all) {
                *out = v;
            }
        }
    }
    #[inline(always)]
    fn sum(self, v: &[f32; LANES]) -> f32 {
        let v = Sixteen(self).load(v);
        neon! {
            let four = vaddq_f32(vaddq_f32(v.0, v.2), vaddq_f32(v.1, v.3));
            let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
            vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
        }
    }
    #[inline(always)]
    fn greatest(self, v: &[f32; LANES]) -> f32 {
        let v = Sixteen(self).load(v);
        let max = |a, b| neon! { vbslq_f32(vcgtq_f32(a, b), a, b) };
        let four = max(max(v.0, v.2), max(v.1, v.3));
        let mut lanes = [0.0; 4];
        self.f_store(four, &mut lanes);
        let max = |a, b| if a > b { a } else { b };
        let [a, b, c, d] = lanes;
        max(max(a, c), max(b, d))
    }
}
