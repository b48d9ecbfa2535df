//! Quantise loops for the DSP extension with a scalar FPU, and for Helium.
//!
//! Magnitudes are compared as integers without their sign, the order of positive floats.

use crate::simd::arch::quantise::{QuantiseLoops, Values};
use core::arch::naked_asm;

/// The loops that quantise to pairs of 16-bit numbers.
pub(super) const DSP: QuantiseLoops = QuantiseLoops { words: 8, greatest, quantise };

/// The loops that quantise to bytes.
#[cfg(feature = "isa-helium")]
pub(super) const HELIUM: QuantiseLoops =
    QuantiseLoops { words: 4, greatest: greatest_of_vectors, quantise: quantise_vectors };

/// Raises the greatest magnitude in `r3` to that of eight values from `$at` on. Magnitudes are shifted left by one, which drops
/// the sign.
macro_rules! compare_eight {
    ($at:literal) => {
        concat!(
            "ldm ", $at, ", {{r4-r11}}\n",
            compare!("r4" "r5" "r6" "r7" "r8" "r9" "r10" "r11"),
        )
    };
}

macro_rules! compare {
    ($($x:literal)+) => {
        concat!($("cmp r3, ", $x, ", lsl #1\nit lo\nlsllo r3, ", $x, ", #1\n",)+)
    };
}

/// Finds the greatest magnitude.
#[unsafe(naked)]
unsafe extern "C" fn greatest(values: &Values<'_>) -> u32 {
    naked_asm!(
        ".cpu cortex-m33\n.fpu fpv5-sp-d16",
        "push {{r4-r11, lr}}",
        "ldm r0, {{r0-r2}}",
        "movs r3, #0",
        "2:",
        "add r12, r0, #32",
        compare_eight!("r0"),
        compare_eight!("r12"),
        "add r0, r1",
        "subs r2, #1",
        "bne 2b",
        "lsrs r0, r3, #1",
        "pop {{r4-r11, pc}}",
    )
}

/// Quants of the four values in `$a` to `$d`, and their sum added to `lr`. Adding 1.5 * 2^23, in `s9`, rounds to an integer
/// in the low bits.
macro_rules! four_quants {
    ($a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            four_quants!(each "vmul.f32 ", ", s8", $a $b $c $d),
            four_quants!(each "vadd.f32 ", ", s9", $a $b $c $d),
            "vmov r6, r7, ", $a, ", ", $b, "\nvmov r8, r9, ", $c, ", ", $d, "\n",
            "pkhbt r6, r6, r8, lsl #16\npkhbt r7, r7, r9, lsl #16\n",
            "smlad lr, r6, r12, lr\nsmlad lr, r7, r12, lr\n",
            "stmia r4!, {{r6, r7}}\n",
        )
    };
    (each $op:literal, $by:literal, $($x:literal)+) => {
        concat!($($op, $x, ", ", $x, $by, "\n",)+)
    };
}

/// Stores quants as pairs of 16-bit numbers.
#[unsafe(naked)]
unsafe extern "C" fn quantise(values: &Values<'_>) {
    naked_asm!(
        ".cpu cortex-m33\n.fpu fpv5-sp-d16",
        "push {{r4-r9, lr}}",
        "ldm r0, {{r0-r5}}",
        "sub r1, #64",
        "mov r12, #0x4B000000",
        "add r12, #0x00400000",
        "vmov s8, s9, r3, r12",
        "mov r12, #0x00010001",
        "2:",
        "mov lr, #0",
        ".rept 2",
        "vldmia r0!, {{s0-s7}}",
        four_quants!("s0" "s1" "s2" "s3"),
        four_quants!("s4" "s5" "s6" "s7"),
        ".endr",
        "add r0, r1",
        "strh lr, [r5], #2",
        "subs r2, #1",
        "bne 2b",
        "pop {{r4-r9, pc}}",
    )
}

/// Finds the greatest magnitude.
#[cfg(feature = "isa-helium")]
#[unsafe(naked)]
unsafe extern "C" fn greatest_of_vectors(values: &Values<'_>) -> u32 {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r7, lr}}",
        "ldm r0, {{r0-r2}}",
        "dls lr, r2",
        "vmov.i32 q3, #0",
        "2:",
        "vldrw.u32 q0, [r0]",
        "vldrw.u32 q1, [r0, #16]",
        "vshl.i32 q0, q0, #1",
        "vshl.i32 q1, q1, #1",
        "vmax.u32 q3, q3, q0",
        "vldrw.u32 q0, [r0, #32]",
        "vmax.u32 q3, q3, q1",
        "vldrw.u32 q1, [r0, #48]",
        "vshl.i32 q0, q0, #1",
        "vshl.i32 q1, q1, #1",
        "vmax.u32 q3, q3, q0",
        "vmax.u32 q3, q3, q1",
        "add r0, r1",
        "le lr, 2b",
        "movs r0, #0",
        "vmaxv.u32 r0, q3",
        "lsrs r0, r0, #1",
        "pop {{r7, pc}}",
    )
}

/// Stores quants as bytes.
#[cfg(feature = "isa-helium")]
#[unsafe(naked)]
unsafe extern "C" fn quantise_vectors(values: &Values<'_>) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r6, lr}}",
        "ldm r0, {{r0-r5}}",
        "dls lr, r2",
        "2:",
        "vldrw.u32 q0, [r0]",
        "vldrw.u32 q1, [r0, #16]",
        "vldrw.u32 q2, [r0, #32]",
        "vldrw.u32 q3, [r0, #48]",
        "vmul.f32 q0, q0, r3",
        "vmul.f32 q1, q1, r3",
        "vmul.f32 q2, q2, r3",
        "vmul.f32 q3, q3, r3",
        "vcvtn.s32.f32 q0, q0",
        "vcvtn.s32.f32 q1, q1",
        "vcvtn.s32.f32 q2, q2",
        "vcvtn.s32.f32 q3, q3",
        "vaddv.s32 r6, q0",
        "vstrb.32 q0, [r4]",
        "vaddva.s32 r6, q1",
        "vstrb.32 q1, [r4, #4]",
        "vaddva.s32 r6, q2",
        "vstrb.32 q2, [r4, #8]",
        "vaddva.s32 r6, q3",
        "vstrb.32 q3, [r4, #12]",
        "strh r6, [r5], #2",
        "add r4, #16",
        "add r0, r1",
        "le lr, 2b",
        "pop {{r4-r6, pc}}",
    )
}
