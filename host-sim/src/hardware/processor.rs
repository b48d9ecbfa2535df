//! The kernels that this machine's processor runs.

use flashlet::kernels::{self, Kernels};
use flashlet::simd::IsaName;

/// The kernels of a named instruction set, if this processor has it. The engine asks x86 processors itself; those of
/// AArch64 answer through the system alone.
#[must_use]
pub(crate) fn by_name(name: IsaName) -> Option<&'static dyn Kernels> {
    #[cfg(target_arch = "aarch64")]
    {
        use flashlet::simd::{Dotprod, I8mm, Neon};
        use std::arch::is_aarch64_feature_detected;
        if !is_aarch64_feature_detected!("dotprod") {
            return kernels::by_name(name);
        }
        match name {
            // SAFETY: the system says that the processor has FEAT_DotProd.
            IsaName::NeonDotprod => return Some(kernels::with_dotprod(unsafe { Neon::<Dotprod>::assume() })),
            IsaName::NeonI8mm if is_aarch64_feature_detected!("i8mm") => {
                // SAFETY: the system says that the processor has FEAT_DotProd and FEAT_I8MM.
                return Some(kernels::with_i8mm(unsafe { Neon::<I8mm>::assume() }));
            }
            _ => {}
        }
    }
    kernels::by_name(name)
}

/// The fastest kernels that this processor has.
#[must_use]
pub(crate) fn detect() -> &'static dyn Kernels {
    IsaName::ALL.into_iter().rev().find_map(by_name).unwrap_or_else(kernels::detect)
}
