//! Attention loops for the DSP extension and a scalar FPU.

use crate::simd::arch::attention::{AttentionLoops, KeyDots, RowSum};
use core::arch::naked_asm;

pub(in crate::simd::arch::cortex_m) const LOOPS: AttentionLoops = AttentionLoops { add_halves, add_bytes, dots };

/// A loop that adds rows to the sums in `s16` to `s31`. A `$row` at `r0` is multiplied with the factor in `s15`; it may use
/// `s0` to `s14` and `r5` to `r8`.
macro_rules! add_rows {
    ($row:expr) => {
        naked_asm!(
            // Without this directive, the assembler takes Armv8-M's baseline, which has neither DSP nor an FPU.
            ".cpu cortex-m33\n.fpu fpv5-sp-d16",
            "push {{r4-r8, lr}}",
            "vpush {{s16-s31}}",
            "ldm r0, {{r0-r4, r12}}",
            "vldmia r12, {{s16-s31}}",
            "2:",
            "vldr s15, [r2]",
            $row,
            "add r2, r3",
            "add r0, r1",
            "subs r4, #1",
            "bne 2b",
            "vstmia r12, {{s16-s31}}",
            "vpop {{s16-s31}}",
            "pop {{r4-r8, pc}}",
        )
    };
}

/// Multiplies the two `f16` of each word in two registers.
macro_rules! four_halves {
    ($a:literal $b:literal, $s0:literal $s1:literal $s2:literal $s3:literal) => {
        concat!(
            "vcvtb.f32.f16 s8, ",
            $a,
            "\nvcvtt.f32.f16 s9, ",
            $a,
            "\n",
            "vcvtb.f32.f16 s10, ",
            $b,
            "\nvcvtt.f32.f16 s11, ",
            $b,
            "\n",
            "vfma.f32 ",
            $s0,
            ", s8, s15\nvfma.f32 ",
            $s1,
            ", s9, s15\n",
            "vfma.f32 ",
            $s2,
            ", s10, s15\nvfma.f32 ",
            $s3,
            ", s11, s15\n",
        )
    };
}

/// Multiplies four bytes from byte `$at` of the row on.
macro_rules! four_bytes {
    ($at:literal, $s0:literal $s1:literal $s2:literal $s3:literal) => {
        concat!(
            "ldrsb r5, [r0, #",
            $at,
            "]\nldrsb r6, [r0, #",
            $at,
            "+1]\n",
            "ldrsb r7, [r0, #",
            $at,
            "+2]\nldrsb r8, [r0, #",
            $at,
            "+3]\n",
            "vmov s0, s1, r5, r6\nvmov s2, s3, r7, r8\n",
            "vcvt.f32.s32 s0, s0\nvcvt.f32.s32 s1, s1\nvcvt.f32.s32 s2, s2\nvcvt.f32.s32 s3, s3\n",
            "vfma.f32 ",
            $s0,
            ", s0, s15\nvfma.f32 ",
            $s1,
            ", s1, s15\n",
            "vfma.f32 ",
            $s2,
            ", s2, s15\nvfma.f32 ",
            $s3,
            ", s3, s15\n",
        )
    };
}

/// The loop for rows of `f16`.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn add_halves(sum: &RowSum<'_>) {
    add_rows!(concat!(
        "vldmia r0, {{s0-s7}}\n",
        four_halves!("s0" "s1", "s16" "s17" "s18" "s19"),
        four_halves!("s2" "s3", "s20" "s21" "s22" "s23"),
        four_halves!("s4" "s5", "s24" "s25" "s26" "s27"),
        four_halves!("s6" "s7", "s28" "s29" "s30" "s31"),
    ))
}

/// The loop for rows of bytes.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn add_bytes(sum: &RowSum<'_>) {
    add_rows!(concat!(
        four_bytes!("0", "s16" "s17" "s18" "s19"),
        four_bytes!("4", "s20" "s21" "s22" "s23"),
        four_bytes!("8", "s24" "s25" "s26" "s27"),
        four_bytes!("12", "s28" "s29" "s30" "s31"),
    ))
}

/// Adds a key's four products in `$weights` to its sum: pairs of the query are in `r6` and `r7`.
macro_rules! four_products {
    ($sum:literal, $weights:literal) => {
        concat!(
            "sxtb16 r12, ",
            $weights,
            "\nsxtb16 ",
            $weights,
            ", ",
            $weights,
            ", ror #8\n",
            "smlad ",
            $sum,
            ", r12, r6, ",
            $sum,
            "\nsmlad ",
            $sum,
            ", ",
            $weights,
            ", r7, ",
            $sum,
            "\n",
        )
    };
}

/// Dot products of the query with 8-bit keys, four keys at a time.
///
/// `r0` words, `r1` the query, `r2` to `r5` integer sums, `r6` and `r7` pairs of the query, `r8` to `r11` a word of each key,
/// `lr` words left. The stack holds the keys' first words, their first scales, the query, blocks, scores, blocks left, the
/// block's scales, and the end of the scores. `s12` to `s15` are the scores.
#[unsafe(naked)]
unsafe extern "C" fn dots(keys: &KeyDots<'_>) {
    naked_asm!(
        ".cpu cortex-m33\n.fpu fpv5-sp-d16",
        "push {{r4-r11, lr}}",
        "ldm r0, {{r2-r6}}",
        "add r9, r6, #64",
        "push {{r2-r9}}",
        // Four keys.
        "2:",
        "ldm sp, {{r0, r1, r2, r3}}",
        "str r3, [sp, #20]",
        "str r1, [sp, #24]",
        "mov r1, r2",
        "movs r2, #0",
        "vmov s12, s13, r2, r2",
        "vmov s14, s15, r2, r2",
        // A block.
        "3:",
        "movs r2, #0",
        "movs r3, #0",
        "movs r4, #0",
        "movs r5, #0",
        "mov lr, #8",
        "4:",
        "ldr r6, [r1], #4",
        "ldm r0, {{r8-r11}}",
        "sxtb16 r7, r6, ror #8",
        "sxtb16 r6, r6",
        "add r0, #64",
        four_products!("r2", "r8"),
        four_products!("r3", "r9"),
        four_products!("r4", "r10"),
        four_products!("r5", "r11"),
        "subs lr, #1",
        "bne 4b",
        "ldr lr, [sp, #24]",
        "vldr s8, [lr]",
        "vldr s9, [lr, #4]",
        "vldr s10, [r1]",
        "vmov s4, s5, r2, r3",
        "vmov s6, s7, r4, r5",
        "vcvtb.f32.f16 s0, s8",
        "vcvtt.f32.f16 s1, s8",
        "vcvtb.f32.f16 s2, s9",
        "vcvtt.f32.f16 s3, s9",
        "vmul.f32 s0, s0, s10",
        "vmul.f32 s1, s1, s10",
        "vmul.f32 s2, s2, s10",
        "vmul.f32 s3, s3, s10",
        "vcvt.f32.s32 s4, s4",
        "vcvt.f32.s32 s5, s5",
        "vcvt.f32.s32 s6, s6",
        "vcvt.f32.s32 s7, s7",
        "vmul.f32 s0, s0, s4",
        "vmul.f32 s1, s1, s5",
        "vmul.f32 s2, s2, s6",
        "vmul.f32 s3, s3, s7",
        "ldr r2, [sp, #20]",
        "add lr, #32",
        "str lr, [sp, #24]",
        "vadd.f32 s12, s12, s0",
        "vadd.f32 s13, s13, s1",
        "vadd.f32 s14, s14, s2",
        "vadd.f32 s15, s15, s3",
        "add r1, #8",
        "subs r2, #1",
        "str r2, [sp, #20]",
        "bne 3b",
        // The next four keys: their first words and first scales lie behind those of the keys that are done.
        "ldm sp, {{r0, r1}}",
        "ldr r4, [sp, #16]",
        "ldr r8, [sp, #28]",
        "add r0, #16",
        "add r1, #8",
        "strd r0, r1, [sp]",
        "vstmia r4!, {{s12-s15}}",
        "str r4, [sp, #16]",
        "cmp r4, r8",
        "bne 2b",
        "add sp, #32",
        "pop {{r4-r11, pc}}",
    )
}
