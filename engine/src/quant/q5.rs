//! 5-bit blocks of 32.

use bytemuck::{Pod, Zeroable};

use super::act::Act32;
use super::block::{Block, assert_layout};
use super::dot::{Format, dot_u8, dot_u8_with_min};
use super::scale::{scale, scale_and_min};
use super::unpacked::Unpacked;
use super::words::nibbles;
use crate::simd::{BlockLayout, Isa, Rows};

/// ggml's `block_q5_0`: `x = d * (q - 16)`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q5_0 {
    /// Byte 0: scale, f16.
    pub d: [u8; 2],
    /// Byte 2: a little-endian u32 whose bit `i` is the fifth bit of `q[i]`.
    pub qh: [u8; 4],
    /// Byte 6: low four bits of `q`, low nibbles elements 0..16, high nibbles 16..32.
    pub qs: [u8; 16],
}

/// ggml's `block_q5_1`: `x = d * q + m`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q5_1 {
    /// Byte 0: scale, f16.
    pub d: [u8; 2],
    /// Byte 2: minimum, f16.
    pub m: [u8; 2],
    /// Byte 4: a little-endian u32 whose bit `i` is the fifth bit of `q[i]`.
    pub qh: [u8; 4],
    /// Byte 8: low four bits of `q`, low nibbles elements 0..16, high nibbles 16..32.
    pub qs: [u8; 16],
}

assert_layout!(Q5_0: 22, Q5_1: 24);

/// Maps the 32 five-bit quants of a block to values.
fn map_quants(qh: [u8; 4], qs: &[u8; 16], out: &mut [f32], value: impl Fn(u8) -> f32) {
    let mut high = u32::from_le_bytes(qh);
    for (half, shift) in out.as_chunks_mut::<16>().0.iter_mut().zip([0, 4]) {
        for (y, q) in half.iter_mut().zip(qs) {
            *y = value(((q >> shift) & 0x0f) | (((high & 1) as u8) << 4));
            high >>= 1;
        }
    }
}

impl Block for Q5_0 {
    const ELEMS: usize = 32;
    const NAME: &'static str = "Q5_0";
    const ID: u32 = 6;
    const PARTS: &'static [(usize, usize)] = &[(0, 2), (2, 20)];

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        map_quants(self.qh, &self.qs, out, |q| d * f32::from(q as i8 - 16));
    }
}

impl Block for Q5_1 {
    const ELEMS: usize = 32;
    const NAME: &'static str = "Q5_1";
    const ID: u32 = 7;
    const PARTS: &'static [(usize, usize)] = &[(0, 2), (2, 2), (4, 20)];

    fn dequantise(&self, out: &mut [f32]) {
        let (d, m) = (scale(self.d), scale(self.m));
        map_quants(self.qh, &self.qs, out, |q| d * f32::from(q) + m);
    }
}

/// Five-bit quants from 16 bytes of nibbles and 32 fifth bits.
#[inline(always)]
fn with_fifth_bits<I: Isa>(isa: I, qs: [I::W; 4], qh: I::W) -> [I::W; 8] {
    let mut q = nibbles(isa, qs);
    let sixteen = isa.splat(0x1010_1010);
    for (q, shift) in q.iter_mut().zip([0, 4, 8, 12, 16, 20, 24, 28]) {
        *q = isa.or(*q, isa.and(isa.expand_bits(qh, shift), sixteen));
    }
    q
}

impl Q5_0 {
    #[inline(always)]
    fn scale_and_fifth_bits<I: Isa>(isa: I, rows: Rows<'_, Self>) -> (I::F, I::W) {
        if rows.are_interleaved() {
            let [qh] = isa.words(rows, 2);
            return (isa.half_at(rows, 0), qh);
        }
        // Bytes 0 to 15 hold d, the fifth bits (at 2) and some quants; one transposed load serves both.
        let [first, second, _, _] = isa.words::<_, 4>(rows, 0);
        (isa.f16_low(first), isa.or(isa.shr(first, 16), isa.shl(second, 16)))
    }
}

impl Format for Q5_0 {
    const LAYOUT: BlockLayout = BlockLayout::Q5_0;
    type Act = Act32;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act32; T]) -> [I::F; T] {
        let (d, qh) = Q5_0::scale_and_fifth_bits(isa, rows);
        dot_u8::<I, 31, T>(isa, d, &with_fifth_bits(isa, isa.words(rows, 6), qh), -16, x)
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        let (d, qh) = Q5_0::scale_and_fifth_bits(isa, rows);
        to.d[0] = d;
        to.set_quants(&with_fifth_bits(isa, isa.words(rows, 6), qh));
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act32; T]) -> [I::F; T] {
        w.dot32(isa, -16, x)
    }
}

impl Format for Q5_1 {
    const LAYOUT: BlockLayout = BlockLayout::Q5_1;
    type Act = Act32;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act32; T]) -> [I::F; T] {
        let d_and_m = scale_and_min(isa, rows);
        let [qh] = isa.words(rows, 4);
        let q = with_fifth_bits(isa, isa.words(rows, 8), qh);
        dot_u8_with_min::<I, 31, T>(isa, d_and_m, &q, x)
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        to.d = scale_and_min(isa, rows);
        let [qh] = isa.words(rows, 4);
        to.set_quants(&with_fifth_bits(isa, isa.words(rows, 8), qh));
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act32; T]) -> [I::F; T] {
        w.dot32_with_min(isa, x)
    }
}
