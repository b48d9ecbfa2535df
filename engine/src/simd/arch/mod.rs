//! One file per instruction set: the only `unsafe` in the engine.
#![allow(unsafe_code, reason = "intrinsics and the row pointers behind them")]

pub mod rows;

#[cfg(all(target_arch = "arm", feature = "isa-dsp"))]
pub mod cortex_m;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub mod neon;

#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
#[cfg(target_arch = "x86_64")]
mod cpuid;

/// Puts the caller's frame at a multiple of 64 bytes. The stack's own multiple is 16, so vectors that the compiler keeps
/// in the frame would lie across two lines of cache in most runs, and not in others: measured 0.6 of the speed.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn align_frame() {
    #[repr(align(64))]
    struct Line(core::mem::MaybeUninit<[u8; 64]>);
    let line = Line(core::mem::MaybeUninit::uninit());
    // SAFETY: no instruction; the frame must have a place whose address could be used.
    unsafe { core::arch::asm!("/* {} */", in(reg) &line.0, options(nostack, preserves_flags)) };
}

/// See [`Isa::rebased`](super::Isa::rebased).
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[expect(clippy::pointers_in_nomem_asm_block, reason = "the address is passed on, not followed")]
fn rebased<T>(x: &T) -> &T {
    let mut at: *const T = x;
    // SAFETY: no instruction; what comes out is what went in.
    unsafe {
        core::arch::asm!("/* {} */", inout(reg) at, options(pure, nomem, nostack, preserves_flags));
        &*at
    }
}
