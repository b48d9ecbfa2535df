//! What an x86-64 processor has and its system has switched on.

use core::arch::x86_64::*;

const OSXSAVE_AVX: u32 = 1 << 27 | 1 << 28;
const F16C: u32 = 1 << 29;
const AVX2: u32 = 1 << 5;
/// SSE and AVX registers are kept by the system.
const AVX_STATE: u64 = 0b110;

/// AVX2 and F16C.
pub(super) fn avx2() -> bool {
    __cpuid(0).eax >= 7
        && __cpuid(1).ecx & (OSXSAVE_AVX | F16C) == OSXSAVE_AVX | F16C
        && state() & AVX_STATE == AVX_STATE
        && __cpuid_count(7, 0).ebx & AVX2 != 0
}

/// The vector state that the system keeps; nothing if it does not say.
fn state() -> u64 {
    #[target_feature(enable = "xsave")]
    fn xcr0() -> u64 {
        // SAFETY: the caller made sure that the system enabled XSAVE.
        unsafe { _xgetbv(0) }
    }
    if __cpuid(1).ecx & OSXSAVE_AVX != OSXSAVE_AVX {
        return 0;
    }
    // SAFETY: CPUID said that the system enabled XSAVE (OSXSAVE), so XGETBV exists.
    unsafe { xcr0() }
}
