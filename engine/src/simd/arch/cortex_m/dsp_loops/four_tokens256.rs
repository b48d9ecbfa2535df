//! Blocks of 256, one row, four tokens.
//!
//! Sub-blocks that are low nibbles come first, then those that are high ones: they take the same instructions with masks that
//! lie four bits higher, and their sums are 16 times too great. So are the totals made before, and closing takes four bits
//! off.
//!
//! | registers | |
//! |---|---|
//! | row | `r0`; `r6` upper bits |
//! | activations | `r2`, in the middle between the tokens |
//! | masks | `r3` of pairs, `r1` of upper bits |
//! | rotation of upper bits | `r7` |
//! | weights, pairs | `r4`, `r5` |
//! | pairs of activations | `r8`, `r9`; `r6`, `r7` where there are no upper bits |
//! | integer sums | `r10`, `r11`, `r12`, `lr` |
//! | scale (and minimum) | `s0` |
//! | place of the next scale | `s2` |
//! | totals | `s8` to `s11` |
//! | sums | `s12` to `s15` |
//!
//! Step and end of the activations are on the stack, as are unpacked scales and minimums.

use super::frame::*;
use super::scales::*;
use super::scales256::*;
use super::tokens::*;
use super::unpack::*;
use crate::simd::arch::strip::Strip;
use core::arch::naked_asm;

/// Entry, with step and end at the top of the stack.
macro_rules! enter_between_tokens {
    () => {
        concat!(enter!("512"), "vmov s12, s13, r5, r5\n", "add r2, #852\n", "add lr, #852\n", "push {{r11, lr}}\n",)
    };
}

/// The scale of a sub-block to `r4`, and the place of that of the next one, which takes the same nibbles, to `r5`.
macro_rules! next_k_scale {
    () => {
        concat!("vmov r5, s2\n", "ldrb r4, [sp, r5]\n", "adds r5, #2\n", "vmov s2, r5\n")
    };
}

/// Q4_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_k(strip: &Strip) {
    naked_asm!(
        enter_between_tokens!(),
        "sub sp, #16",
        "2:",
        k_scales!("r0", "r4", "r5", "s0"),
        "strd r4, r5, [sp]",
        "strd r6, r12, [sp, #8]",
        clear_four_totals!(),
        "vmov s2, r5",
        "mov r3, #0x000F000F",
        "3:",
        nibbles256!(new, "0"),
        ".irp k, 1, 2, 3, 4, 5, 6, 7",
        nibbles256!(add, "\\k"),
        ".endr",
        next_k_scale!(),
        apply_scale_to_four_tokens!(),
        "adds r0, #32",
        "adds r2, #128",
        "cmp r5, #8",
        "blt 3b",
        "bne 4f",
        turn_to_high_nibbles!(),
        "subs r0, #128",
        "sub r2, #448",
        "movs r5, #1",
        "vmov s2, r5",
        "b 3b",
        "4:",
        "subs r2, #64",
        close_four_tokens_with_mins!(),
        next_block_from_stack!("2b", "16"),
        "add sp, #24",
        leave_four_tokens!(),
    )
}

/// Q5_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q5_k(strip: &Strip) {
    naked_asm!(
        enter_between_tokens!(),
        "sub sp, #16",
        "2:",
        k_scales!("r0", "r4", "r5", "s0"),
        "strd r4, r5, [sp]",
        "strd r6, r12, [sp, #8]",
        "mov r6, r0",
        "adds r0, #32",
        clear_four_totals!(),
        "vmov s2, r5",
        "mov r1, #0xF0F0F0F0",
        "mov r3, #0x001F001F",
        // Bit 0 of each byte to bit 4, then bits 2, 4, 6.
        "movs r7, #28",
        "3:",
        planes256!(new, "0"),
        ".irp k, 1, 2, 3, 4, 5, 6, 7",
        planes256!(add, "\\k"),
        ".endr",
        next_k_scale!(),
        apply_scale_to_four_tokens!(),
        "adds r0, #32",
        "adds r2, #128",
        "adds r7, #2",
        "cmp r5, #8",
        "blt 3b",
        "bne 4f",
        turn_to_high_nibbles!(),
        "subs r0, #128",
        "sub r2, #448",
        // Bit 1 of each byte to bit 0 of the next, then bits 3, 5, 7.
        "movs r7, #25",
        "movs r5, #1",
        "vmov s2, r5",
        "b 3b",
        "4:",
        "subs r2, #64",
        close_four_tokens_with_mins!(),
        next_block_from_stack!("2b", "16"),
        "add sp, #24",
        leave_four_tokens!(),
    )
}

/// Two planes of 32 elements of 6 bits, which take the same nibbles, and on to the next half of the block.
macro_rules! two_planes {
    () => {
        concat!(
            "movs r7, #28\n",
            "bl 3f\n",
            "bl 3f\n",
            "subs r6, #32\n",
            "movs r7, #30\n",
            "bl 3f\n",
            "bl 3f\n",
            "vmov r5, s2\n",
            "adds r2, #128\n",
            "adds r5, #4\n",
            "vmov s2, r5\n",
        )
    };
}

/// Q6_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q6_k(strip: &Strip) {
    naked_asm!(
        enter_between_tokens!(),
        "2:",
        clear_four_totals!(),
        "add r5, r0, #192",
        "vmov s2, r5",
        "add r6, r0, #128",
        "mov r1, #0xF0F0F0F0",
        "mov r3, #0x003F003F",
        two_planes!(),
        two_planes!(),
        turn_to_high_nibbles!(),
        "subs r0, #128",
        "subs r6, #64",
        "sub r2, #384",
        "subs r5, #12",
        "vmov s2, r5",
        two_planes!(),
        two_planes!(),
        "subs r2, #128",
        // The quants were taken as q + 32.
        offsets_of_four_tokens!(new, "0"),
        offsets_of_four_tokens!(add, "1"),
        offsets_of_four_tokens!(add, "2"),
        offsets_of_four_tokens!(add, "3"),
        subtract_offsets!(),
        "ldrh r4, [r0, #80]",
        "adds r0, #82",
        "vmov s0, r4",
        "vcvtb.f32.f16 s0, s0",
        close_four_tokens256!(),
        next_block_from_stack!("2b", "0"),
        "add sp, #8",
        leave_four_tokens!(),
        // Sixteen elements of one plane.
        "3:",
        "push {{lr}}",
        planes256!(new, "0"),
        ".irp k, 1, 2, 3",
        planes256!(add, "\\k"),
        ".endr",
        "vmov r5, s2",
        "ldrsb r4, [r5], #1",
        "vmov s2, r5",
        apply_scale_to_four_tokens!(),
        "adds r0, #16",
        "adds r6, #16",
        "adds r2, #32",
        "pop {{pc}}",
    )
}
