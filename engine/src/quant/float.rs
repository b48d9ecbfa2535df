//! Unquantised weights: blocks of one element.

use bytemuck::{Pod, Zeroable};
use half::{bf16, f16};

use super::block::{Block, assert_layout};
use super::dot::FloatFormat;
use crate::simd::{Floats, LANES};

/// An IEEE single, little-endian.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct F32(pub [u8; 4]);

/// An IEEE half, little-endian.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct F16(pub [u8; 2]);

/// The upper half of an IEEE single, little-endian.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct BF16(pub [u8; 2]);

assert_layout!(F32: 4, F16: 2, BF16: 2);

impl F32 {
    /// The weight.
    #[must_use]
    pub fn to_f32(self) -> f32 {
        f32::from_le_bytes(self.0)
    }
}

impl F16 {
    /// The weight, exactly.
    #[must_use]
    pub fn to_f32(self) -> f32 {
        f16::from_le_bytes(self.0).to_f32()
    }
}

impl BF16 {
    /// The weight, exactly.
    #[must_use]
    pub fn to_f32(self) -> f32 {
        bf16::from_le_bytes(self.0).to_f32()
    }
}

impl Block for F32 {
    const ELEMS: usize = 1;
    const NAME: &'static str = "F32";
    const ID: u32 = 0;

    fn dequantise(&self, out: &mut [f32]) {
        if let [y, ..] = out {
            *y = self.to_f32();
        }
    }
}

impl Block for F16 {
    const ELEMS: usize = 1;
    const NAME: &'static str = "F16";
    const ID: u32 = 1;

    fn dequantise(&self, out: &mut [f32]) {
        if let [y, ..] = out {
            *y = self.to_f32();
        }
    }
}

impl Block for BF16 {
    const ELEMS: usize = 1;
    const NAME: &'static str = "BF16";
    const ID: u32 = 30;

    fn dequantise(&self, out: &mut [f32]) {
        if let [y, ..] = out {
            *y = self.to_f32();
        }
    }
}

impl FloatFormat for F32 {
    #[inline(always)]
    fn load<F: Floats>(f: F, w: &[Self; LANES]) -> F::V {
        f.load_f32(bytemuck::cast_ref(w))
    }
}

impl FloatFormat for F16 {
    const TAKES_STEPS: bool = true;

    #[inline(always)]
    fn load<F: Floats>(f: F, w: &[Self; LANES]) -> F::V {
        f.load_f16(bytemuck::cast_ref(w))
    }
}

impl FloatFormat for BF16 {
    #[inline(always)]
    fn load<F: Floats>(f: F, w: &[Self; LANES]) -> F::V {
        f.load_bf16(bytemuck::cast_ref(w))
    }
}
