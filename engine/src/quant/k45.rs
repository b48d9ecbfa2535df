//! 4- and 5-bit blocks of 256, whose 6-bit scales are packed alike.

use bytemuck::{Pod, Zeroable};

use super::{Block, assert_layout, planes, scale};

/// ggml's `block_q4_K`: `x = (d * sc) * q - dmin * m`, `sc` and `m` one of 8 sub-blocks each.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q4K {
    /// Byte 0: scale of the scales, f16.
    pub d: [u8; 2],
    /// Byte 2: scale of the minimums, f16.
    pub dmin: [u8; 2],
    /// Byte 4: packed 6-bit `sc` and `m`, see [`Q4K::sub_scales`].
    pub scales: [u8; 12],
    /// Byte 16: `q`. Each 32 bytes hold 64 elements: low nibbles the first 32, high nibbles the rest.
    pub qs: [u8; 128],
}

/// ggml's `block_q5_K`: `x = (d * sc) * q - dmin * m`, `sc` and `m` one of 8 sub-blocks each.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Q5K {
    /// Byte 0: scale of the scales, f16.
    pub d: [u8; 2],
    /// Byte 2: scale of the minimums, f16.
    pub dmin: [u8; 2],
    /// Byte 4: packed 6-bit `sc` and `m`, as in [`Q4K::sub_scales`].
    pub scales: [u8; 12],
    /// Byte 16: fifth bit of `q`. Bit `i` of all bytes belongs to sub-block `i`.
    pub qh: [u8; 32],
    /// Byte 48: low four bits of `q`. Each 32 bytes hold 64 elements: low nibbles the first 32, high
    /// nibbles the rest.
    pub qs: [u8; 128],
}

assert_layout!(Q4K: 144, Q5K: 176);

/// Unpacks the scales and minimums of 8 sub-blocks, four at a time, as [`Q4K::sub_scales`] tells.
fn sub_scales(packed: &[u8; 12]) -> ([u8; 8], [u8; 8]) {
    let [s0, s1, s2, s3, m0, m1, m2, m3, low @ ..] = *packed;
    let sc = u32::from_le_bytes([s0, s1, s2, s3]);
    let m = u32::from_le_bytes([m0, m1, m2, m3]);
    let low = u32::from_le_bytes(low);
    // bytes 0..4 in the low word, 4..8 in the high one
    let unpack = |own: u32, low: u32| {
        let upper = (low & 0x0f0f_0f0f) | ((own >> 2) & 0x3030_3030);
        (u64::from(own & 0x3f3f_3f3f) | (u64::from(upper) << 32)).to_le_bytes()
    };
    (unpack(sc, low), unpack(m, low >> 4))
}

impl Q4K {
    /// The scales `sc` and minimums `m` of the 8 sub-blocks, in `0..64`.
    ///
    /// Bits 0..6 of bytes 0..4 and 4..8 are `sc[0..4]` and `m[0..4]`. Of `sc[4..8]` and `m[4..8]`, the
    /// low four bits are the low and high nibbles of bytes 8..12, the high two are bits 6..8 of bytes
    /// 0..4 and 4..8.
    #[must_use]
    pub fn sub_scales(&self) -> ([u8; 8], [u8; 8]) {
        sub_scales(&self.scales)
    }
}

impl Q5K {
    /// The scales `sc` and minimums `m` of the 8 sub-blocks, in `0..64`, packed as in [`Q4K`].
    #[must_use]
    pub fn sub_scales(&self) -> ([u8; 8], [u8; 8]) {
        sub_scales(&self.scales)
    }
}

/// `(d * sc, dmin * m)` of each sub-block.
fn scaled(d: [u8; 2], dmin: [u8; 2], (sc, m): ([u8; 8], [u8; 8])) -> impl Iterator<Item = (f32, f32)> {
    let (d, dmin) = (scale(d), scale(dmin));
    sc.into_iter().zip(m).map(move |(sc, m)| (d * f32::from(sc), dmin * f32::from(m)))
}

impl Block for Q4K {
    const ELEMS: usize = 256;
    const NAME: &'static str = "Q4_K";
    const ID: u32 = 12;

    fn dequantise(&self, out: &mut [f32]) {
        let sub_blocks = planes(&self.qs, [0, 4]).zip(scaled(self.d, self.dmin, self.sub_scales()));
        for (out, ((qs, shift), (d, m))) in out.as_chunks_mut::<32>().0.iter_mut().zip(sub_blocks) {
            for (y, q) in out.iter_mut().zip(qs) {
                *y = d * f32::from((q >> shift) & 0x0f) - m;
            }
        }
    }
}

impl Block for Q5K {
    const ELEMS: usize = 256;
    const NAME: &'static str = "Q5_K";
    const ID: u32 = 13;

    fn dequantise(&self, out: &mut [f32]) {
        let sub_blocks = planes(&self.qs, [0, 4]).zip(scaled(self.d, self.dmin, self.sub_scales())).zip(0u32..);
        for (out, (((qs, shift), (d, m)), bit)) in out.as_chunks_mut::<32>().0.iter_mut().zip(sub_blocks) {
            for (y, (q, h)) in out.iter_mut().zip(qs.iter().zip(self.qh)) {
                let q = ((q >> shift) & 0x0f) | (((h >> bit) & 1) << 4);
                *y = d * f32::from(q) - m;
            }
        }
    }
}
