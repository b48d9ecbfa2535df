//! OCP microscaling FP4 blocks of 32.

use bytemuck::{Pod, Zeroable};

use super::act::Act32;
use super::block::{Block, assert_layout};
use super::dot::{Format, dot_i8};
use super::iq4::lookup_nibbles;
use super::unpacked::{Unpacked, unsigned};
use super::words::map_nibbles;
use crate::simd::{BlockLayout, Isa, MXFP4_VALUES, Rows};

/// ggml's `block_mxfp4`: `x = 2^(e - 128) * MXFP4_VALUES[q]`.
///
/// Code 8, minus zero, is plus zero, as in ggml. Large `e` reach infinity; 255 is no NaN.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct MXFP4 {
    /// Byte 0: exponent, E8M0.
    pub e: u8,
    /// Byte 1: `q`, low nibbles elements 0..16, high nibbles 16..32.
    pub qs: [u8; 16],
}

assert_layout!(MXFP4: 17);

impl MXFP4 {
    /// `2^(e - 128)`, half the E8M0 scale because the table holds twice the values.
    #[must_use]
    pub fn scale(&self) -> f32 {
        f32::from_bits(match self.e {
            // denormal: below the smallest exponent, a bit of the mantissa
            0 => 1 << 21,
            1 => 1 << 22,
            e => (u32::from(e) - 1) << 23,
        })
    }
}

impl Block for MXFP4 {
    const ELEMS: usize = 32;
    const NAME: &'static str = "MXFP4";
    const ID: u32 = 39;
    const PARTS: &'static [(usize, usize)] = &[(0, 1), (1, 16)];

    fn dequantise(&self, out: &mut [f32]) {
        let d = self.scale();
        map_nibbles(&self.qs, out, |q| d * f32::from(MXFP4_VALUES[usize::from(q & 0x0f)]));
    }
}

/// 2^(e - 128) as a product of two normal powers of two, exact also where it is subnormal.
#[inline(always)]
fn scale<I: Isa>(isa: I, rows: Rows<'_, MXFP4>) -> I::F {
    let e = isa.byte_at(rows, 0);
    let half = isa.shr(e, 1);
    let power = |n| isa.as_f32(isa.shl(isa.add(n, isa.splat(63)), 23));
    isa.f_mul(power(half), power(isa.sub(e, half)))
}

impl Format for MXFP4 {
    const LAYOUT: BlockLayout = BlockLayout::MXFP4;
    type Act = Act32;

    #[inline(always)]
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Act32; T]) -> [I::F; T] {
        let q = lookup_nibbles(isa, &MXFP4_VALUES, isa.words(rows, 1));
        dot_i8(isa, scale(isa, rows), &q, x)
    }

    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>) {
        to.set_quants(&unsigned(isa, lookup_nibbles(isa, &MXFP4_VALUES, isa.words(rows, 1))));
        to.d[0] = scale(isa, rows);
    }

    #[inline(always)]
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Act32; T]) -> [I::F; T] {
        w.dot32(isa, -128, x)
    }
}
