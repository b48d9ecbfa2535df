//! AArch64 with NEON: four rows to a vector, and one, two or four vectors to a word. Fused multiply-adds where products are
//! exact.
//!
//! One token is multiplied with whole columns of interleaved rows, so that what all rows share is loaded once: words of four
//! vectors. Several tokens, and rows that lie as in a file, take words of two, as there are registers for no more sums. Layouts
//! that are not streamed take words of one for several tokens, which share the longer work of unpacking them. With i8mm, blocks of
//! 32 of sixteen rows are multiplied with several tokens in a loop of its own, see `tile`.
//!
//! Its levels differ in products of bytes: see [`Multiply`].

mod basics;
mod blocks;
mod eights;
mod floats;
mod multiply;
mod proof;
mod quants;
mod scales;
mod tile;
mod words;

use crate::simd::arch::rows::{Columns, Rows};
use crate::simd::floats::{Floats, LANES, Sixteen};
use crate::simd::form::{ActForm, BlockLayout, Blocks};
use crate::simd::isa::{Isa, Op, Quad, Quads};
use crate::simd::name::IsaName;
use basics::{array, each, neon, sixteen, zip};
use bytemuck::Pod;
use core::arch::aarch64::*;
use multiply::Multiply;
use words::{bytes_of, columns, four_bytes, halves, interleaved_halves, store_floats, transposed, widen, word};

pub use multiply::{Dotprod, I8mm};
pub use proof::{Neon, id_registers_show_dotprod, id_registers_show_i8mm};

impl<M: Multiply, const V: usize> Isa for Neon<M, V> {
    const NAME: IsaName = M::NAME;
    const ROWS: usize = 4 * V;
    const INTERLEAVES: bool = true;
    const PARTS_APART: bool = true;
    type W = [uint32x4_t; V];
    type F = [float32x4_t; V];

    type Floats = Sixteen<Self>;

    #[inline(always)]
    fn floats(self, _lane: usize) -> Sixteen<Self> {
        Sixteen(self)
    }

    const TOKENS: usize = if V == 1 { 8 } else { M::TOKENS };
    const PARTS_AT_ONCE: usize = 1;
    const FLOAT_SUMS: usize = 4;
    const ACTS: ActForm = if M::HAS_SMMLA { ActForm::TwoTokens } else { ActForm::Bytes };
    type Single = Neon<M::Plain, 2>;
    const STREAMED: &'static [BlockLayout] = &blocks::STREAMED;
    type Many = Neon<M, 1>;

    #[inline(always)]
    fn single(self) -> Neon<M::Plain, 2> {
        Neon(self.0.plain())
    }
    #[inline(always)]
    fn many(self) -> Neon<M, 1> {
        Neon(self.0)
    }

    type Plain = Neon<M::Plain, V>;

    #[inline(always)]
    fn plain(self) -> Neon<M::Plain, V> {
        Neon(self.0.plain())
    }

    #[inline(always)]
    fn run<O: Op>(self, op: O) -> O::Out {
        self.0.run(self, op)
    }

    #[inline(always)]
    fn block_dots<B: Blocks, const T: usize>(self, rows: Rows<'_, B>, x: &[impl Quads; T]) -> Option<[Self::F; T]> {
        self.dots_of_blocks(rows, x)
    }

    #[inline(always)]
    fn tile<B: Blocks, X: Quads + Pod, const T: usize>(
        self,
        columns: Columns<'_, B, X, T>,
        products: &mut [[f32; LANES]; T],
    ) {
        if const { M::HAS_SMMLA } {
            // SAFETY: an `M` exists, so FEAT_I8MM is there.
            unsafe { tile::multiply(Sixteen(self), columns, products) };
        }
    }

    #[inline(always)]
    fn words<T: Pod, const N: usize>(self, rows: Rows<'_, T>, offset: usize) -> [Self::W; N] {
        let mut out = [self.splat(0); N];
        if !rows.has(4 * V, offset, 4 * N) {
            return out;
        }
        if let Some(at) = rows.interleaved(offset, 4) {
            // SAFETY: `4 * V` of sixteen rows of `4 * N` bytes from `offset` may be read, interleaved.
            unsafe { columns(&mut out, at) };
            return out;
        }
        let step = rows.stride_bytes();
        for v in 0..V {
            for (i, out) in out.chunks_mut(4).enumerate() {
                // SAFETY: rows `4 * v` to `4 * v + 3` may be read for `4 * N` bytes from `offset`; `i` counts sixteens of them.
                let at = unsafe { rows.as_ptr().add(4 * v * step + offset + 16 * i) };
                if let [a, b, c, d] = out {
                    // SAFETY: as above; a whole sixteen is left.
                    [a[v], b[v], c[v], d[v]] = unsafe { transposed(at, step) };
                } else {
                    for (j, out) in out.iter_mut().enumerate() {
                        // SAFETY: as above; four bytes of each row.
                        out[v] = unsafe { word(at.add(4 * j), step) };
                    }
                }
            }
        }
        out
    }
    #[inline(always)]
    fn half_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> Self::F {
        if !rows.has(4 * V, offset, 2) {
            return self.f_splat(0.0);
        }
        if let Some(at) = rows.interleaved(offset, 2) {
            // SAFETY: `4 * V` of sixteen rows of two bytes at `offset` may be read, interleaved.
            return unsafe { interleaved_halves(at) };
        }
        let step = rows.stride_bytes();
        // SAFETY: `4 * V` rows may be read for two bytes from `offset`.
        array(|v| widen(unsafe { halves(rows.as_ptr().add(4 * v * step + offset), step) }))
    }
    #[inline(always)]
    fn byte_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> Self::W {
        if !rows.has(4 * V, offset, 1) {
            return self.splat(0);
        }
        if let Some(at) = rows.interleaved(offset, 1) {
            // SAFETY: `4 * V` of sixteen rows of one byte at `offset` may be read, interleaved.
            return array(|v| unsafe { vmovl_u16(vget_low_u16(vmovl_u8(four_bytes(at.add(4 * v))))) });
        }
        let step = rows.stride_bytes();
        // SAFETY: `4 * V` rows may be read for a byte from `offset`.
        array(|v| unsafe { bytes_of(rows.as_ptr().add(4 * v * step + offset), step) })
    }
    #[inline(always)]
    fn load(self, words: &[[u8; 4]; LANES], part: usize) -> Self::W {
        let words: &[[[u8; 4]; 4]; 4] = bytemuck::cast_ref(words);
        // SAFETY: four words are sixteen bytes.
        array(|v| unsafe { vreinterpretq_u32_u8(sixteen(words[(part * V + v) & 3].as_ptr().cast())) })
    }
    #[inline(always)]
    fn splat(self, bits: u32) -> Self::W {
        [neon! { vdupq_n_u32(bits) }; V]
    }
    #[inline(always)]
    fn and(self, a: Self::W, b: Self::W) -> Self::W {
        zip(a, b, |a, b| neon! { vandq_u32(a, b) })
    }
    #[inline(always)]
    fn or(self, a: Self::W, b: Self::W) -> Self::W {
        zip(a, b, |a, b| neon! { vorrq_u32(a, b) })
    }
    #[inline(always)]
    fn xor(self, a: Self::W, b: Self::W) -> Self::W {
        zip(a, b, |a, b| neon! { veorq_u32(a, b) })
    }
    #[inline(always)]
    fn shr(self, a: Self::W, n: u32) -> Self::W {
        each(a, |a| neon! { vshlq_u32(a, vdupq_n_s32(-(n as i32))) })
    }
    #[inline(always)]
    fn high_nibbles(self, a: Self::W) -> Self::W {
        each(a, |a| neon! { vreinterpretq_u32_u8(vshrq_n_u8::<4>(vreinterpretq_u8_u32(a))) })
    }
    #[inline(always)]
    fn shl(self, a: Self::W, n: u32) -> Self::W {
        each(a, |a| neon! { vshlq_u32(a, vdupq_n_s32(n as i32)) })
    }
    #[inline(always)]
    fn add(self, a: Self::W, b: Self::W) -> Self::W {
        zip(a, b, |a, b| neon! { vaddq_u32(a, b) })
    }
    #[inline(always)]
    fn sub(self, a: Self::W, b: Self::W) -> Self::W {
        zip(a, b, |a, b| neon! { vsubq_u32(a, b) })
    }
    #[inline(always)]
    fn mul(self, a: Self::W, b: Self::W) -> Self::W {
        zip(a, b, |a, b| neon! { vmulq_u32(a, b) })
    }
    #[inline(always)]
    fn lookup(self, table: &[i8; 16], indices: Self::W) -> Self::W {
        neon! {
            let table = vreinterpretq_s8_u8(sixteen(table.as_ptr().cast()));
            each(indices, |indices| vreinterpretq_u32_s8(vqtbl1q_s8(table, vreinterpretq_u8_u32(indices))))
        }
    }
    #[inline(always)]
    fn expand_bits(self, bits: Self::W, shift: u32) -> Self::W {
        const FIRST: [u8; 16] = [0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12];
        neon! {
            // Byte k of a lane is the lane's low byte, tested for bit k.
            let (first, mask) = (sixteen(FIRST.as_ptr()), vreinterpretq_u8_u32(vdupq_n_u32(0x0804_0201)));
            each(self.shr(bits, shift), |low| vreinterpretq_u32_u8(vtstq_u8(vqtbl1q_u8(vreinterpretq_u8_u32(low), first), mask)))
        }
    }
    #[inline(always)]
    fn dot_u8<const MAX: u8, const N: usize>(self, acc: Self::W, w: &[Self::W; N], x: &[Quad; N]) -> Self::W {
        const { assert!(MAX < 128, "taken as signed bytes") };
        self.0.dot::<MAX, N, V>(acc, w, x)
    }
    #[inline(always)]
    fn dot_i8<const N: usize>(self, acc: Self::W, w: &[Self::W; N], x: &[Quad; N], _sum: i32) -> Self::W {
        self.0.dot::<128, N, V>(acc, w, x)
    }
    #[inline(always)]
    fn dots_u8<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [Self::W; T],
        w: &[Self::W; N],
        x: &[impl Quads; T],
        i: usize,
    ) {
        const { assert!(MAX < 128, "taken as signed bytes") };
        self.0.dots::<MAX, N, V, T>(acc, w, x, i);
    }
    #[inline(always)]
    fn dots_i8<const T: usize>(self, acc: &mut [Self::W; T], w: &[Self::W; 8], x: &[impl Quads; T], i: usize) {
        self.0.dots::<128, 8, V, T>(acc, w, x, i);
    }
    #[inline(always)]
    fn scaled_dots_u8<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [Self::W; T],
        w: &[Self::W; N],
        x: &[impl Quads; T],
        i: usize,
        scale: Self::W,
    ) {
        let mut dots = [self.splat(0); T];
        self.dots_u8::<MAX, N, T>(&mut dots, w, x, i);
        for (acc, &dot) in acc.iter_mut().zip(&dots) {
            *acc = self.add(*acc, self.mul(dot, scale));
        }
    }
    #[inline(always)]
    fn dot_i16(self, acc: Self::W, a: Self::W, b: [i16; 2]) -> Self::W {
        zip(acc, a, |acc, a| {
            neon! {
                let (low, high) = (vreinterpret_s16_u16(vmovn_u32(a)), vreinterpret_s16_u16(vshrn_n_u32::<16>(a)));
                let acc = vmlal_n_s16(vreinterpretq_s32_u32(acc), low, b[0]);
                vreinterpretq_u32_s32(vmlal_n_s16(acc, high, b[1]))
            }
        })
    }

    #[inline(always)]
    fn to_f32(self, a: Self::W) -> Self::F {
        each(a, |a| neon! { vcvtq_f32_s32(vreinterpretq_s32_u32(a)) })
    }
    #[inline(always)]
    fn as_f32(self, a: Self::W) -> Self::F {
        each(a, |a| neon! { vreinterpretq_f32_u32(a) })
    }
    #[inline(always)]
    fn f16_low(self, a: Self::W) -> Self::F {
        each(a, |a| widen(neon! { vmovn_u32(a) }))
    }
    #[inline(always)]
    fn f16_high(self, a: Self::W) -> Self::F {
        each(a, |a| widen(neon! { vshrn_n_u32::<16>(a) }))
    }
    #[inline(always)]
    fn f_splat(self, v: f32) -> Self::F {
        [neon! { vdupq_n_f32(v) }; V]
    }
    #[inline(always)]
    fn f_add(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| neon! { vaddq_f32(a, b) })
    }
    #[inline(always)]
    fn f_sub(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| neon! { vsubq_f32(a, b) })
    }
    #[inline(always)]
    fn f_mul(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| neon! { vmulq_f32(a, b) })
    }
    #[inline(always)]
    fn f_store(self, a: Self::F, out: &mut [f32]) {
        if let Some(out) = out.as_chunks_mut::<4>().0.first_chunk_mut::<V>() {
            return store_floats(out, a);
        }
        let mut all = [[0.0; 4]; V];
        store_floats(&mut all, a);
        for (out, v) in out.iter_mut().zip(all.as_flattened()) {
            *out = *v;
        }
    }
    #[inline(always)]
    fn sum(self, v: &[f32; LANES]) -> f32 {
        let v = Sixteen(self).load(v);
        neon! {
            let four = vaddq_f32(vaddq_f32(v[0], v[2]), vaddq_f32(v[1], v[3]));
            let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
            vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
        }
    }
    #[inline(always)]
    fn greatest(self, v: &[f32; LANES]) -> f32 {
        let v = Sixteen(self).load(v);
        let max = |a, b| neon! { vbslq_f32(vcgtq_f32(a, b), a, b) };
        let four = max(max(v[0], v[2]), max(v[1], v[3]));
        let mut lanes = [[0.0; 4]];
        store_floats(&mut lanes, [four]);
        let max = |a, b| if a > b { a } else { b };
        let [[a, b, c, d]] = lanes;
        max(max(a, c), max(b, d))
    }
}
