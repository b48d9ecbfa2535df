//! 5-bit blocks of 32.

use bytemuck::{Pod, Zeroable};

use super::{Block, assert_layout, scale};

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

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        map_quants(self.qh, &self.qs, out, |q| d * f32::from(q as i8 - 16));
    }
}

impl Block for Q5_1 {
    const ELEMS: usize = 32;
    const NAME: &'static str = "Q5_1";
    const ID: u32 = 7;

    fn dequantise(&self, out: &mut [f32]) {
        let (d, m) = (scale(self.d), scale(self.m));
        map_quants(self.qh, &self.qs, out, |q| d * f32::from(q) + m);
    }
}
