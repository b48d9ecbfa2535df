//! Extensions that an x86-64 processor has and its system has switched on.

use core::arch::x86_64::*;

const OSXSAVE_AVX: u32 = 1 << 27 | 1 << 28;
const F16C: u32 = 1 << 29;
const FMA: u32 = 1 << 12;
const AVX2: u32 = 1 << 5;
const F_BW_VL: u32 = 1 << 16 | 1 << 30 | 1 << 31;
const VNNI: u32 = 1 << 11;
/// SSE and AVX registers are kept by the system.
const AVX_STATE: u64 = 0b110;
/// Mask registers and both halves of the wide registers are too.
const AVX512_STATE: u64 = 0b1110_0110;

/// AVX2, F16C and FMA.
pub(super) fn avx2() -> bool {
    __cpuid(0).eax >= 7
        && __cpuid(1).ecx & (OSXSAVE_AVX | F16C | FMA) == OSXSAVE_AVX | F16C | FMA
        && state() & AVX_STATE == AVX_STATE
        && __cpuid_count(7, 0).ebx & AVX2 != 0
}

/// AVX-512 F, BW, VL and VNNI, with F16C and FMA.
pub(super) fn avx512_vnni() -> bool {
    let has = avx2() && state() & AVX512_STATE == AVX512_STATE;
    let features = __cpuid_count(7, 0);
    has && features.ebx & F_BW_VL == F_BW_VL && features.ecx & VNNI != 0
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
