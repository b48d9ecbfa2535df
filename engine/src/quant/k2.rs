//! 2-bit blocks of 256.

use bytemuck::{Pod, Zeroable};

use super::{Block, assert_layout, planes, scale};

/// ggml's `block_q2_K`: `x = (d * sc) * q - dmin * m`, `sc` and `m` one of 16 sub-blocks each.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q2K {
    /// Byte 0: a sub-block's `sc` in the low nibble, its `m` in the high one.
    pub scales: [u8; 16],
    /// Byte 16: `q`. Each 32 bytes hold 128 elements: bits 0..2 of all bytes the first 32, bits 2..4
    /// the next 32, and so on.
    pub qs: [u8; 64],
    /// Byte 80: scale of the scales, f16.
    pub d: [u8; 2],
    /// Byte 82: scale of the minimums, f16.
    pub dmin: [u8; 2],
}

assert_layout!(Q2K: 84);

impl Block for Q2K {
    const ELEMS: usize = 256;
    const NAME: &'static str = "Q2_K";
    const ID: u32 = 10;

    fn dequantise(&self, out: &mut [f32]) {
        let (d, dmin) = (scale(self.d), scale(self.dmin));
        let sub_blocks = self.scales.as_chunks::<2>().0.iter().zip(planes(&self.qs, [0, 2, 4, 6]));
        for (out, (scales, (qs, shift))) in out.as_chunks_mut::<32>().0.iter_mut().zip(sub_blocks) {
            for ((out, sc), qs) in out.as_chunks_mut::<16>().0.iter_mut().zip(scales).zip(qs.as_chunks::<16>().0) {
                let (dl, ml) = (d * f32::from(sc & 0x0f), dmin * f32::from(sc >> 4));
                for (y, q) in out.iter_mut().zip(qs) {
                    *y = dl * f32::from((q >> shift) & 3) - ml;
                }
            }
        }
    }
}
