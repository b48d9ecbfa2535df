//! 4-bit blocks whose nibbles choose from a table of unevenly spaced values.

use bytemuck::{Pod, Zeroable};

use super::act::{Act32, Act256};
use super::block::{Block, assert_layout};
use super::dot::{Format, dot_i8};
use super::scale::{scale, scaled};
use super::unpacked::{Unpacked, unsigned};
use super::words::{map_nibbles, nibbles};
use crate::simd::{BlockLayout, Isa, Quads, Rows};

/// The values that nibbles stand for, ggml's `kvalues_iq4nl`.
pub const IQ4_VALUES: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// ggml's `block_iq4_nl`: `x = d * IQ4_VALUES[q]`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct IQ4NL {
    /// Byte 0: scale, f16.
    pub d: [u8; 2],
    /// Byte 2: `q`, low nibbles elements 0..16, high nibbles 16..32.
    pub qs: [u8; 16],
}

/// ggml's `block_iq4_xs`: `x = (d * sc) * IQ4_VALUES[q]`, `sc` one of 8 sub-blocks each.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct IQ4XS {
    /// Byte 0: scale of the scales, f16.
    pub d: [u8; 2],
    /// Byte 2: a little-endian u16 whose bits `2 * i .. 2 * i + 2` are the high two bits of scale `i`.
    pub scales_h: [u8; 2],
    /// Byte 4: low four bits of the scales, even ones in low nibbles, odd ones in high nibbles.
    pub scales_l: [u8; 4],
    /// Byte 8: `q`. Each 16 bytes are a sub-block: low nibbles its elements 0..16, high nibbles 16..32.
    pub qs: [u8; 128],
}

assert_layout!(IQ4NL: 18, IQ4XS: 136);

/// The table's value for a nibble.
fn value(q: u8) -> f32 {
    f32::from(IQ4_VALUES[usize::from(q & 0x0f)])
}

impl IQ4XS {
    /// The 8 scales `sc`, in `-32..32`.
    #[must_use]
    pub fn sub_scales(&self) -> [i8; 8] {
        let high = u16::from_le_bytes(self.scales_h);
        core::array::from_fn(|i| {
            let low = (self.scales_l[i / 2 % 4] >> (i % 2 * 4)) & 0x0f;
            (low | ((((high >> (i * 2)) & 3) as u8) << 4)) as i8 - 32
        })
    }
}

impl Block for IQ4NL {
    const ELEMS: usize = 32;
    const NAME: &'static str = "IQ4_NL";
    const ID: u32 = 20;
    const PARTS: &'static [(usize, usize)] = &[(0, 2), (2, 16)];

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        map_nibbles(&self.qs, out, |q| d * value(q));
    }
}

impl Block for IQ4XS {
    const ELEMS: usize = 256;
    const NAME: &'static str = "IQ4_XS";
    const ID: u32 = 23;

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        let sub_blocks = self.qs.as_chunks::<16>().0.iter().zip(self.sub_scales());
        for (out, (qs, sc)) in out.as_chunks_mut::<32>().0.iter_mut().zip(sub_blocks) {
            let dl = d * f32::from(sc);
            map_nibbles(qs, out, |q| dl * value(q));
        }
    }
}

/// The table's values for the nibbles of four words: 32 elements.
#[inline(always)]
pub(super) fn lookup_nibbles<I: Isa>(isa: I, table: &[i8; 16], w: [I::W; 4]) -> [I::W; 8] {
    let mut q = nibbles(isa, w);
    for q in &mut q {
        *q = isa.lookup(table, *q);
    }
    q
}

impl Format for IQ4NL {
    const LAYOUT: BlockLayout = BlockLayout::IQ4NL;
    type Act = Act32;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act32; T]) -> [I::F; T] {
        let q = lookup_nibbles(isa, &IQ4_VALUES, isa.words(rows, 2));
        let d = isa.half_at(rows, 0);
        dot_i8(isa, d, &q, x)
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        to.set_quants(&unsigned(isa, lookup_nibbles(isa, &IQ4_VALUES, isa.words(rows, 2))));
        to.d[0] = isa.half_at(rows, 0);
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act32; T]) -> [I::F; T] {
        w.dot32(isa, -128, x)
    }
}

/// The scale of sub-block `i`.
#[inline(always)]
fn sub_scale<I: Isa>(isa: I, d_and_high: I::W, low: I::W, i: usize) -> I::W {
    let low = isa.and(isa.shr(low, 4 * i as u32), isa.splat(0x0F));
    let high = isa.and(isa.shr(d_and_high, 12 + 2 * i as u32), isa.splat(0x30));
    isa.sub(isa.or(low, high), isa.splat(32))
}

impl Format for IQ4XS {
    const LAYOUT: BlockLayout = BlockLayout::IQ4XS;
    type Act = Act256;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act256; T]) -> [I::F; T] {
        let [d_and_high, scales_low] = isa.words(rows, 0);
        let mut sums = [isa.splat(0); T];
        for i in 0..8 {
            let scale = sub_scale(isa, d_and_high, scales_low, i);
            let q = lookup_nibbles(isa, &IQ4_VALUES, isa.words(rows, 8 + 16 * i));
            for (sum, x) in sums.iter_mut().zip(x) {
                let dot = isa.dot_i8(isa.splat(0), &q, x.quads(i), x.sum32(i));
                *sum = isa.add(*sum, isa.mul(dot, scale));
            }
        }
        let d = isa.f16_low(d_and_high);
        let mut out = [d; T];
        for ((out, x), sum) in out.iter_mut().zip(x).zip(sums) {
            *out = scaled(isa, d, x.d, sum);
        }
        out
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        let [d_and_high, scales_low] = isa.words(rows, 0);
        to.d[0] = isa.f16_low(d_and_high);
        for (i, (q, scale)) in to.q.as_chunks_mut::<8>().0.iter_mut().zip(&mut to.scales).enumerate() {
            *scale = sub_scale(isa, d_and_high, scales_low, i);
            *q = unsigned(isa, lookup_nibbles(isa, &IQ4_VALUES, isa.words(rows, 8 + 16 * i)));
        }
        // The quants are taken as q + 128. Two scales to a word: 0 and 2, 1 and 3, 4 and 6, 5 and 7.
        let pairs = to.offsets.as_chunks_mut::<2>().0.iter_mut().zip(to.scales.as_chunks::<4>().0);
        for (to, &[a, b, c, d]) in pairs.take(2) {
            let pair = |low, high| isa.or(isa.and(low, isa.splat(0xFFFF)), isa.shl(high, 16));
            *to = [pair(a, c), pair(b, d)];
        }
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act256; T]) -> [I::F; T] {
        w.dot_subs32(isa, 7, x)
    }
}
