//! Blocks of 256 with one scale, one token or four.
//!
//! | registers | Q8_K, two rows | TQ1_0, TQ2_0, one row | one row, four tokens |
//! |---|---|---|---|
//! | rows | `r0`, `r1` | `r0` | `r0` |
//! | activations | `r2` | `r2` | `r2`, in the middle between the tokens |
//! | mask of pairs | | `r3` | `r3` |
//! | weights, pairs | `r3` to `r5` | `r4`, `r5`; `r8`, `r9`, or `r1` | `r4`, `r5`; `r6`, `r7` those of TQ1_0 |
//! | pairs of activations | `r6` to `r9` | `r6`, `r7`, or `r6` to `r9` | `r8`, `r9`, and two that are free |
//! | integer sums | `r10`, `r12` | `r10` | `r10`, `r11`, `r12`, `lr` |
//! | words left, or their end | `lr` | `lr` | `r1`, or `s2` |
//! | shift | | | `r7`, that of TQ2_0 |
//! | scales | `s0`, `s1` | `s0` | `s0` |
//! | sums | `s14`, `s15` | `s14` | `s12` to `s15` |
//!
//! Step and end of the activations are on the stack.

use super::frame::*;
use super::rows::*;
use super::scales::*;
use super::scales256::*;
use super::tokens::*;
use super::unpack::*;
use crate::simd::arch::strip::Strip;
use core::arch::naked_asm;

/// Q8_K: two rows.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q8_k(strip: &mut Strip) {
    naked_asm!(
        enter!("512"),
        "push {{r11, lr}}",
        begin_rows!(),
        "add r1, r0",
        "2:",
        "ldr r4, [r0], #4",
        "ldr r5, [r1], #4",
        "vmov s0, s1, r4, r5",
        "mov r10, #0",
        "mov r12, #0",
        "mov lr, #4",
        "3:",
        ".rept 8",
        bytes_of_two_rows!(add),
        ".endr",
        "subs lr, #1",
        "bne 3b",
        "adds r0, #32",
        "adds r1, #32",
        "vldr s4, [r2]",
        "vmov s2, s3, r10, r12",
        close!("s4", "", "s0" "s2" "s14", "s1" "s3" "s15"),
        next_block_from_stack!("2b", "0"),
        leave!(two rows, "8"),
    )
}

/// Closes a block whose quants were taken as q + 1; its activations end `$end` bytes from `r2`.
macro_rules! close_less_one {
    ($end:literal) => {
        concat!(
            scale!(),
            op!("ldr", "r4", concat!("[r2, #4+", $end, "]")),
            op!("vldr", "s4", concat!("[r2, #", $end, "]")),
            "sub r10, r4\n",
            "vmov s2, r10\n",
            close!("s4", "", "s0" "s2" "s14"),
        )
    };
}

/// TQ1_0: one row. Thirty-two bytes of five digits, sixteen of five, and four of four.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn tq1_0(strip: &mut Strip) {
    naked_asm!(
        enter!("488"),
        "push {{r11, lr}}",
        begin_rows!(),
        "mov r3, #0x00030003",
        "2:",
        "mov r10, #0",
        "mov lr, #8",
        "3:",
        digits!("0, 1, 2, 3, 4", "64"),
        "subs lr, #1",
        "bne 3b",
        "add r2, #256",
        "mov lr, #4",
        "4:",
        digits!("0, 1, 2, 3, 4", "32"),
        "subs lr, #1",
        "bne 4b",
        "adds r2, #128",
        digits!("0, 1, 2, 3", "8"),
        close_less_one!("24"),
        next_block_from_stack!("2b", "0"),
        leave!(one row, "8"),
    )
}

/// TQ2_0: one row.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn tq2_0(strip: &mut Strip) {
    naked_asm!(
        enter!("512"),
        "push {{r11, lr}}",
        begin_rows!(),
        "mov r3, #0x00030003",
        "2:",
        "mov r10, #0",
        "mov lr, #2",
        "3:",
        ".rept 8",
        two_bit_planes!(add, "r10" "r10" "r10" "r10"),
        ".endr",
        "adds r2, #192",
        "subs lr, #1",
        "bne 3b",
        close_less_one!("0"),
        next_block_from_stack!("2b", "0"),
        leave!(one row, "8"),
    )
}

/// Begins four integer sums.
macro_rules! clear_four_sums {
    () => {
        "mov r10, #0\nmov r11, #0\nmov r12, #0\nmov lr, #0\n"
    };
}

/// Closes four tokens.
macro_rules! close_four_sums {
    () => {
        concat!("vmov s8, s9, r10, r11\n", "vmov s10, s11, r12, lr\n", close_four_tokens256!(""))
    };
}

/// Closes four tokens of a block whose quants were taken as q + 1.
macro_rules! close_four_sums_less_one {
    () => {
        concat!(
            scale!(),
            "ldrd r4, r5, [r2, #-852]\n",
            "ldrd r6, r7, [r2, #-284]\n",
            "sub r10, r5\n",
            "sub r11, r7\n",
            "ldrd r4, r5, [r2, #284]\n",
            "ldrd r6, r7, [r2, #852]\n",
            "sub r12, r5\n",
            "sub lr, r7\n",
            close_four_sums!(),
        )
    };
}

/// Q8_K, four tokens.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q8_k_four(strip: &mut Strip) {
    naked_asm!(
        enter_between_tokens!(),
        begin_between_tokens!(),
        "2:",
        "ldr r4, [r0], #4",
        "vmov s0, r4",
        clear_four_sums!(),
        "movs r1, #8",
        "3:",
        ".irp k, 0, 1, 2, 3, 4, 5, 6, 7",
        bytes256!(add, "\\k"),
        ".endr",
        "adds r0, #32",
        "adds r2, #64",
        "subs r1, #1",
        "bne 3b",
        "adds r0, #32",
        close_four_sums!(),
        next_block_from_stack!("2b", "0"),
        leave_four_tokens!("8"),
    )
}

/// TQ1_0, four tokens.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn tq1_0_four(strip: &mut Strip) {
    naked_asm!(
        enter_between_tokens!(),
        "mov r3, #0x00030003",
        begin_between_tokens!(),
        "2:",
        clear_four_sums!(),
        "movs r1, #8",
        "3:",
        digits256!("5", "64"),
        "sub r2, #312",
        "subs r1, #1",
        "bne 3b",
        "add r2, #256",
        "movs r1, #4",
        "4:",
        digits256!("5", "32"),
        "subs r2, #152",
        "subs r1, #1",
        "bne 4b",
        "adds r2, #128",
        digits256!("4", "8"),
        close_four_sums_less_one!(),
        next_block_from_stack!("2b", "0"),
        leave_four_tokens!("8"),
    )
}

/// TQ2_0, four tokens.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn tq2_0_four(strip: &mut Strip) {
    naked_asm!(
        enter_between_tokens!(),
        "mov r3, #0x00030003",
        begin_between_tokens!(),
        "2:",
        clear_four_sums!(),
        "add r4, r0, #64",
        "vmov s2, r4",
        "3:",
        "movs r7, #0",
        "4:",
        ".irp k, 0, 1, 2, 3, 4, 5, 6, 7",
        two_bits256!(add, "\\k"),
        ".endr",
        "adds r2, #64",
        "adds r7, #2",
        "cmp r7, #8",
        "bne 4b",
        "adds r0, #32",
        "vmov r4, s2",
        "cmp r0, r4",
        "bne 3b",
        close_four_sums_less_one!(),
        next_block_from_stack!("2b", "0"),
        leave_four_tokens!("8"),
    )
}
