//! Blocks of 32, one token.
//!
//! | registers | two rows | one row of 5-bit quants | four rows by a table |
//! |---|---|---|---|
//! | rows | `r0`, `r1` | `r0` | `r0` and `r3`, the second and fourth `r1` bytes behind |
//! | activations | `r2` | `r2` | `r2` |
//! | constants | `r3` mask of pairs | `r3` mask, `r1` factor | `r12` table |
//! | weights | `r4`, `r5` | `r4`; `r11` and `r12` fifth bits | `r4`, `r5` |
//! | pairs | `r8`, `r9` (nibbles), `r3` to `r5` (bytes) | `r4`, `r5`, `r12` | `r4`, `r5` |
//! | pairs of activations | `r6`, `r7` (nibbles), `r6` to `r9` (bytes) | `r6` to `r9` | `r6` to `r8` |
//! | integer sums | `r10`, `r12` | `r10` | `r9`, `r10`, `r11`, `lr` |
//! | scales, then products | `s0`, `s1` | `s0` | `s0` to `s3` |
//! | sums | `s14`, `s15` | `s14` | `s12` to `s15` |
//! | step and end of activations | `r11`, `lr` | stack | stack |

use super::frame::*;
use super::rows::*;
use super::scales::*;
use super::tables::{IQ4_PAIRS, MXFP4_PAIRS};
use super::unpack::*;
use crate::simd::arch::strip::Strip;
use core::arch::naked_asm;

/// Two rows of nibbles, between the fragments that load scales and close the block.
macro_rules! rows_of_nibbles {
    ($scales:expr, $close:expr) => {
        naked_asm!(
            enter!("32"),
            begin_rows!(),
            "add r1, r0",
            "mov r3, #0x000F000F",
            "2:",
            $scales,
            nibbles_of_two_rows!("32", high new "r10" "r12", low add "r10" "r12"),
            ".rept 3",
            nibbles_of_two_rows!("32", high add "r10" "r12", low add "r10" "r12"),
            ".endr",
            $close,
            next_block!("2b"),
            leave!(two rows),
        )
    };
}

/// Q4_0: two rows.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_0(strip: &mut Strip) {
    rows_of_nibbles!(
        scales_of_two_rows!(),
        concat!(
            // The quants were taken as q + 8.
            offset_of_two_rows!("36", "3"),
            "vldr s4, [r2, #32]\n",
            "vmov s2, s3, r10, r12\n",
            close!("s4", "", "s0" "s2" "s14", "s1" "s3" "s15"),
        )
    )
}

/// Q4_1: two rows.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_1(strip: &mut Strip) {
    rows_of_nibbles!(
        scales_and_mins_of_two_rows!(),
        concat!(
            "vldr s5, [r2, #36]\n",
            "vldr s4, [r2, #32]\n",
            "vmov s6, s7, r10, r12\n",
            "vcvt.f32.s32 s5, s5\n",
            close_with_min!("s4", "s0" "s6", "s2" "s5" "s2", "s14"; "s4", "s1" "s7", "s3" "s5" "s3", "s15"),
        )
    )
}

/// One row of 5-bit quants, between the fragments that load scales and fifth bits, and close the block.
macro_rules! row_of_five_bits {
    ($sign:ident, $mask:literal, $scales:expr, $close:expr) => {
        naked_asm!(
            enter!("32"),
            "push {{r11, lr}}",
            begin_rows!(),
            spread_constant!(),
            $mask,
            "2:",
            $scales,
            five_bits!(new, $sign, "0", "16"),
            five_bits!(add, $sign, "4", "20"),
            five_bits!(add, $sign, "8", "24"),
            five_bits!(add, $sign, "12", "28"),
            $close,
            next_block_from_stack!("2b", "0"),
            leave!(one row, "8"),
        )
    };
}

/// Q5_0: one row.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q5_0(strip: &mut Strip) {
    row_of_five_bits!(
        signed,
        "mov r3, #0xF800F800",
        concat!(scale!(), "ldr r11, [r0], #4\n", "mvn r11, r11\n"),
        concat!("vldr s4, [r2, #32]\n", "vmov s2, r10\n", close!("s4", ", #11", "s0" "s2" "s14"))
    )
}

/// Q5_1: one row.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q5_1(strip: &mut Strip) {
    row_of_five_bits!(
        unsigned,
        "mov r3, #0x001F001F",
        concat!(scale_and_min!(), "ldr r11, [r0], #4\n"),
        concat!(
            "vldr s3, [r2, #36]\n",
            "vldr s4, [r2, #32]\n",
            "vmov s2, r10\n",
            "vcvt.f32.s32 s3, s3\n",
            close_with_min!("s4", "s0" "s2", "s1" "s3" "s1", "s14"),
        )
    )
}

/// Q8_0: two rows.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q8_0(strip: &mut Strip) {
    naked_asm!(
        enter!("64"),
        begin_rows!(),
        "add r1, r0",
        "2:",
        scales_of_two_rows!(),
        bytes_of_two_rows!(new),
        ".rept 3",
        bytes_of_two_rows!(add),
        ".endr",
        "vldr s4, [r2]",
        "vmov s2, s3, r10, r12",
        close!("s4", "", "s0" "s2" "s14", "s1" "s3" "s15"),
        next_block!("2b"),
        leave!(two rows),
    )
}

/// Four rows of nibbles that are looked up.
macro_rules! rows_by_table {
    ($scales:expr, $pairs:ident) => {
        naked_asm!(
            enter!("32"),
            "push {{r11, lr}}",
            begin_rows!(),
            "vmov s12, s13, r5, r5",
            "add r3, r0, r1, lsl #1",
            "movw r12, #:lower16:{pairs}",
            "movt r12, #:upper16:{pairs}",
            "2:",
            $scales,
            "mov r9, #0",
            "mov r10, #0",
            "mov r11, #0",
            "mov lr, #0",
            ".rept 4",
            lookups_of_four_rows!("-1"),
            lookups_of_four_rows!("1"),
            ".endr",
            "vldr s8, [r2, #32]",
            "vmov s4, s5, r9, r10",
            "vmov s6, s7, r11, lr",
            close!("s8", "", "s0" "s4" "s12", "s1" "s5" "s13", "s2" "s6" "s14", "s3" "s7" "s15"),
            next_block_from_stack!("2b", "0"),
            leave!(four rows, "8"),
            pairs = sym $pairs,
        )
    };
}

/// IQ4_NL: four rows.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn iq4_nl(strip: &mut Strip) {
    rows_by_table!(scales_of_four_rows!(), IQ4_PAIRS)
}

/// MXFP4: four rows.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn mxfp4(strip: &mut Strip) {
    rows_by_table!(power_scales_of_four_rows!(), MXFP4_PAIRS)
}
