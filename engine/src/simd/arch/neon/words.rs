//! Loads and stores, and how the words of four rows are loaded. On bare-metal targets the compiler assumes that a load
//! at any address traps, and takes apart what intrinsics load byte by byte. Weights and activations lie in memory
//! that is mapped as normal memory, where it does not, so the loads are written out.

use core::arch::{aarch64::*, asm};

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

/// Eight bytes at any address.
///
/// # Safety
/// Eight bytes may be read at `at`.
#[inline(always)]
pub(super) unsafe fn eight(at: *const u8) -> uint8x8_t {
    let out: uint8x8_t;
    // SAFETY: the caller's promise.
    unsafe {
        asm!("ldr {o:d}, [{at}]", o = lateout(vreg) out, at = in(reg) at,
            options(pure, readonly, nostack, preserves_flags));
    }
    out
}

/// Four bytes at any address, then zeros.
///
/// # Safety
/// Four bytes may be read at `at`.
#[inline(always)]
pub(super) unsafe fn four_bytes(at: *const u8) -> uint8x8_t {
    let out: uint8x8_t;
    // SAFETY: the caller's promise.
    unsafe {
        asm!("ldr {o:s}, [{at}]", o = lateout(vreg) out, at = in(reg) at,
            options(pure, readonly, nostack, preserves_flags));
    }
    out
}

/// Four words of four interleaved rows: sixteen bytes every 64.
///
/// # Safety
/// Sixteen bytes may be read at `at + 64 * i` for `i` below 4.
#[inline(always)]
pub(super) unsafe fn columns(at: *const u8) -> [uint32x4_t; 4] {
    let (a, b, c, d);
    // SAFETY: the caller's promise.
    unsafe {
        asm!("ldr {a:q}, [{at}]", "ldr {b:q}, [{at}, #64]", "ldr {c:q}, [{at}, #128]", "ldr {d:q}, [{at}, #192]",
            a = lateout(vreg) a, b = lateout(vreg) b, c = lateout(vreg) c, d = lateout(vreg) d, at = in(reg) at,
            options(pure, readonly, nostack, preserves_flags));
    }
    [a, b, c, d]
}

/// Stores sixteen bytes at any address.
///
/// # Safety
/// Sixteen bytes may be written at `at`.
#[inline(always)]
pub(super) unsafe fn store(at: *mut u8, v: uint8x16_t) {
    // SAFETY: the caller's promise.
    unsafe { asm!("str {v:q}, [{at}]", v = in(vreg) v, at = in(reg) at, options(nostack, preserves_flags)) };
}

/// Four floats.
#[inline(always)]
pub(super) fn four(v: &[f32; 4]) -> float32x4_t {
    // SAFETY: `v` is sixteen bytes.
    unsafe { vreinterpretq_f32_u8(sixteen(v.as_ptr().cast())) }
}

/// Stores four floats.
#[inline(always)]
pub(super) fn store_four(out: &mut [f32; 4], v: float32x4_t) {
    // SAFETY: `out` is sixteen bytes.
    unsafe { store(out.as_mut_ptr().cast(), vreinterpretq_u8_f32(v)) };
}

/// Four bytes, in every lane.
#[inline(always)]
pub(super) fn repeated(v: &[i8; 4]) -> int8x16_t {
    let out: int8x16_t;
    // SAFETY: `v` is four bytes.
    unsafe {
        asm!("ld1r {{{o:v}.4s}}, [{at}]", o = lateout(vreg) out, at = in(reg) v.as_ptr(),
            options(pure, readonly, nostack, preserves_flags));
    }
    out
}

/// Sixteen halves at any address.
#[inline(always)]
pub(super) fn halves_of(v: &[[u8; 2]; 16]) -> (uint16x8_t, uint16x8_t) {
    let at: *const u8 = v.as_ptr().cast();
    // SAFETY: `v` is 32 bytes.
    unsafe { (vreinterpretq_u16_u8(sixteen(at)), vreinterpretq_u16_u8(sixteen(at.add(16)))) }
}

/// Sixteen bytes of each of four rows, as four vectors of one word of every row.
///
/// # Safety
/// Sixteen bytes may be read at `base + r * step` for `r` below 4.
#[inline(always)]
pub(super) unsafe fn transposed(base: *const u8, step: usize) -> [uint32x4_t; 4] {
    // SAFETY: the caller's promise.
    unsafe {
        let row = |r: usize| vreinterpretq_u32_u8(sixteen(base.add(r * step)));
        let (a, b, c, d) = (row(0), row(1), row(2), row(3));
        let wide = |v| vreinterpretq_u64_u32(v);
        let (ab_even, ab_odd) = (wide(vtrn1q_u32(a, b)), wide(vtrn2q_u32(a, b)));
        let (cd_even, cd_odd) = (wide(vtrn1q_u32(c, d)), wide(vtrn2q_u32(c, d)));
        [
            vreinterpretq_u32_u64(vtrn1q_u64(ab_even, cd_even)),
            vreinterpretq_u32_u64(vtrn1q_u64(ab_odd, cd_odd)),
            vreinterpretq_u32_u64(vtrn2q_u64(ab_even, cd_even)),
            vreinterpretq_u32_u64(vtrn2q_u64(ab_odd, cd_odd)),
        ]
    }
}

/// Loads one lane from each row: `$load` a register of `$size`, then three lanes of the same vector.
macro_rules! gather {
    ($base:expr, $step:expr, $first:literal, $lane:literal, $ty:ty) => {{
        let (base, out): (*const u8, $ty);
        base = $base;
        // SAFETY: the caller's promise.
        unsafe {
            asm!(
                concat!("ldr {o:", $first, "}, [{a}]"),
                concat!("ld1 {{{o:v}.", $lane, "}}[1], [{b}]"),
                concat!("ld1 {{{o:v}.", $lane, "}}[2], [{c}]"),
                concat!("ld1 {{{o:v}.", $lane, "}}[3], [{d}]"),
                o = out(vreg) out,
                a = in(reg) base,
                b = in(reg) base.add($step),
                c = in(reg) base.add(2 * $step),
                d = in(reg) base.add(3 * $step),
                options(pure, readonly, nostack, preserves_flags)
            );
        }
        out
    }};
}

/// Four bytes of each of four rows.
///
/// # Safety
/// Four bytes may be read at `base + r * step` for `r` below 4.
#[inline(always)]
pub(super) unsafe fn word(base: *const u8, step: usize) -> uint32x4_t {
    gather!(base, step, "s", "s", uint32x4_t)
}

/// Two bytes of each of four rows.
///
/// # Safety
/// Two bytes may be read at `base + r * step` for `r` below 4.
#[inline(always)]
pub(super) unsafe fn halves(base: *const u8, step: usize) -> uint16x4_t {
    gather!(base, step, "h", "h", uint16x4_t)
}

/// A byte of each of four rows, zero-extended.
///
/// # Safety
/// A byte may be read at `base + r * step` for `r` below 4.
#[inline(always)]
pub(super) unsafe fn bytes_of(base: *const u8, step: usize) -> uint32x4_t {
    // SAFETY: the caller's promise.
    let byte = |r: usize| u32::from(unsafe { base.add(r * step).read() });
    let words = [byte(0), byte(1), byte(2), byte(3)];
    // SAFETY: `words` is sixteen bytes.
    unsafe { vld1q_u32(words.as_ptr()) }
}

/// `f16` to `f32`; exact.
#[inline(always)]
pub(super) fn widen(halves: uint16x4_t) -> float32x4_t {
    let out: float32x4_t;
    // SAFETY: the instruction is part of NEON and touches registers alone.
    unsafe {
        asm!("fcvtl {o:v}.4s, {i:v}.4h", o = lateout(vreg) out, i = in(vreg) halves,
            options(pure, nomem, nostack, preserves_flags));
    }
    out
}

/// `f32` to `f16`, ties to even.
#[inline(always)]
pub(super) fn narrow(v: float32x4_t) -> uint16x4_t {
    let out: uint16x4_t;
    // SAFETY: the instruction is part of NEON and touches registers alone.
    unsafe {
        asm!("fcvtn {o:v}.4h, {i:v}.4s", o = lateout(vreg) out, i = in(vreg) v,
            options(pure, nomem, nostack, preserves_flags));
    }
    out
}
