//! One file per instruction set: the only `unsafe` in the engine.
#![allow(unsafe_code, reason = "intrinsics and the row pointers behind them")]

pub(crate) mod attention;
pub(crate) mod quantise;
pub(crate) mod rows;
pub(crate) mod strip;

#[cfg(all(target_arch = "arm", feature = "isa-dsp"))]
pub(crate) mod cortex_m;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub(crate) mod neon;

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
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

/// See [`Isa::prefetch`](super::Isa::prefetch).
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn fetch<T>(read: &[T], ahead: usize, near: bool) {
    // Lines of 64 bytes, counted from the first byte: the line that the last bytes share is prefetched by the next call.
    for at in (0..size_of_val(read)).step_by(64) {
        fetch_line(read.as_ptr().cast::<u8>().wrapping_add(at), ahead, near);
    }
}

/// Prefetches the line [`Rows::ahead`](rows::Rows::ahead) bytes past the interleaved units `at`: one line with each load, since many at
/// once would delay each other and all other loads.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn fetch_ahead<T: bytemuck::Pod>(rows: rows::Rows<'_, T>, at: *const u8, near: bool) {
    if let Some(ahead) = rows.ahead() {
        fetch_line(at, ahead, near);
    }
}

/// A line of [`fetch`].
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn fetch_line(at: *const u8, ahead: usize, near: bool) {
    use core::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
    let line = at.wrapping_add(ahead).cast();
    // SAFETY: SSE is part of x86-64, and any address may be fetched.
    unsafe {
        if near {
            _mm_prefetch::<_MM_HINT_T0>(line);
        } else {
            _mm_prefetch::<_MM_HINT_T1>(line);
        }
    }
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
