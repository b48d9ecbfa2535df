//! Attention loops for Helium.
//!
//! Vectors of floats flush denormals to zero. Factors are 0 or at least 2^-60 and have at most 16 bits, and halves are
//! multiples of 2^-24: their products are multiples of 2^-99. Sums of such products and of normal numbers are 0 or normal,
//! but the sums to which they are added may be denormal at first. The FPU notes in FPSCR that it flushed an input or a
//! result, and then the scalar loop takes over, as nothing is stored before. Scores of 8-bit keys are far above the least
//! normal number for the reason that `close32` gives.

use super::dsp;
use crate::simd::arch::attention::{AttentionLoops, KeyDots, RowSum};
use core::arch::naked_asm;

pub(in crate::simd::arch::cortex_m) const LOOPS: AttentionLoops = AttentionLoops { add_halves, add_bytes, dots };

/// A loop that adds rows to sums in `q0` to `q3`. `$load` and `$store` move these; a `$row` at `r0` is multiplied with the
/// factor in `r4`. The scalar loop `$scalar` computes all anew where a denormal was flushed.
macro_rules! add_rows {
    ($load:literal, $row:literal, $store:literal, $scalar:path) => {
        naked_asm!(
            ".cpu cortex-m55",
            "push {{r0, r4, r5, lr}}",
            "vpush {{d8-d15}}",
            "ldm r0, {{r0-r5}}",
            "vmrs r12, fpscr",
            "bic r12, #0x88",
            "vmsr fpscr, r12",
            $load,
            "dls lr, r4",
            "2:",
            "ldr r4, [r2]",
            $row,
            "add r0, r1",
            "add r2, r3",
            "le lr, 2b",
            "vmrs r12, fpscr",
            "tst r12, #0x88",
            "bne 3f",
            $store,
            "vpop {{d8-d15}}",
            "pop {{r0, r4, r5, pc}}",
            "3:",
            "vpop {{d8-d15}}",
            "pop {{r0, r4, r5, lr}}",
            "b {scalar}",
            scalar = sym $scalar,
        )
    };
}

/// The loop for rows of `f16`. Conversion separates a vector's even and odd lanes, so the sums are kept apart likewise.
#[unsafe(naked)]
unsafe extern "C" fn add_halves(sum: &RowSum<'_>) {
    add_rows!(
        "vld20.32 {{q0, q1}}, [r5]
         vld21.32 {{q0, q1}}, [r5]!
         vld20.32 {{q2, q3}}, [r5]
         vld21.32 {{q2, q3}}, [r5]
         sub r5, #32",
        "vldrh.u16 q4, [r0]
         vldrh.u16 q5, [r0, #16]
         vcvtb.f32.f16 q6, q4
         vcvtt.f32.f16 q4, q4
         vcvtb.f32.f16 q7, q5
         vcvtt.f32.f16 q5, q5
         vfma.f32 q0, q6, r4
         vfma.f32 q1, q4, r4
         vfma.f32 q2, q7, r4
         vfma.f32 q3, q5, r4",
        "vst20.32 {{q0, q1}}, [r5]
         vst21.32 {{q0, q1}}, [r5]!
         vst20.32 {{q2, q3}}, [r5]
         vst21.32 {{q2, q3}}, [r5]",
        dsp::add_halves
    )
}

/// The loop for rows of bytes.
#[unsafe(naked)]
unsafe extern "C" fn add_bytes(sum: &RowSum<'_>) {
    add_rows!(
        "vldrw.u32 q0, [r5]
         vldrw.u32 q1, [r5, #16]
         vldrw.u32 q2, [r5, #32]
         vldrw.u32 q3, [r5, #48]",
        "vldrb.s32 q4, [r0]
         vldrb.s32 q5, [r0, #4]
         vldrb.s32 q6, [r0, #8]
         vldrb.s32 q7, [r0, #12]
         vcvt.f32.s32 q4, q4
         vcvt.f32.s32 q5, q5
         vcvt.f32.s32 q6, q6
         vcvt.f32.s32 q7, q7
         vfma.f32 q0, q4, r4
         vfma.f32 q1, q5, r4
         vfma.f32 q2, q6, r4
         vfma.f32 q3, q7, r4",
        "vstrw.32 q0, [r5]
         vstrw.32 q1, [r5, #16]
         vstrw.32 q2, [r5, #32]
         vstrw.32 q3, [r5, #48]",
        dsp::add_bytes
    )
}

/// A key's integer sum: its first word is `$at` bytes behind the addresses in `q6`, its fifth 256 bytes more.
macro_rules! key {
    ($sum:literal, $at:expr) => {
        concat!(
            "vldrw.u32 q0, [q6, #",
            $at,
            "]\n",
            "vldrw.u32 q1, [q6, #",
            $at,
            "+256]\n",
            "vmlav.s8 ",
            $sum,
            ", q0, q4\n",
            "vmlava.s8 ",
            $sum,
            ", q1, q5\n",
        )
    };
}

/// Four keys' scores: their first words are `$words` bytes behind the addresses in `q6`, their scales `$scales` behind `r2`.
macro_rules! four_keys {
    ($words:literal, $scales:literal) => {
        concat!(
            key!("r4", $words),
            key!("r6", concat!($words, "+4")),
            key!("r8", concat!($words, "+8")),
            key!("r10", concat!($words, "+12")),
            "vldrh.u32 q2, [r2, #",
            $scales,
            "]\n",
            "vcvtb.f32.f16 q2, q2\n",
            "vmov q3[2], q3[0], r4, r8\n",
            "vmov q3[3], q3[1], r6, r10\n",
            "vmul.f32 q2, q2, r12\n",
            "vcvt.f32.s32 q3, q3\n",
            "vldrw.u32 q0, [r5, #2*",
            $scales,
            "]\n",
            "vmul.f32 q2, q2, q3\n",
            "vadd.f32 q0, q0, q2\n",
            "vstrw.32 q0, [r5, #2*",
            $scales,
            "]\n",
        )
    };
}

/// Dot products of the query with 8-bit keys. `q4` and `q5` are the query, `q6` the addresses of the first key's first four words, `r2`
/// scales, `r3` the query, `r5` scores, `r12` the query's scale.
#[unsafe(naked)]
unsafe extern "C" fn dots(keys: &KeyDots<'_>) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r10, lr}}",
        "vpush {{d8-d15}}",
        "ldm r0, {{r1-r5}}",
        "dls lr, r4",
        // 0, 64, 128 and 192 bytes behind.
        "movs r4, #0",
        "vidup.u32 q6, r4, #8",
        "vshl.i32 q6, q6, #3",
        "vadd.i32 q6, q6, r1",
        "mov r1, #512",
        "2:",
        "vldrw.u32 q4, [r3], #16",
        "vldrw.u32 q5, [r3], #16",
        "ldr r12, [r3], #8",
        four_keys!("0", "0"),
        four_keys!("16", "8"),
        four_keys!("32", "16"),
        four_keys!("48", "24"),
        "add r2, #32",
        "vadd.i32 q6, q6, r1",
        "le lr, 2b",
        "vpop {{d8-d15}}",
        "pop {{r4-r10, pc}}",
    )
}
