//! 8-bit blocks: weights of 32, and the two formats that activations are quantised to.

use bytemuck::{Pod, Zeroable};

use super::act::{Act32, Act256};
use super::block::{Block, assert_layout};
use super::dot::{Format, dot_i8};
use super::scale::{scale, scaled};
use super::unpacked::{Unpacked, unsigned};
use crate::simd::{BlockLayout, Isa, Rows};

/// ggml's `block_q8_0`: `x = d * q`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q8_0 {
    /// Byte 0: scale, f16.
    pub d: [u8; 2],
    /// Byte 2: `q`.
    pub qs: [i8; 32],
}

/// ggml's `block_q8_K`: `x = d * q`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q8K {
    /// Byte 0: scale, f32.
    pub d: [u8; 4],
    /// Byte 4: `q`.
    pub qs: [i8; 256],
    /// Byte 260: sums of each 16 of `q`, i16, for formats that subtract a minimum.
    pub bsums: [[u8; 2]; 16],
}

assert_layout!(Q8_0: 34, Q8K: 292);

impl Block for Q8_0 {
    const ELEMS: usize = 32;
    const NAME: &'static str = "Q8_0";
    const ID: u32 = 8;
    const PARTS: &'static [(usize, usize)] = &[(0, 2), (2, 32)];

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        for (y, q) in out.iter_mut().zip(self.qs) {
            *y = d * f32::from(q);
        }
    }
}

impl Block for Q8K {
    const ELEMS: usize = 256;
    const NAME: &'static str = "Q8_K";
    const ID: u32 = 15;

    fn dequantise(&self, out: &mut [f32]) {
        let d = f32::from_le_bytes(self.d);
        for (y, q) in out.iter_mut().zip(self.qs) {
            *y = d * f32::from(q);
        }
    }
}

impl Format for Q8_0 {
    const LAYOUT: BlockLayout = BlockLayout::Q8_0;
    type Act = Act32;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act32; T]) -> [I::F; T] {
        let q: [I::W; 8] = isa.words(rows, 2);
        let d = isa.half_at(rows, 0);
        dot_i8(isa, d, &q, x)
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        to.d[0] = isa.half_at(rows, 0);
        to.set_quants(&unsigned::<I, 8>(isa, isa.words(rows, 2)));
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act32; T]) -> [I::F; T] {
        w.dot32(isa, -128, x)
    }
}

impl Format for Q8K {
    const LAYOUT: BlockLayout = BlockLayout::Q8K;
    type Act = Act256;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act256; T]) -> [I::F; T] {
        let [d] = isa.words(rows, 0);
        let d = isa.as_f32(d);
        let mut sums = [isa.splat(0); T];
        for i in 0..8 {
            let q: [I::W; 8] = isa.words(rows, 4 + 32 * i);
            isa.dots_i8(&mut sums, &q, x, i);
        }
        let mut out = [d; T];
        for ((out, x), sum) in out.iter_mut().zip(x).zip(sums) {
            *out = scaled(isa, d, x.d, sum);
        }
        out
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        let [d] = isa.words(rows, 0);
        to.d[0] = isa.as_f32(d);
        to.set_quants(&unsigned::<I, 64>(isa, isa.words(rows, 4)));
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act256; T]) -> [I::F; T] {
        w.dot256(isa, -128, x)
    }
}
