//! 6-bit blocks of 256.

use bytemuck::{Pod, Zeroable};

use super::act::Act256;
use super::block::{Block, assert_layout};
use super::dot::{Format, dot_bytes};
use super::scale::{scale, scaled};
use super::unpacked::Unpacked;
use super::unrolled::unrolled;
use super::words::{bytes, planes, two_groups};
use crate::simd::{BlockLayout, Isa, Rows};

/// ggml's `block_q6_K`: `x = (d * sc) * (q - 32)`, `sc` one of 16 sub-blocks each.
///
/// Each 128 elements use 64 bytes of `ql` and 32 of `qh`, as four planes of 32.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q6K {
    /// Byte 0: low four bits of `q`. Of each 64 bytes, the low nibbles are planes 0 and 1, the high
    /// nibbles planes 2 and 3.
    pub ql: [u8; 128],
    /// Byte 128: high two bits of `q`. Of each 32 bytes, bits 0..2 are plane 0, bits 2..4 plane 1, and
    /// so on.
    pub qh: [u8; 64],
    /// Byte 192: `sc`.
    pub scales: [i8; 16],
    /// Byte 208: scale of the scales, f16.
    pub d: [u8; 2],
}

assert_layout!(Q6K: 210);

impl Block for Q6K {
    const ELEMS: usize = 256;
    const NAME: &'static str = "Q6_K";
    const ID: u32 = 14;
    const PARTS: &'static [(usize, usize)] = &[(208, 2), (192, 16), (128, 32), (0, 64), (160, 32), (64, 64)];

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        let low = self.ql.as_chunks::<64>().0.iter().flat_map(|ql| {
            let halves = ql.as_chunks::<32>().0.iter();
            halves.clone().map(|ql| (ql, 0)).chain(halves.map(|ql| (ql, 4)))
        });
        let high = planes(&self.qh, [0, 2, 4, 6]);
        let planes = self.scales.as_chunks::<2>().0.iter().zip(low.zip(high));
        for (out, (scales, ((ql, low_shift), (qh, high_shift)))) in out.as_chunks_mut::<32>().0.iter_mut().zip(planes) {
            let quants = ql.as_chunks::<16>().0.iter().zip(qh.as_chunks::<16>().0);
            for ((out, sc), (ql, qh)) in out.as_chunks_mut::<16>().0.iter_mut().zip(scales).zip(quants) {
                let dl = d * f32::from(*sc);
                for (y, (l, h)) in out.iter_mut().zip(ql.iter().zip(qh)) {
                    let q = ((l >> low_shift) & 0x0f) | (((h >> high_shift) & 3) << 4);
                    *y = dl * f32::from(q as i8 - 32);
                }
            }
        }
    }
}

impl Format for Q6K {
    const LAYOUT: BlockLayout = BlockLayout::Q6K;
    type Act = Act256;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act256; T]) -> [I::F; T] {
        // Scales plus 128, so that they are unsigned bytes.
        let (d, scales) = if rows.are_interleaved() { (0, 2) } else { (208, 192) };
        let (d, mut scales): (_, [I::W; 4]) = (isa.half_at(rows, d), isa.words(rows, scales));
        for s in &mut scales {
            *s = isa.xor(*s, isa.splat(0x8080_8080));
        }
        let mut sums = [isa.splat(0); T];
        let (four, two, bias) = (isa.splat(0x0F0F_0F0F), isa.splat(0x3030_3030), isa.splat(128));
        // Planes of 32 elements, four to a half: `side` and `side + 2` are nibbles of the same 32 bytes.
        unrolled!(I, half in [0, 1] {
            let (high, low) =
                if rows.are_interleaved() { (18 + 96 * half, 50 + 96 * half) } else { (128 + 32 * half, 64 * half) };
            let high = two_groups(isa, rows, high);
            unrolled!(I, side in [0, 1] {
                let low = two_groups(isa, rows, low + 32 * side);
                unrolled!(I, nibble in [0, 1] {
                    let plane = 2 * nibble + side;
                    let s = bytes(isa, scales[(2 * half + nibble) % 4]);
                    let (s_first, s_second) = (isa.sub(s[2 * side % 4], bias), isa.sub(s[(2 * side + 1) % 4], bias));
                    let mut q = low;
                    for (q, &h) in q.as_flattened_mut().iter_mut().zip(high.as_flattened()) {
                        let h = if plane == 3 { isa.shr(h, 2) } else { isa.shl(h, 4 - 2 * plane as u32) };
                        *q = isa.or(isa.and(isa.shr(*q, 4 * nibble as u32), four), isa.and(h, two));
                    }
                    let group = 8 * half + 2 * plane;
                    isa.scaled_dots_u8::<63, 4, T>(&mut sums, &q[0], x, group, s_first);
                    isa.scaled_dots_u8::<63, 4, T>(&mut sums, &q[1], x, group + 1, s_second);
                });
            });
        });
        let mut out = [d; T];
        for ((out, x), sum) in out.iter_mut().zip(x).zip(sums) {
            // sum of sc * (q - 32) * x: the quants were taken as q, the scales of the sums as sc + 128.
            let offset = dot_bytes(isa, isa.splat((-128 * x.sum) as u32), &scales, &x.sums16);
            *out = scaled(isa, d, x.d, isa.sub(sum, isa.shl(offset, 5)));
        }
        out
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        let (d, scales) = if rows.are_interleaved() { (0, 2) } else { (208, 192) };
        let mut scales: [I::W; 4] = isa.words(rows, scales);
        for s in &mut scales {
            *s = isa.xor(*s, isa.splat(0x8080_8080));
        }
        to.d[0] = isa.half_at(rows, d);
        to.set_offsets(isa, &scales);
        let (four, two) = (isa.splat(0x0F0F_0F0F), isa.splat(0x3030_3030));
        to.set_scales(isa, &scales, 128);
        for (half, q) in to.q.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            let (high, low) =
                if rows.are_interleaved() { (18 + 96 * half, 50 + 96 * half) } else { (128 + 32 * half, 64 * half) };
            let (high, low): ([I::W; 8], [I::W; 16]) = (isa.words(rows, high), isa.words(rows, low));
            for (plane, q) in q.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                for ((q, &l), &h) in q.iter_mut().zip(&low[8 * (plane % 2)..]).zip(&high) {
                    let h = if plane == 3 { isa.shr(h, 2) } else { isa.shl(h, 4 - 2 * plane as u32) };
                    *q = isa.or(isa.and(isa.shr(l, 4 * (plane as u32 / 2)), four), isa.and(h, two));
                }
            }
        }
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act256; T]) -> [I::F; T] {
        w.dot_subs16(isa, -128, 5, x)
    }
}
