//! Kernels by name, and those that a processor has.

use super::table::Kernels;
use crate::simd::{IsaName, Scalar};

/// The kernels of a named instruction set, if this processor has it. Where a program cannot ask the processor, this
/// goes by what the engine's features `isa-*` declare.
// Not inlined, like the next two: otherwise every crate that calls it would compile all kernels again.
#[inline(never)]
#[must_use]
pub fn by_name(name: IsaName) -> Option<&'static dyn Kernels> {
    match name {
        IsaName::Scalar => Some(&Scalar),
        #[cfg(target_arch = "x86_64")]
        IsaName::Avx2 => crate::simd::arch::avx2::Avx2::detect().map(|isa| isa as &dyn Kernels),
        #[cfg(target_arch = "x86_64")]
        IsaName::Avx512 => crate::simd::arch::avx512::Avx512::detect().map(|isa| isa as &dyn Kernels),
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        IsaName::Neon => Some(crate::simd::arch::neon::Neon::baseline()),
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        IsaName::NeonDotprod => {
            use crate::simd::arch::neon::{Dotprod, Neon};
            Neon::<Dotprod>::declared().map(|isa| isa as &dyn Kernels)
        }
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        IsaName::NeonI8mm => {
            use crate::simd::arch::neon::{I8mm, Neon};
            Neon::<I8mm>::declared().map(|isa| isa as &dyn Kernels)
        }
        #[cfg(all(target_arch = "arm", feature = "isa-dsp"))]
        IsaName::Dsp => Some(crate::simd::arch::cortex_m::Dsp::declared()),
        #[cfg(all(target_arch = "arm", feature = "isa-helium"))]
        IsaName::Helium => Some(crate::simd::arch::cortex_m::Helium::declared()),
        #[allow(unreachable_patterns, reason = "each target has its own")]
        _ => None,
    }
}

/// The kernels of a set whose proof is at hand.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
#[inline(never)]
#[must_use]
pub fn with_dotprod(
    proof: &'static crate::simd::arch::neon::Neon<crate::simd::arch::neon::Dotprod>,
) -> &'static dyn Kernels {
    proof
}

/// The kernels of a set whose proof is at hand.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
#[inline(never)]
#[must_use]
pub fn with_i8mm(proof: &'static crate::simd::arch::neon::Neon<crate::simd::arch::neon::I8mm>) -> &'static dyn Kernels {
    proof
}

/// The fastest kernels that this processor has.
#[must_use]
pub fn detect() -> &'static dyn Kernels {
    // A board's set is settled when it is compiled, so that no other kernels are linked.
    #[cfg(all(target_arch = "arm", feature = "isa-helium"))]
    return crate::simd::arch::cortex_m::Helium::declared();
    #[cfg(all(target_arch = "arm", feature = "isa-dsp", not(feature = "isa-helium")))]
    return crate::simd::arch::cortex_m::Dsp::declared();
    #[cfg(all(target_arch = "arm", not(feature = "isa-dsp")))]
    return &Scalar;
    #[cfg(not(target_arch = "arm"))]
    IsaName::ALL.into_iter().rev().find_map(by_name).unwrap_or(&Scalar)
}
