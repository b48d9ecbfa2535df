//! 3-bit blocks of 256.

use bytemuck::{Pod, Zeroable};

use super::act::Act256;
use super::block::{Block, assert_layout};
use super::dot::{Format, dot_bytes};
use super::scale::{scale, scaled};
use super::unpacked::Unpacked;
use super::words::{bytes, planes, two_groups};
use crate::simd::{BlockLayout, Isa, Rows};

/// ggml's `block_q3_K`: `x = (d * sc) * (q - 4)`, `sc` one of 16 sub-blocks each.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q3K {
    /// Byte 0: third bit of `q`. Bit `i` of all bytes belongs to elements `32 * i .. 32 * i + 32`.
    pub hmask: [u8; 32],
    /// Byte 32: low two bits of `q`. Each 32 bytes hold 128 elements: bits 0..2 of all bytes the first
    /// 32, bits 2..4 the next 32, and so on.
    pub qs: [u8; 64],
    /// Byte 96: packed 6-bit scales, see [`Q3K::sub_scales`].
    pub scales: [u8; 12],
    /// Byte 108: scale of the scales, f16.
    pub d: [u8; 2],
}

assert_layout!(Q3K: 110);

impl Q3K {
    /// The 16 scales `sc`, in `-32..32`.
    ///
    /// Nibbles of bytes 0..8 are the low four bits (low nibbles scales 0..8, high nibbles 8..16); bit
    /// pairs of bytes 8..12 are the high two (bits 0..2 of the four bytes scales 0..4, and so on).
    #[must_use]
    pub fn sub_scales(&self) -> [i8; 16] {
        core::array::from_fn(|i| {
            let low = (self.scales[i % 8] >> (i / 8 * 4)) & 0x0f;
            let high = (self.scales[8 + i % 4] >> (i / 4 * 2)) & 3;
            (low | (high << 4)) as i8 - 32
        })
    }
}

impl Block for Q3K {
    const ELEMS: usize = 256;
    const NAME: &'static str = "Q3_K";
    const ID: u32 = 11;
    const PARTS: &'static [(usize, usize)] = &[(0, 108), (108, 2)];

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        let scales = self.sub_scales();
        let sub_blocks = scales.as_chunks::<2>().0.iter().zip(planes(&self.qs, [0, 2, 4, 6])).zip(0u32..);
        for (out, ((scales, (qs, shift)), bit)) in out.as_chunks_mut::<32>().0.iter_mut().zip(sub_blocks) {
            let quants = qs.as_chunks::<16>().0.iter().zip(self.hmask.as_chunks::<16>().0);
            for ((out, sc), (qs, hmask)) in out.as_chunks_mut::<16>().0.iter_mut().zip(scales).zip(quants) {
                let dl = d * f32::from(*sc);
                for (y, (q, h)) in out.iter_mut().zip(qs.iter().zip(hmask)) {
                    let q = ((q >> shift) & 3) | (((h >> bit) & 1) << 2);
                    *y = dl * f32::from(q as i8 - 4);
                }
            }
        }
    }
}

/// Scales plus 32, in 0..64: four bits from the first two words, two from the third.
#[inline(always)]
fn biased_scales<I: Isa>(isa: I, rows: Rows<'_, Q3K>) -> [I::W; 4] {
    let (four, high_two) = (isa.splat(0x0F0F_0F0F), isa.splat(0x3030_3030));
    let [a, b, c] = isa.words(rows, 96);
    [
        isa.or(isa.and(a, four), isa.and(isa.shl(c, 4), high_two)),
        isa.or(isa.and(b, four), isa.and(isa.shl(c, 2), high_two)),
        isa.or(isa.and(isa.shr(a, 4), four), isa.and(c, high_two)),
        isa.or(isa.and(isa.shr(b, 4), four), isa.and(isa.shr(c, 2), high_two)),
    ]
}

impl Format for Q3K {
    const LAYOUT: BlockLayout = BlockLayout::Q3K;
    type Act = Act256;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act256; T]) -> [I::F; T] {
        let scales = biased_scales(isa, rows);
        let hmask = two_groups(isa, rows, 0);
        let (two, one) = (isa.splat(0x0303_0303), isa.splat(0x0101_0101));
        let mut sums = [isa.splat(0); T];
        for half in 0..2 {
            let packed = two_groups(isa, rows, 32 + 32 * half);
            for pair in 0..2 {
                let [s0, s1, s2, s3] = bytes(isa, scales[2 * half + pair]);
                for (plane, s_first, s_second) in [(2 * pair, s0, s1), (2 * pair + 1, s2, s3)] {
                    let bias = isa.splat(32);
                    let (s_first, s_second) = (isa.sub(s_first, bias), isa.sub(s_second, bias));
                    let mut q = packed;
                    for (q, &h) in q.as_flattened_mut().iter_mut().zip(hmask.as_flattened()) {
                        let third = isa.and(isa.shr(h, (4 * half + plane) as u32), one);
                        *q = isa.or(isa.and(isa.shr(*q, 2 * plane as u32), two), isa.shl(third, 2));
                    }
                    let group = 8 * half + 2 * plane;
                    isa.scaled_dots_u8::<7, 4, T>(&mut sums, &q[0], x, group, s_first);
                    isa.scaled_dots_u8::<7, 4, T>(&mut sums, &q[1], x, group + 1, s_second);
                }
            }
        }
        let d = isa.half_at(rows, 108);
        let mut out = [d; T];
        for ((out, x), sum) in out.iter_mut().zip(x).zip(sums) {
            // sum of sc * (q - 4) * x: the quants were taken as q, the scales of the sums as sc + 32.
            let offset = dot_bytes(isa, isa.splat((-32 * x.sum) as u32), &scales, &x.sums16);
            *out = scaled(isa, d, x.d, isa.sub(sum, isa.shl(offset, 2)));
        }
        out
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        let scales = biased_scales(isa, rows);
        to.set_scales(isa, &scales, 32);
        to.set_offsets(isa, &scales);
        to.d[0] = isa.half_at(rows, 108);
        let hmask: [I::W; 8] = isa.words(rows, 0);
        let (two, one) = (isa.splat(0x0303_0303), isa.splat(0x0101_0101));
        for (half, q) in to.q.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            let packed: [I::W; 8] = isa.words(rows, 32 + 32 * half);
            for (plane, q) in q.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                for ((q, &packed), &h) in q.iter_mut().zip(&packed).zip(&hmask) {
                    let third = isa.and(isa.shr(h, (4 * half + plane) as u32), one);
                    *q = isa.or(isa.and(isa.shr(packed, 2 * plane as u32), two), isa.shl(third, 2));
                }
            }
        }
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act256; T]) -> [I::F; T] {
        w.dot_subs16(isa, -32, 2, x)
    }
}
