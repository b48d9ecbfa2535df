//! 4- and 5-bit blocks of 256, whose 6-bit scales are packed alike.

use bytemuck::{Pod, Zeroable};

use super::act::Act256;
use super::block::{Block, assert_layout};
use super::dot::{Format, dot_bytes};
use super::scale::{scale, scale_and_min, scaled};
use super::unpacked::{Unpacked, flat};
use super::unrolled::unrolled;
use super::words::{bytes, planes, split_nibbles};
use crate::simd::{BlockLayout, Isa, Rows};

/// ggml's `block_q4_K`: `x = (d * sc) * q - dmin * m`, `sc` and `m` one of 8 sub-blocks each.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q4K {
    /// Byte 0: scale of the scales, f16.
    pub d: [u8; 2],
    /// Byte 2: scale of the minimums, f16.
    pub dmin: [u8; 2],
    /// Byte 4: packed 6-bit `sc` and `m`, see [`Q4K::sub_scales`].
    pub scales: [u8; 12],
    /// Byte 16: `q`. Each 32 bytes hold 64 elements: low nibbles the first 32, high nibbles the rest.
    pub qs: [u8; 128],
}

/// ggml's `block_q5_K`: `x = (d * sc) * q - dmin * m`, `sc` and `m` one of 8 sub-blocks each.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q5K {
    /// Byte 0: scale of the scales, f16.
    pub d: [u8; 2],
    /// Byte 2: scale of the minimums, f16.
    pub dmin: [u8; 2],
    /// Byte 4: packed 6-bit `sc` and `m`, as in [`Q4K::sub_scales`].
    pub scales: [u8; 12],
    /// Byte 16: fifth bit of `q`. Bit `i` of all bytes belongs to sub-block `i`.
    pub qh: [u8; 32],
    /// Byte 48: low four bits of `q`. Each 32 bytes hold 64 elements: low nibbles the first 32, high
    /// nibbles the rest.
    pub qs: [u8; 128],
}

assert_layout!(Q4K: 144, Q5K: 176);

/// Unpacks the scales and minimums of 8 sub-blocks, four at a time, as [`Q4K::sub_scales`] tells.
fn sub_scales(packed: &[u8; 12]) -> ([u8; 8], [u8; 8]) {
    let [s0, s1, s2, s3, m0, m1, m2, m3, low @ ..] = *packed;
    let sc = u32::from_le_bytes([s0, s1, s2, s3]);
    let m = u32::from_le_bytes([m0, m1, m2, m3]);
    let low = u32::from_le_bytes(low);
    // bytes 0..4 in the low word, 4..8 in the high one
    let unpack = |own: u32, low: u32| {
        let upper = (low & 0x0f0f_0f0f) | ((own >> 2) & 0x3030_3030);
        (u64::from(own & 0x3f3f_3f3f) | (u64::from(upper) << 32)).to_le_bytes()
    };
    (unpack(sc, low), unpack(m, low >> 4))
}

impl Q4K {
    /// The scales `sc` and minimums `m` of the 8 sub-blocks, in `0..64`.
    ///
    /// Bits 0..6 of bytes 0..4 and 4..8 are `sc[0..4]` and `m[0..4]`. Of `sc[4..8]` and `m[4..8]`, the
    /// low four bits are the low and high nibbles of bytes 8..12, the high two are bits 6..8 of bytes
    /// 0..4 and 4..8.
    #[must_use]
    pub fn sub_scales(&self) -> ([u8; 8], [u8; 8]) {
        sub_scales(&self.scales)
    }
}

impl Q5K {
    /// The scales `sc` and minimums `m` of the 8 sub-blocks, in `0..64`, packed as in [`Q4K`].
    #[must_use]
    pub fn sub_scales(&self) -> ([u8; 8], [u8; 8]) {
        sub_scales(&self.scales)
    }
}

/// `(d * sc, dmin * m)` of each sub-block.
fn sub_values(d: [u8; 2], dmin: [u8; 2], (sc, m): ([u8; 8], [u8; 8])) -> impl Iterator<Item = (f32, f32)> {
    let (d, dmin) = (scale(d), scale(dmin));
    sc.into_iter().zip(m).map(move |(sc, m)| (d * f32::from(sc), dmin * f32::from(m)))
}

impl Block for Q4K {
    const ELEMS: usize = 256;
    const NAME: &'static str = "Q4_K";
    const ID: u32 = 12;
    const PARTS: &'static [(usize, usize)] = &[(0, 2), (2, 2), (4, 140)];

    fn dequantise(&self, out: &mut [f32]) {
        let sub_blocks = planes(&self.qs, [0, 4]).zip(sub_values(self.d, self.dmin, self.sub_scales()));
        for (out, ((qs, shift), (d, m))) in out.as_chunks_mut::<32>().0.iter_mut().zip(sub_blocks) {
            for (y, q) in out.iter_mut().zip(qs) {
                *y = d * f32::from((q >> shift) & 0x0f) - m;
            }
        }
    }
}

impl Block for Q5K {
    const ELEMS: usize = 256;
    const NAME: &'static str = "Q5_K";
    const ID: u32 = 13;
    const PARTS: &'static [(usize, usize)] = &[(0, 2), (2, 2), (4, 172)];

    fn dequantise(&self, out: &mut [f32]) {
        let sub_blocks = planes(&self.qs, [0, 4]).zip(sub_values(self.d, self.dmin, self.sub_scales())).zip(0u32..);
        for (out, (((qs, shift), (d, m)), bit)) in out.as_chunks_mut::<32>().0.iter_mut().zip(sub_blocks) {
            for (y, (q, h)) in out.iter_mut().zip(qs.iter().zip(self.qh)) {
                let q = ((q >> shift) & 0x0f) | (((h >> bit) & 1) << 4);
                *y = d * f32::from(q) - m;
            }
        }
    }
}

/// The packed scales and minimums of each row as bytes: `sc[0..4]`, `sc[4..8]`, then `m` alike.
#[inline(always)]
fn sub_scale_words<I: Isa>(isa: I, a: I::W, b: I::W, c: I::W) -> ([I::W; 2], [I::W; 2]) {
    let (six, four, top) = (isa.splat(0x3F3F_3F3F), isa.splat(0x0F0F_0F0F), isa.splat(0x3030_3030));
    let sc_high = isa.or(isa.and(c, four), isa.and(isa.shr(a, 2), top));
    let m_high = isa.or(isa.and(isa.shr(c, 4), four), isa.and(isa.shr(b, 2), top));
    ([isa.and(a, six), sc_high], [isa.and(b, six), m_high])
}

/// Quants `64 * i..` of Q5_K, each 32 of them: nibbles of `w` with bits `2 * i` and `2 * i + 1` of the bytes of `fifth`.
#[inline(always)]
fn with_fifth<I: Isa>(isa: I, w: [I::W; 8], fifth: &[I::W; 8], i: usize) -> [[I::W; 8]; 2] {
    let sixteen = isa.splat(0x1010_1010);
    let [mut low, mut high] = split_nibbles(isa, w);
    for ((low, high), &fifth) in low.iter_mut().zip(&mut high).zip(fifth) {
        // To bit 4 of each byte.
        let (even, odd) = match i {
            0 => (isa.shl(fifth, 4), isa.shl(fifth, 3)),
            1 => (isa.shl(fifth, 2), isa.shl(fifth, 1)),
            2 => (fifth, isa.shr(fifth, 1)),
            _ => (isa.shr(fifth, 2), isa.shr(fifth, 3)),
        };
        *low = isa.or(*low, isa.and(even, sixteen));
        *high = isa.or(*high, isa.and(odd, sixteen));
    }
    [low, high]
}

/// All but the quants.
#[inline(always)]
fn unpack_scales<I: Isa, T: Pod>(isa: I, rows: Rows<'_, T>, to: &mut Unpacked<I>) {
    to.d = scale_and_min(isa, rows);
    let [a, b, c] = isa.words::<_, 3>(rows, 4);
    let (scales, mins) = sub_scale_words(isa, a, b, c);
    to.set_scales(isa, &scales, 0);
    to.set_offsets(isa, &mins);
}

/// `(d * dx) * sum - (dmin * dx) * (mins . sums of x)` of one token.
#[inline(always)]
fn less_mins<I: Isa>(isa: I, [d, dmin]: [I::F; 2], sum: I::F, mins: &[I::W; 2], x: &Act256) -> I::F {
    let min_sum = dot_bytes(isa, isa.splat(0), mins, &x.sums32);
    isa.f_sub(isa.f_mul(isa.f_mul(d, isa.f_splat(x.d)), sum), scaled(isa, dmin, x.d, min_sum))
}

/// The dot product of a block whose 64 elements from `64 * i` on are `quants(i)`, each at most `MAX`:
/// the low nibbles' 32 first.
macro_rules! dot_k45 {
    ($isa:ident, $rows:ident, $x:ident, $max:literal, |$i:ident| $quants:expr) => {{
        let [d, dmin] = scale_and_min($isa, $rows);
        let [a, b, c] = $isa.words::<_, 3>($rows, 4);
        let (scales, mins) = sub_scale_words($isa, a, b, c);
        let mut sums = [$isa.splat(0); T];
        unrolled!(I, $i in [0, 1, 2, 3] {
            let s = bytes($isa, scales[$i / 2 % 2]);
            let (s_low, s_high) = (s[2 * $i % 4], s[(2 * $i + 1) % 4]);
            let [low, high]: [[I::W; 8]; 2] = $quants;
            $isa.scaled_dots_u8::<$max, 8, T>(&mut sums, &low, $x, 2 * $i, s_low);
            $isa.scaled_dots_u8::<$max, 8, T>(&mut sums, &high, $x, 2 * $i + 1, s_high);
        });
        let mut out = [d; T];
        for ((out, x), sum) in out.iter_mut().zip($x).zip(sums) {
            *out = less_mins($isa, [d, dmin], $isa.to_f32(sum), &mins, x);
        }
        out
    }};
}

impl Format for Q4K {
    const LAYOUT: BlockLayout = BlockLayout::Q4K;
    type Act = Act256;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act256; T]) -> [I::F; T] {
        dot_k45!(isa, rows, x, 15, |i| split_nibbles(isa, isa.words(rows, 16 + 32 * i)))
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        unpack_scales(isa, rows, to);
        for (i, q) in to.q.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            *q = flat(split_nibbles(isa, isa.words(rows, 16 + 32 * i)));
        }
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act256; T]) -> [I::F; T] {
        w.dot_small_subs32_with_mins(isa, x)
    }
}

impl Format for Q5K {
    const LAYOUT: BlockLayout = BlockLayout::Q5K;
    type Act = Act256;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act256; T]) -> [I::F; T] {
        let fifth: [I::W; 8] = isa.words(rows, 16);
        dot_k45!(isa, rows, x, 31, |i| with_fifth(isa, isa.words(rows, 48 + 32 * i), &fifth, i))
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        unpack_scales(isa, rows, to);
        let fifth = isa.words(rows, 16);
        for (i, q) in to.q.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            *q = flat(with_fifth(isa, isa.words(rows, 48 + 32 * i), &fifth, i));
        }
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act256; T]) -> [I::F; T] {
        w.dot_subs32_with_mins(isa, x)
    }
}
