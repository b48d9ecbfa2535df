//! Ternary blocks of 256.

use bytemuck::{Pod, Zeroable};

use super::act::Act256;
use super::block::{Block, assert_layout};
use super::dot::Format;
use super::scale::{scale, scaled};
use super::unpacked::Unpacked;
use super::words::planes;
use crate::simd::{BlockLayout, Isa, Rows};

/// ggml's `block_tq1_0`: `x = d * (t - 1)`, five base-3 digits `t` a byte.
///
/// A byte is a fixed-point fraction `b / 256`: digit `i` is the integer part of `3 * frac(b * 3^i / 256)`.
/// Digit 0 of all bytes of a field comes first, then digit 1, and so on.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct TQ1_0 {
    /// Byte 0, ggml's `qs[..32]`: elements 0..160, five digits a byte.
    pub qs: [u8; 32],
    /// Byte 32, ggml's `qs[32..]`: elements 160..240, five digits a byte.
    pub qs_tail: [u8; 16],
    /// Byte 48: elements 240..256, four digits a byte.
    pub qh: [u8; 4],
    /// Byte 52: scale, f16.
    pub d: [u8; 2],
}

/// ggml's `block_tq2_0`: `x = d * (q - 1)`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct TQ2_0 {
    /// Byte 0: `q`. Each 32 bytes hold 128 elements: bits 0..2 of all bytes the first 32, bits 2..4 the
    /// next 32, and so on.
    pub qs: [u8; 64],
    /// Byte 64: scale, f16.
    pub d: [u8; 2],
}

assert_layout!(TQ1_0: 54, TQ2_0: 66);

/// The first `N` digits of all bytes, less 1: digit 0 of every byte, then digit 1, and so on.
fn digits<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = i8> {
    [1u8, 3, 9, 27, 81]
        .into_iter()
        .take(N)
        .flat_map(move |power| bytes.iter().map(move |b| ((u16::from(b.wrapping_mul(power)) * 3) >> 8) as i8 - 1))
}

impl TQ1_0 {
    /// The 256 weights without their scale, in `-1..=1`.
    pub fn quants(&self) -> impl Iterator<Item = i8> {
        digits::<5>(&self.qs).chain(digits::<5>(&self.qs_tail)).chain(digits::<4>(&self.qh))
    }
}

impl Block for TQ1_0 {
    const ELEMS: usize = 256;
    const NAME: &'static str = "TQ1_0";
    const ID: u32 = 34;
    const PARTS: &'static [(usize, usize)] = &[(0, 52), (52, 2)];

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        for (y, q) in out.iter_mut().zip(self.quants()) {
            *y = d * f32::from(q);
        }
    }
}

impl Block for TQ2_0 {
    const ELEMS: usize = 256;
    const NAME: &'static str = "TQ2_0";
    const ID: u32 = 35;
    const PARTS: &'static [(usize, usize)] = &[(0, 64), (64, 2)];

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        let planes = planes(&self.qs, [0, 2, 4, 6]);
        for (out, (qs, shift)) in out.as_chunks_mut::<32>().0.iter_mut().zip(planes) {
            for (y, q) in out.iter_mut().zip(qs) {
                *y = d * f32::from(((q >> shift) & 3) as i8 - 1);
            }
        }
    }
}

/// Digit `n` of every byte of a word, in `0..3`; `power` is `3^n`.
#[inline(always)]
fn digit<I: Isa>(isa: I, w: I::W, power: u32) -> I::W {
    let even = isa.splat(0x00FF_00FF);
    let (power, three) = (isa.splat(power), isa.splat(3));
    // Bytes are spread to 16 bits, so that no product reaches its neighbour.
    let low = isa.mul(isa.and(isa.mul(isa.and(w, even), power), even), three);
    let high = isa.mul(isa.and(isa.mul(isa.and(isa.shr(w, 8), even), power), even), three);
    isa.or(isa.and(isa.shr(low, 8), even), isa.and(high, isa.splat(0xFF00_FF00)))
}

impl Format for TQ1_0 {
    const LAYOUT: BlockLayout = BlockLayout::TQ1_0;
    type Act = Act256;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act256; T]) -> [I::F; T] {
        let (first, second): ([I::W; 8], [I::W; 4]) = (isa.words(rows, 0), isa.words(rows, 32));
        let [third] = isa.words(rows, 48);
        let mut sums = [isa.splat(0); T];
        for (n, power) in [1, 3, 9, 27, 81].into_iter().enumerate() {
            let (mut a, mut b) = (first, second);
            for q in a.iter_mut().chain(&mut b) {
                *q = digit(isa, *q, power);
            }
            let c = [digit(isa, third, power)];
            isa.dots_u8::<2, 8, T>(&mut sums, &a, x, n);
            isa.dots_u8::<2, 4, T>(&mut sums, &b, x, 10 + n);
            if n < 4 {
                isa.dots_u8::<2, 1, T>(&mut sums, &c, x, 60 + n);
            }
        }
        let d = isa.half_at(rows, 52);
        let mut out = [d; T];
        for ((out, x), sum) in out.iter_mut().zip(x).zip(sums) {
            *out = scaled(isa, d, x.d, isa.sub(sum, isa.splat(x.sum as u32)));
        }
        out
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        let (first, second): ([I::W; 8], [I::W; 4]) = (isa.words(rows, 0), isa.words(rows, 32));
        let [third] = isa.words(rows, 48);
        let (all, last) = to.q.split_at_mut(60);
        let (firsts, seconds) = all.split_at_mut(40);
        for (n, power) in [1, 3, 9, 27, 81].into_iter().enumerate() {
            let packed = first
                .iter()
                .zip(firsts.iter_mut().skip(8 * n))
                .chain(second.iter().zip(seconds.iter_mut().skip(4 * n)));
            for (&w, q) in packed {
                *q = digit(isa, w, power);
            }
            if let Some(q) = last.get_mut(n) {
                *q = digit(isa, third, power);
            }
        }
        to.d[0] = isa.half_at(rows, 52);
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act256; T]) -> [I::F; T] {
        w.dot256(isa, -1, x)
    }
}

impl Format for TQ2_0 {
    const LAYOUT: BlockLayout = BlockLayout::TQ2_0;
    type Act = Act256;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act256; T]) -> [I::F; T] {
        let two = isa.splat(0x0303_0303);
        let mut sums = [isa.splat(0); T];
        for half in 0..2 {
            let packed: [I::W; 8] = isa.words(rows, 32 * half);
            for plane in 0..4 {
                let mut q = packed;
                for q in &mut q {
                    *q = isa.and(isa.shr(*q, 2 * plane as u32), two);
                }
                isa.dots_u8::<3, 8, T>(&mut sums, &q, x, 4 * half + plane);
            }
        }
        let d = isa.half_at(rows, 64);
        let mut out = [d; T];
        for ((out, x), sum) in out.iter_mut().zip(x).zip(sums) {
            *out = scaled(isa, d, x.d, isa.sub(sum, isa.splat(x.sum as u32)));
        }
        out
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        let two = isa.splat(0x0303_0303);
        for (half, q) in to.q.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            let packed: [I::W; 8] = isa.words(rows, 32 * half);
            for (plane, q) in q.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                for (q, &packed) in q.iter_mut().zip(&packed) {
                    *q = isa.and(isa.shr(packed, 2 * plane as u32), two);
                }
            }
        }
        to.d[0] = isa.half_at(rows, 64);
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act256; T]) -> [I::F; T] {
        w.dot256(isa, -1, x)
    }
}
