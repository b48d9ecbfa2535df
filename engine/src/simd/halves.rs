//! Conversion of `f16` to `f32` in portable code.

/// Converts the bits of an `f16` exactly; a NaN becomes quiet. For instruction sets without an instruction for it: normal numbers
/// take three integer operations, and compilers vectorise loops over it.
#[inline(always)]
#[must_use]
pub(crate) fn widen(half: u16) -> f32 {
    /// The difference of the exponent biases of `f32` and `f16`, 127 - 15, in the exponent's place.
    const REBIASED: u32 = 112 << 23;
    /// The lowest bit of the exponent: the implicit leading bit of a normal number stands there.
    const IMPLIED: u32 = 1 << 23;
    let magnitude = u32::from(half & 0x7FFF) << 13;
    let normal = magnitude + REBIASED;
    let widened = match magnitude >> 23 {
        // Subnormal: converted as if it had the implicit leading bit, whose value is subtracted.
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
