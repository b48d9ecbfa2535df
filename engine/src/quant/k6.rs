//! 6-bit blocks of 256.

use bytemuck::{Pod, Zeroable};

use super::{Block, assert_layout, planes, scale};

/// ggml's `block_q6_K`: `x = (d * sc) * (q - 32)`, `sc` one of 16 sub-blocks each.
///
/// Each 128 elements use 64 bytes of `ql` and 32 of `qh`, as four planes of 32.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q6K {
    /// Byte 0: low four bits of `q`. Of each 64 bytes, the low nibbles are planes 0 and 1, the high
    /// nibbles planes 2 and 3.
    pub ql: [u8; 128],
    /// Byte 128: high two bits of `q`. Of each 32 bytes, bits 0..2 are plane 0, bits 2..4 plane 1, and
    /// so on.
    pub qh: [u8; 64],
    /// Byte 192: `sc`.
    pub scales: [i8; 16],
    /// Byte 208: scale of the scales, f16.
    pub d: [u8; 2],
}

assert_layout!(Q6K: 210);

impl Block for Q6K {
    const ELEMS: usize = 256;
    const NAME: &'static str = "Q6_K";
    const ID: u32 = 14;

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        let low = self.ql.as_chunks::<64>().0.iter().flat_map(|ql| {
            let halves = ql.as_chunks::<32>().0.iter();
            halves.clone().map(|ql| (ql, 0)).chain(halves.map(|ql| (ql, 4)))
        });
        let high = planes(&self.qh, [0, 2, 4, 6]);
        let planes = self.scales.as_chunks::<2>().0.iter().zip(low.zip(high));
        for (out, (scales, ((ql, low_shift), (qh, high_shift)))) in out.as_chunks_mut::<32>().0.iter_mut().zip(planes) {
            let quants = ql.as_chunks::<16>().0.iter().zip(qh.as_chunks::<16>().0);
            for ((out, sc), (ql, qh)) in out.as_chunks_mut::<16>().0.iter_mut().zip(scales).zip(quants) {
                let dl = d * f32::from(*sc);
                for (y, (l, h)) in out.iter_mut().zip(ql.iter().zip(qh)) {
                    let q = ((l >> low_shift) & 0x0f) | (((h >> high_shift) & 3) << 4);
                    *y = dl * f32::from(q as i8 - 32);
                }
            }
        }
    }
}
