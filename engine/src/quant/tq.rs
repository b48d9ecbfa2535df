//! Ternary blocks of 256.

use bytemuck::{Pod, Zeroable};

use super::{Block, assert_layout, planes, scale};

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
