//! Halves, without an instruction for them.

/// The number of a half's bits, exactly; NaN becomes quiet. For sets without an instruction: most halves take three operations, and
/// compilers make vectors of them.
#[inline(always)]
#[must_use]
pub(crate) fn widen(half: u16) -> f32 {
    /// What exponents of `f32` are greater by.
    const REBIASED: u32 = 112 << 23;
    const IMPLIED: u32 = 1 << 23;
    let magnitude = u32::from(half & 0x7FFF) << 13;
    let normal = magnitude + REBIASED;
    let widened = match magnitude >> 23 {
        // Denormal: read with the bit that normal numbers imply, which is subtracted.
        0 => (f32::from_bits(normal + IMPLIED) - f32::from_bits(REBIASED + IMPLIED)).to_bits(),
        31 if half & 0x3FF == 0 => normal + REBIASED,
        31 => (normal + REBIASED) | IMPLIED >> 1,
        _ => normal,
    };
    f32::from_bits(widened | u32::from(half & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_widened_exactly() {
        for half in 0..=u16::MAX {
            assert_eq!(widen(half).to_bits(), half::f16::from_bits(half).to_f32().to_bits(), "{half:04x}");
        }
    }
}
