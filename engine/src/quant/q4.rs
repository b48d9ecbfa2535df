//! 4-bit blocks of 32.

use bytemuck::{Pod, Zeroable};

use super::act::Act32;
use super::block::{Block, assert_layout};
use super::dot::{Format, dot_u8, dot_u8_with_min};
use super::scale::{scale, scale_and_min};
use super::unpacked::Unpacked;
use super::words::{map_nibbles, nibbles};
use crate::simd::{BlockLayout, Isa, Rows};

/// ggml's `block_q4_0`: `x = d * (q - 8)`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q4_0 {
    /// Byte 0: scale, f16.
    pub d: [u8; 2],
    /// Byte 2: `q`, low nibbles elements 0..16, high nibbles 16..32.
    pub qs: [u8; 16],
}

/// ggml's `block_q4_1`: `x = d * q + m`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q4_1 {
    /// Byte 0: scale, f16.
    pub d: [u8; 2],
    /// Byte 2: minimum, f16.
    pub m: [u8; 2],
    /// Byte 4: `q`, low nibbles elements 0..16, high nibbles 16..32.
    pub qs: [u8; 16],
}

assert_layout!(Q4_0: 18, Q4_1: 20);

impl Block for Q4_0 {
    const ELEMS: usize = 32;
    const NAME: &'static str = "Q4_0";
    const ID: u32 = 2;
    const PARTS: &'static [(usize, usize)] = &[(0, 2), (2, 16)];

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        map_nibbles(&self.qs, out, |q| d * f32::from(q as i8 - 8));
    }
}

impl Block for Q4_1 {
    const ELEMS: usize = 32;
    const NAME: &'static str = "Q4_1";
    const ID: u32 = 3;
    const PARTS: &'static [(usize, usize)] = &[(0, 2), (2, 2), (4, 16)];

    fn dequantise(&self, out: &mut [f32]) {
        let (d, m) = (scale(self.d), scale(self.m));
        map_nibbles(&self.qs, out, |q| d * f32::from(q) + m);
    }
}

impl Format for Q4_0 {
    const LAYOUT: BlockLayout = BlockLayout::Q4_0;
    type Act = Act32;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act32; T]) -> [I::F; T] {
        let q = nibbles(isa, isa.words(rows, 2));
        let d = isa.half_at(rows, 0);
        dot_u8::<I, 15, T>(isa, d, &q, -8, x)
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        to.set_quants(&nibbles(isa, isa.words(rows, 2)));
        to.d[0] = isa.half_at(rows, 0);
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act32; T]) -> [I::F; T] {
        w.dot32(isa, -8, x)
    }
}

impl Format for Q4_1 {
    const LAYOUT: BlockLayout = BlockLayout::Q4_1;
    type Act = Act32;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act32; T]) -> [I::F; T] {
        let d_and_m = scale_and_min(isa, rows);
        dot_u8_with_min::<I, 15, T>(isa, d_and_m, &nibbles(isa, isa.words(rows, 4)), x)
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        to.d = scale_and_min(isa, rows);
        to.set_quants(&nibbles(isa, isa.words(rows, 4)));
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act32; T]) -> [I::F; T] {
        w.dot32_with_min(isa, x)
    }
}
