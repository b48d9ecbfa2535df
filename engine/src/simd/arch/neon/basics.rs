//! Building blocks of all kernels of NEON: arrays of vectors, and loads at any address.

use core::arch::{aarch64::*, asm};

/// Sixteen floats, in order.
pub(super) type X = [float32x4_t; 4];

/// Runs intrinsics. SAFETY of every use: NEON is part of the target; loads and stores go through references to
/// exactly the bytes they touch.
macro_rules! neon {
    ($($body:tt)*) => {{
        // SAFETY: see the macro.
        #[allow(unused_unsafe, reason = "some intrinsics are safe, some are not")]
        unsafe { $($body)* }
    }};
}
pub(super) use neon;

/// The array of `f(0)` to `f(V - 1)`, where `V` is 1, 2, 4 or more. Up to four are written out: a kernel has hundreds of these, and a loop
/// for each, or `array::from_fn`, would take most of the time to compile it.
#[inline(always)]
pub(super) fn array<T: Copy, const V: usize>(f: impl Fn(usize) -> T) -> [T; V] {
    let mut out = [f(0); V];
    if const { V > 1 } {
        out[1] = f(1);
    }
    if const { V > 3 } {
        (out[2], out[3]) = (f(2), f(3));
    }
    if const { V > 4 } {
        let mut v = 4;
        while v < V {
            out[v] = f(v);
            v += 1;
        }
    }
    const { assert!(V != 3) };
    out
}

/// A value made of each vector.
#[inline(always)]
pub(super) fn each<A: Copy, B: Copy, const V: usize>(a: [A; V], f: impl Fn(A) -> B) -> [B; V] {
    array(|v| f(a[v]))
}

/// A value made of each of the vectors' pairs.
#[inline(always)]
pub(super) fn zip<A: Copy, B: Copy, C: Copy, const V: usize>(a: [A; V], b: [B; V], f: impl Fn(A, B) -> C) -> [C; V] {
    array(|v| f(a[v], b[v]))
}

/// Sixteen bytes at any address.
///
/// # Safety
/// Sixteen bytes may be read at `at`.
#[inline(always)]
pub(super) unsafe fn sixteen(at: *const u8) -> uint8x16_t {
    let out: uint8x16_t;
    // SAFETY: the caller's promise.
    unsafe {
        asm!("ldr {o:q}, [{at}]", o = lateout(vreg) out, at = in(reg) at,
            options(pure, readonly, nostack, preserves_flags));
    }
    out
}

/// 32 bytes at any address.
///
/// # Safety
/// 32 bytes may be read at `at`.
#[inline(always)]
pub(super) unsafe fn thirty_two(at: *const u8) -> [uint8x16_t; 2] {
    let (a, b);
    // SAFETY: the caller's promise.
    unsafe {
        asm!("ldp {a:q}, {b:q}, [{at}]", a = lateout(vreg) a, b = lateout(vreg) b, at = in(reg) at,
            options(pure, readonly, nostack, preserves_flags));
    }
    [a, b]
}
