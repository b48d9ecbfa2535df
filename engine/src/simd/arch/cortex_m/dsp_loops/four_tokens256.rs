//! Blocks of 256, one row, four tokens.
//!
//! Sub-blocks that are low nibbles come first, then those that are high ones: they take the same instructions with masks that
//! lie four bits higher, and their sums are 16 times too great. So are the totals made before, and closing takes four bits
//! off. Totals do not overflow: the greatest is Q6_K's, 16 * 256 * 32 * 128 * 127, just below 2^31. Quants of two and three bits
//! are shifted instead, and IQ4_XS has both nibbles of a byte at once.
//!
//! | registers | |
//! |---|---|
//! | row | `r0`; `r6` upper bits |
//! | activations | `r2`, in the middle between the tokens |
//! | masks | `r3` of pairs, or table; `r1` of upper bits |
//! | rotation of upper bits, shift | `r7`; `r1` rotation of third bits |
//! | weights, pairs | `r4`, `r5` |
//! | pairs of activations | `r8`, `r9`, and two more of `r1`, `r6`, `r7` where they are free |
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
use super::tables::IQ4_PAIRS;
use super::tokens::*;
use super::unpack::*;
use crate::simd::arch::strip::Strip;
use core::arch::naked_asm;

/// The scale of a sub-block to `r4`, and the place of that of the next one, which takes the same nibbles, to `r5`.
macro_rules! next_k_scale {
    () => {
        concat!("vmov r5, s2\n", "ldrb r4, [sp, r5]\n", "adds r5, #2\n", "vmov s2, r5\n")
    };
}

/// Q4_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_k(strip: &mut Strip) {
    naked_asm!(
        enter_between_tokens!(),
        "sub sp, #16",
        begin_between_tokens!(),
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
        leave_four_tokens!("24"),
    )
}

/// Q5_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q5_k(strip: &mut Strip) {
    naked_asm!(
        enter_between_tokens!(),
        "sub sp, #16",
        begin_between_tokens!(),
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
        leave_four_tokens!("24"),
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

/// The routine `3`: sixteen elements of one plane, whose quants go on at `r0` and, with `$upper`, upper bits at `r6`.
macro_rules! sixteen_elements {
    ($planes:ident, $upper:literal) => {
        concat!(
            "3:\n",
            "push {{lr}}\n",
            $planes!(new, "0"),
            ".irp k, 1, 2, 3\n",
            $planes!(add, "\\k"),
            ".endr\n",
            next_signed_scale!(),
            apply_scale_to_four_tokens!(),
            "adds r0, #16\n",
            $upper,
            "adds r2, #32\n",
            "pop {{pc}}\n",
        )
    };
}

/// Q6_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q6_k(strip: &mut Strip) {
    naked_asm!(
        enter_between_tokens!(),
        begin_between_tokens!(),
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
        all_offsets_of_four_tokens!("sxtb16", "r0, #64"),
        subtract_offsets!("9"),
        "ldrh r4, [r0, #80]",
        "adds r0, #82",
        "vmov s0, r4",
        "vcvtb.f32.f16 s0, s0",
        close_four_tokens256!(", #4"),
        next_block_from_stack!("2b", "0"),
        leave_four_tokens!("8"),
        sixteen_elements!(planes256, "adds r6, #16\n"),
    )
}

/// The first or last four planes of a block of 2-bit or 3-bit quants; `$next` goes to the next plane.
macro_rules! four_planes {
    ($next:literal) => {
        concat!(
            "movs r7, #0\n",
            "4:\n",
            "bl 3f\n",
            "bl 3f\n",
            "subs r0, #32\n",
            $next,
            "adds r7, #2\n",
            "cmp r7, #8\n",
            "bne 4b\n",
            "adds r0, #32\n",
        )
    };
}

/// Q2_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q2_k(strip: &mut Strip) {
    naked_asm!(
        enter_between_tokens!(),
        "sub sp, #32",
        "mov r3, #0x00030003",
        begin_between_tokens!(),
        "2:",
        // Scales to the stack, then minimums, 16 times too great.
        ".irp at, 0, 4, 8, 12",
        "ldr r4, [r0, #\\at]",
        "and r5, r4, #0x0F0F0F0F",
        "and r4, r4, #0xF0F0F0F0",
        "str r5, [sp, #\\at]",
        "str r4, [sp, #\\at+16]",
        ".endr",
        "ldr r4, [r0, #80]",
        "adds r0, #16",
        "vmov s0, r4",
        "vcvtt.f32.f16 s1, s0",
        "vcvtb.f32.f16 s0, s0",
        clear_four_totals!(),
        "mov r5, sp",
        "vmov s2, r5",
        four_planes!(""),
        four_planes!(""),
        "adds r0, #4",
        all_offsets_of_four_tokens!("uxtb16", "sp, #16"),
        "asr r10, r10, #4",
        "asr r11, r11, #4",
        "asr r12, r12, #4",
        "asr lr, lr, #4",
        "vmov s4, s5, r10, r11",
        "vmov s6, s7, r12, lr",
        close_token_with_mins!("", "-852", "s8", "s4", "s12"),
        close_token_with_mins!("", "-284", "s9", "s5", "s13"),
        close_token_with_mins!("", "284", "s10", "s6", "s14"),
        close_token_with_mins!("", "852", "s11", "s7", "s15"),
        next_block_from_stack!("2b", "32"),
        leave_four_tokens!("40"),
        sixteen_elements!(two_bits256, ""),
    )
}

/// Q3_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q3_k(strip: &mut Strip) {
    naked_asm!(
        enter_between_tokens!(),
        "sub sp, #16",
        "mov r3, #0x00070007",
        begin_between_tokens!(),
        "2:",
        split_scales!(),
        "ldrh r4, [r0, #108]",
        "vmov s0, r4",
        "vcvtb.f32.f16 s0, s0",
        clear_four_totals!(),
        "mov r5, sp",
        "vmov s2, r5",
        "mov r6, r0",
        "adds r0, #32",
        // Bit 0 of each byte to bit 2, then bit 1, and so on.
        "movs r1, #30",
        four_planes!("subs r6, #32\nadds r1, #1\n"),
        four_planes!("subs r6, #32\nadds r1, #1\n"),
        "adds r0, #14",
        // The quants were taken as q + 4.
        all_offsets_of_four_tokens!("sxtb16", "sp, #0"),
        subtract_offsets!("2"),
        close_four_tokens256!(""),
        next_block_from_stack!("2b", "16"),
        leave_four_tokens!("24"),
        sixteen_elements!(three_bits256, "adds r6, #16\n"),
    )
}

/// IQ4_XS.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn iq4_xs(strip: &mut Strip) {
    naked_asm!(
        enter_between_tokens!(),
        "sub sp, #8",
        "movw r3, #:lower16:{pairs}",
        "movt r3, #:upper16:{pairs}",
        begin_between_tokens!(),
        "2:",
        "ldr r5, [r0, #4]",
        "ldr r4, [r0], #8",
        "vmov s0, r4",
        "vcvtb.f32.f16 s0, s0",
        spread_scales!(),
        clear_four_totals!(),
        "mov r5, sp",
        "vmov s2, r5",
        "3:",
        lookups256!(new, "0"),
        ".irp k, 1, 2, 3",
        lookups256!(add, "\\k"),
        ".endr",
        next_signed_scale!(),
        apply_scale_to_four_tokens!(),
        "adds r2, #64",
        "add r4, sp, #8",
        "cmp r5, r4",
        "bne 3b",
        close_four_tokens256!(""),
        next_block_from_stack!("2b", "8"),
        leave_four_tokens!("16"),
        pairs = sym IQ4_PAIRS,
    )
}
