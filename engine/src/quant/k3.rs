//! 3-bit blocks of 256.

use bytemuck::{Pod, Zeroable};

use super::{Block, assert_layout, planes, scale};

/// ggml's `block_q3_K`: `x = (d * sc) * (q - 4)`, `sc` one of 16 sub-blocks each.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q3K {
    /// Byte 0: third bit of `q`. Bit `i` of all bytes belongs to elements `32 * i .. 32 * i + 32`.
    pub hmask: [u8; 32],
    /// Byte 32: low two bits of `q`. Each 32 bytes hold 128 elements: bits 0..2 of all bytes the first
    /// 32, bits 2..4 the next 32, and so on.
    pub qs: [u8; 64],
    /// Byte 96: packed 6-bit scales, see [`Q3K::sub_scales`].
    pub scales: [u8; 12],
    /// Byte 108: scale of the scales, f16.
    pub d: [u8; 2],
}

assert_layout!(Q3K: 110);

impl Q3K {
    /// The 16 scales `sc`, in `-32..32`.
    ///
    /// Nibbles of bytes 0..8 are the low four bits (low nibbles scales 0..8, high nibbles 8..16); bit
    /// pairs of bytes 8..12 are the high two (bits 0..2 of the four bytes scales 0..4, and so on).
    #[must_use]
    pub fn sub_scales(&self) -> [i8; 16] {
        core::array::from_fn(|i| {
            let low = (self.scales[i % 8] >> (i / 8 * 4)) & 0x0f;
            let high = (self.scales[8 + i % 4] >> (i / 4 * 2)) & 3;
            (low | (high << 4)) as i8 - 32
        })
    }
}

impl Block for Q3K {
    const ELEMS: usize = 256;
    const NAME: &'static str = "Q3_K";
    const ID: u32 = 11;

    fn dequantise(&self, out: &mut [f32]) {
        let d = scale(self.d);
        let scales = self.sub_scales();
        let sub_blocks = scales.as_chunks::<2>().0.iter().zip(planes(&self.qs, [0, 2, 4, 6])).zip(0u32..);
        for (out, ((scales, (qs, shift)), bit)) in out.as_chunks_mut::<32>().0.iter_mut().zip(sub_blocks) {
            let quants = qs.as_chunks::<16>().0.iter().zip(self.hmask.as_chunks::<16>().0);
            for ((out, sc), (qs, hmask)) in out.as_chunks_mut::<16>().0.iter_mut().zip(scales).zip(quants) {
                let dl = d * f32::from(*sc);
                for (y, (q, h)) in out.iter_mut().zip(qs.iter().zip(hmask)) {
                    let q = ((q >> shift) & 3) | (((h >> bit) & 1) << 2);
                    *y = dl * f32::from(q as i8 - 4);
                }
            }
        }
    }
}
