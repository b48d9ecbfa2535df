//! Scales and minimums of blocks, and their products with integer sums.

use super::act::Act32;
use crate::simd::{Isa, Rows};
use bytemuck::Pod;
use half::f16;

/// A little-endian f16 scale.
pub(super) fn scale(bytes: [u8; 2]) -> f32 {
    f16::from_le_bytes(bytes).to_f32()
}

/// A scale and a minimum, the first two halves of a block. Interleaved they are units of their own
/// ([`Block::PARTS`](super::Block::PARTS)), which a vector unit converts on their way from memory.
#[inline(always)]
pub(super) fn scale_and_min<I: Isa, T: Pod>(isa: I, rows: Rows<'_, T>) -> [I::F; 2] {
    if rows.are_interleaved() {
        return [isa.half_at(rows, 0), isa.half_at(rows, 2)];
    }
    let [both] = isa.words(rows, 0);
    [isa.f16_low(both), isa.f16_high(both)]
}

/// `(d * dx) * sum` in each lane.
#[inline(always)]
pub(super) fn scaled<I: Isa>(isa: I, d: I::F, dx: f32, sum: I::W) -> I::F {
    isa.f_mul(isa.f_mul(d, isa.f_splat(dx)), isa.to_f32(sum))
}

/// `dx * (d * sum + m * sum_x)` in each lane.
#[inline(always)]
pub(super) fn scaled_with_min<I: Isa>(isa: I, d: I::F, m: I::F, x: &Act32, sum: I::W) -> I::F {
    let products = isa.f_mul(d, isa.to_f32(sum));
    let offsets = isa.f_mul(m, isa.to_f32(isa.splat(x.sum as u32)));
    isa.f_mul(isa.f_add(products, offsets), isa.f_splat(x.d))
}
