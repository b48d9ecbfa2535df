//! Loads and stores, and how the words of four rows are loaded. On bare-metal targets the compiler assumes that a load
//! at any address traps, and takes apart what intrinsics load byte by byte. Weights and activations lie in memory
//! that is mapped as normal memory, where it does not, so the loads are written out.

use super::basics::{array, each, sixteen, thirty_two};
use crate::simd::isa::Quads;
use core::arch::{aarch64::*, asm};

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

/// A distance in bytes that instructions hold: a multiple of 16, at most 960.
pub(super) trait Distance {
    const BYTES: usize;
}

/// No distance.
struct Here;

impl Distance for Here {
    const BYTES: usize = 0;
}

/// The word that lies `D` behind `at` of `4 * V` interleaved rows.
///
/// # Safety
/// `16 * V` bytes may be read at `at + D::BYTES`.
#[inline(always)]
pub(super) unsafe fn column_behind<const V: usize, D: Distance>(at: *const u8) -> [uint32x4_t; V] {
    let (a, b, c, d): (uint32x4_t, uint32x4_t, uint32x4_t, uint32x4_t);
    // SAFETY: the caller's promise.
    unsafe {
        match V {
            4 => {
                asm!("ldp {a:q}, {b:q}, [{at}, #{i}]", "ldp {c:q}, {d:q}, [{at}, #{i} + 32]",
                    a = lateout(vreg) a, b = lateout(vreg) b, c = lateout(vreg) c, d = lateout(vreg) d,
                    at = in(reg) at, i = const D::BYTES, options(pure, readonly, nostack, preserves_flags));
            }
            2 => {
                asm!("ldp {a:q}, {b:q}, [{at}, #{i}]", a = lateout(vreg) a, b = lateout(vreg) b,
                    at = in(reg) at, i = const D::BYTES, options(pure, readonly, nostack, preserves_flags));
                (c, d) = (a, b);
            }
            _ => {
                asm!("ldr {a:q}, [{at}, #{i}]", a = lateout(vreg) a,
                    at = in(reg) at, i = const D::BYTES, options(pure, readonly, nostack, preserves_flags));
                (b, c, d) = (a, a, a);
            }
        }
    }
    let all = [a, b, c, d];
    array(|v| all[v])
}

/// The word at `at` of `4 * V` interleaved rows.
///
/// # Safety
/// `16 * V` bytes may be read at `at`.
#[inline(always)]
pub(super) unsafe fn column<const V: usize>(at: *const u8) -> [uint32x4_t; V] {
    // SAFETY: the caller's promise.
    unsafe { column_behind::<V, Here>(at) }
}

/// Words 0 to 3 from `at` on of four interleaved rows.
///
/// # Safety
/// Sixteen bytes may be read at `at + 64 * i` for `i` below 4.
#[inline(always)]
unsafe fn four_columns(at: *const u8) -> [uint32x4_t; 4] {
    let (a, b, c, d);
    // SAFETY: the caller's promise.
    unsafe {
        asm!("ldr {a:q}, [{at}]", "ldr {b:q}, [{at}, #64]", "ldr {c:q}, [{at}, #128]", "ldr {d:q}, [{at}, #192]",
            a = lateout(vreg) a, b = lateout(vreg) b, c = lateout(vreg) c, d = lateout(vreg) d, at = in(reg) at,
            options(pure, readonly, nostack, preserves_flags));
    }
    [a, b, c, d]
}

/// Words from `at` on of `4 * V` interleaved rows.
///
/// # Safety
/// `16 * V` bytes may be read at `at + 64 * i` for `i` below `N`.
#[inline(always)]
pub(super) unsafe fn columns<const V: usize, const N: usize>(words: &mut [[uint32x4_t; V]; N], at: *const u8) {
    // SAFETY: the caller's promise.
    unsafe {
        for (i, words) in words.chunks_mut(4).enumerate() {
            let at = at.wrapping_add(256 * i);
            match (words.as_flattened_mut(), V) {
                ([a, b, c, d], 1) => [*a, *b, *c, *d] = four_columns(at),
                _ => {
                    for (j, word) in words.iter_mut().enumerate() {
                        *word = column::<V>(at.wrapping_add(64 * j));
                    }
                }
            }
        }
    }
}

/// The scale of activations and their sum.
///
/// # Safety
/// Both lie in `x` where [`Quads::SCALE_AT`] says.
#[inline(always)]
pub(super) unsafe fn scale_and_sum<X: Quads>(x: &X) -> float32x2_t {
    const { assert!(X::SCALE_AT + 8 <= size_of::<X>()) };
    let out: float32x2_t;
    // SAFETY: the caller's promise.
    unsafe {
        asm!("ldr {o:d}, [{at}, #{i}]", o = lateout(vreg) out, at = in(reg) x, i = const X::SCALE_AT,
            options(pure, readonly, nostack, preserves_flags));
    }
    out
}

/// The scale of activations and their sum, twice.
///
/// # Safety
/// Both lie in `x` where [`Quads::SCALE_AT`] says.
#[inline(always)]
pub(super) unsafe fn scale_and_sum_twice<X: Quads>(x: &X) -> float32x4_t {
    const { assert!(X::SCALE_AT + 8 <= size_of::<X>()) };
    let out: float32x4_t;
    // SAFETY: the caller's promise.
    unsafe {
        asm!("ld1r {{{o:v}.2d}}, [{at}]", o = lateout(vreg) out, at = in(reg) (&raw const *x).byte_add(X::SCALE_AT),
            options(pure, readonly, nostack, preserves_flags));
    }
    out
}

/// The sum of activations.
///
/// # Safety
/// It lies in `x` where [`Quads::SCALE_AT`] says.
#[inline(always)]
pub(super) unsafe fn sum<X: Quads>(x: &X) -> float32x2_t {
    const { assert!(X::SCALE_AT + 8 <= size_of::<X>()) };
    let out: float32x2_t;
    // SAFETY: the caller's promise.
    unsafe {
        asm!("ldr {o:s}, [{at}, #{i}]", o = lateout(vreg) out, at = in(reg) x, i = const X::SCALE_AT + 4,
            options(pure, readonly, nostack, preserves_flags));
    }
    out
}

/// `acc + a * b`, which later loads wait for: compilers would keep `a` for the end of a block.
#[inline(always)]
pub(super) fn mul_add_before_loads(acc: uint32x4_t, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
    let mut acc = acc;
    // SAFETY: the instruction is part of NEON and touches registers alone.
    unsafe {
        asm!("mla {acc:v}.4s, {a:v}.4s, {b:v}.4s", acc = inlateout(vreg) acc, a = in(vreg) a, b = in(vreg) b,
            options(nostack, preserves_flags));
    }
    acc
}

/// The first halves of both. Compilers insert one into a copy of the other.
#[inline(always)]
pub(super) fn first_halves(a: int8x16_t, b: int8x16_t) -> int8x16_t {
    let out: int8x16_t;
    // SAFETY: the instruction is part of NEON and touches registers alone.
    unsafe {
        asm!("zip1 {o:v}.2d, {a:v}.2d, {b:v}.2d", o = lateout(vreg) out, a = in(vreg) a, b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags));
    }
    out
}

/// `a * b`, integers. Compilers make several instructions of it where `a` is the same in all lanes.
#[inline(always)]
pub(super) fn times(a: int32x4_t, b: uint32x4_t) -> uint32x4_t {
    let out: uint32x4_t;
    // SAFETY: the instruction is part of NEON and touches registers alone.
    unsafe {
        asm!("mul {o:v}.4s, {a:v}.4s, {b:v}.4s", o = lateout(vreg) out, a = in(vreg) a, b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags));
    }
    out
}

/// `a` times the first lane of `b`, integers. Compilers make three instructions of it where `a` is the same in all lanes.
#[inline(always)]
pub(super) fn times_first(a: int32x4_t, b: float32x2_t) -> uint32x4_t {
    let out: uint32x4_t;
    // SAFETY: the instruction is part of NEON and touches registers alone.
    unsafe {
        asm!("mul {o:v}.4s, {a:v}.4s, {b:v}.s[0]", o = lateout(vreg) out, a = in(vreg) a, b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags));
    }
    out
}

/// Stores sixteen bytes at any address.
///
/// # Safety
/// Sixteen bytes may be written at `at`.
#[inline(always)]
unsafe fn store(at: *mut u8, v: uint8x16_t) {
    // SAFETY: the caller's promise.
    unsafe { asm!("str {v:q}, [{at}]", v = in(vreg) v, at = in(reg) at, options(nostack, preserves_flags)) };
}

/// Stores 32 bytes at any address.
///
/// # Safety
/// 32 bytes may be written at `at`.
#[inline(always)]
pub(super) unsafe fn store_thirty_two(at: *mut u8, [a, b]: [uint8x16_t; 2]) {
    // SAFETY: the caller's promise.
    unsafe {
        asm!("stp {a:q}, {b:q}, [{at}]", a = in(vreg) a, b = in(vreg) b, at = in(reg) at,
            options(nostack, preserves_flags));
    }
}

/// Stores floats.
#[inline(always)]
pub(super) fn store_floats<const V: usize>(out: &mut [[f32; 4]; V], v: [float32x4_t; V]) {
    // SAFETY: `out` is `16 * V` bytes.
    unsafe {
        let (at, v) = (out.as_mut_ptr().cast::<u8>(), each(v, |v| vreinterpretq_u8_f32(v)));
        match v.as_slice() {
            [a, b, c, d] => {
                asm!("stp {a:q}, {b:q}, [{at}]", "stp {c:q}, {d:q}, [{at}, #32]", a = in(vreg) *a, b = in(vreg) *b,
                    c = in(vreg) *c, d = in(vreg) *d, at = in(reg) at, options(nostack, preserves_flags));
            }
            [a, b] => store_thirty_two(at, [*a, *b]),
            _ => {
                for (i, v) in v.iter().enumerate() {
                    store(at.add(16 * i), *v);
                }
            }
        }
    }
}

/// Stores a byte of each of sixteen lanes.
#[inline(always)]
pub(super) fn store_bytes(out: &mut [i8; 16], v: int8x16_t) {
    // SAFETY: `out` is sixteen bytes.
    unsafe { store(out.as_mut_ptr().cast(), vreinterpretq_u8_s8(v)) };
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

/// Sixteen bytes of each of four rows, as four vectors of one word of every row.
///
/// # Safety
/// Sixteen bytes may be read at `base + r * step` for `r` below 4.
#[inline(always)]
pub(super) unsafe fn transposed(base: *const u8, step: usize) -> [uint32x4_t; 4] {
    // SAFETY: the caller's promise.
    transpose(array(|r| unsafe { sixteen(base.add(r * step)) }))
}

#[inline(always)]
pub(super) fn transpose(rows: [uint8x16_t; 4]) -> [uint32x4_t; 4] {
    // SAFETY: NEON is part of the target.
    unsafe {
        let [a, b, c, d] = each(rows, |row| vreinterpretq_u32_u8(row));
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

/// Halves of `4 * V` interleaved rows.
///
/// # Safety
/// `8 * V` bytes may be read at `at`.
#[inline(always)]
pub(super) unsafe fn interleaved_halves<const V: usize>(at: *const u8) -> [float32x4_t; V] {
    // SAFETY: the caller's promise.
    unsafe {
        if V == 1 {
            return [widen(vreinterpret_u16_u8(eight(at))); V];
        }
        let pair = |v: uint8x16_t| {
            let v = vreinterpretq_u16_u8(v);
            [widen(vget_low_u16(v)), widen_high(v)]
        };
        if V == 2 {
            let pair = pair(sixteen(at));
            return array(|v| pair[v]);
        }
        let pairs = each(thirty_two(at), pair);
        array(|v| pairs[v / 2][v % 2])
    }
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

/// The halves of the upper half to `f32`; exact.
#[inline(always)]
pub(super) fn widen_high(halves: uint16x8_t) -> float32x4_t {
    let out: float32x4_t;
    // SAFETY: the instruction is part of NEON and touches registers alone.
    unsafe {
        asm!("fcvtl2 {o:v}.4s, {i:v}.8h", o = lateout(vreg) out, i = in(vreg) halves,
            options(pure, nomem, nostack, preserves_flags));
    }
    out
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
pub(super) fn narrow(low: float32x4_t, high: float32x4_t) -> uint8x16_t {
    let out: uint8x16_t;
    // SAFETY: the instructions are part of NEON and touch registers alone.
    unsafe {
        asm!("fcvtn {o:v}.4h, {l:v}.4s", "fcvtn2 {o:v}.8h, {h:v}.4s", o = out(vreg) out, l = in(vreg) low,
            h = in(vreg) high, options(pure, nomem, nostack, preserves_flags));
    }
    out
}
