//! 2-bit blocks of 256.

use bytemuck::{Pod, Zeroable};

use super::act::Act256;
use super::block::{Block, assert_layout};
use super::dot::{Format, dot_bytes};
use super::scale::{scale, scaled};
use super::unpacked::Unpacked;
use super::words::{bytes, planes, two_groups};
use crate::simd::{BlockLayout, Isa, Rows};

/// ggml's `block_q2_K`: `x = (d * sc) * q - dmin * m`, `sc` and `m` one of 16 sub-blocks each.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q2K {
    /// Byte 0: a sub-block's `sc` in the low nibble, its `m` in the high one.
    pub scales: [u8; 16],
    /// Byte 16: `q`. Each 32 bytes hold 128 elements: bits 0..2 of all bytes the first 32, bits 2..4
    /// the next 32, and so on.
    pub qs: [u8; 64],
    /// Byte 80: scale of the scales, f16.
    pub d: [u8; 2],
    /// Byte 82: scale of the minimums, f16.
    pub dmin: [u8; 2],
}

assert_layout!(Q2K: 84);

impl Block for Q2K {
    const ELEMS: usize = 256;
    const NAME: &'static str = "Q2_K";
    const ID: u32 = 10;

    fn dequantise(&self, out: &mut [f32]) {
        let (d, dmin) = (scale(self.d), scale(self.dmin));
        let sub_blocks = self.scales.as_chunks::<2>().0.iter().zip(planes(&self.qs, [0, 2, 4, 6]));
        for (out, (scales, (qs, shift))) in out.as_chunks_mut::<32>().0.iter_mut().zip(sub_blocks) {
            for ((out, sc), qs) in out.as_chunks_mut::<16>().0.iter_mut().zip(scales).zip(qs.as_chunks::<16>().0) {
                let (dl, ml) = (d * f32::from(sc & 0x0f), dmin * f32::from(sc >> 4));
                for (y, q) in out.iter_mut().zip(qs) {
                    *y = dl * f32::from((q >> shift) & 3) - ml;
                }
            }
        }
    }
}

impl Format for Q2K {
    const LAYOUT: BlockLayout = BlockLayout::Q2K;
    type Act = Act256;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act256; T]) -> [I::F; T] {
        let scales: [I::W; 4] = isa.words(rows, 0);
        let (four, two) = (isa.splat(0x0F0F_0F0F), isa.splat(0x0303_0303));
        let mut sums = [isa.splat(0); T];
        for half in 0..2 {
            let packed = two_groups(isa, rows, 16 + 32 * half);
            for pair in 0..2 {
                let [s0, s1, s2, s3] = bytes(isa, isa.and(scales[2 * half + pair], four));
                for (plane, s_first, s_second) in [(2 * pair, s0, s1), (2 * pair + 1, s2, s3)] {
                    let mut q = packed;
                    for q in q.as_flattened_mut() {
                        *q = isa.and(isa.shr(*q, 2 * plane as u32), two);
                    }
                    let group = 8 * half + 2 * plane;
                    isa.scaled_dots_u8::<3, 4, T>(&mut sums, &q[0], x, group, s_first);
                    isa.scaled_dots_u8::<3, 4, T>(&mut sums, &q[1], x, group + 1, s_second);
                }
            }
        }
        let mut mins = scales;
        for m in &mut mins {
            *m = isa.and(isa.shr(*m, 4), four);
        }
        let [d] = isa.words(rows, 80);
        let (d, dmin) = (isa.f16_low(d), isa.f16_high(d));
        let mut out = [d; T];
        for ((out, x), sum) in out.iter_mut().zip(x).zip(sums) {
            let min_sum = dot_bytes(isa, isa.splat(0), &mins, &x.sums16);
            *out = isa.f_sub(scaled(isa, d, x.d, sum), scaled(isa, dmin, x.d, min_sum));
        }
        out
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        let (four, two) = (isa.splat(0x0F0F_0F0F), isa.splat(0x0303_0303));
        let [mut scales, mut mins]: [[I::W; 4]; 2] = [isa.words(rows, 0); 2];
        for (scale, min) in scales.iter_mut().zip(&mut mins) {
            *scale = isa.and(*scale, four);
            *min = isa.and(isa.shr(*min, 4), four);
        }
        to.set_scales(isa, &scales, 0);
        to.set_offsets(isa, &mins);
        let [d] = isa.words(rows, 80);
        to.d = [isa.f16_low(d), isa.f16_high(d)];
        for (half, q) in to.q.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            let packed: [I::W; 8] = isa.words(rows, 16 + 32 * half);
            for (plane, q) in q.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                for (q, &packed) in q.iter_mut().zip(&packed) {
                    *q = isa.and(isa.shr(packed, 2 * plane as u32), two);
                }
            }
        }
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act256; T]) -> [I::F; T] {
        w.dot_subs16_with_mins(isa, x)
    }
}
