//! Conversions between `f16` and `f32` by the FPU, where the target has one.

/// `f16` to `f32` by the FPU, where the target has one; exact.
#[inline(always)]
pub(super) fn widen(half: u16) -> f32 {
    #[cfg(target_abi = "eabihf")]
    {
        let mut bits = u32::from(half);
        // SAFETY: the FPU of every Cortex-M converts halves; registers alone.
        unsafe {
            core::arch::asm!("vmov s0, {v}", "vcvtb.f32.f16 s0, s0", "vmov {v}, s0", v = inlateout(reg) bits,
                out("s0") _, options(pure, nomem, nostack, preserves_flags));
        }
        f32::from_bits(bits)
    }
    #[cfg(not(target_abi = "eabihf"))]
    half::f16::from_bits(half).to_f32()
}

/// `f32` to `f16`, ties to even, by the FPU where the target has one.
#[inline(always)]
pub(super) fn narrow(v: f32) -> u16 {
    #[cfg(target_abi = "eabihf")]
    {
        let mut bits = v.to_bits();
        // SAFETY: the FPU of every Cortex-M converts halves; registers alone.
        unsafe {
            core::arch::asm!("vmov s0, {v}", "vcvtb.f16.f32 s0, s0", "vmov {v}, s0", v = inlateout(reg) bits,
                out("s0") _, options(pure, nomem, nostack, preserves_flags));
        }
        bits as u16
    }
    #[cfg(not(target_abi = "eabihf"))]
    half::f16::from_f32(v).to_bits()
}

/// The conversions of `Isa` by the FPU.
macro_rules! halves {
    ($isa:ty) => {
        impl $crate::simd::floats::Halves for $isa {
            #[inline(always)]
            fn widen(self, half: u16) -> f32 {
                $crate::simd::arch::cortex_m::halves::widen(half)
            }
            #[inline(always)]
            fn narrow(self, v: f32) -> u16 {
                $crate::simd::arch::cortex_m::halves::narrow(v)
            }
        }
    };
}
pub(super) use halves;
