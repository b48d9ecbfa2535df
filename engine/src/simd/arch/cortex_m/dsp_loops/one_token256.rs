//! Blocks of 256, one token.
//!
//! | registers | Q4_K, two rows | Q5_K, one row | Q6_K, Q2_K, Q3_K, one row | IQ4_XS, one row |
//! |---|---|---|---|---|
//! | rows | `r0`, `r1` | `r0`; `r1` fifth bits | `r0`; `r1` upper bits | `r0` |
//! | activations | `r2` | `r2` | `r2` | `r2` |
//! | constants | `r3` mask of pairs | `r3` mask | `r3` mask | `r3` table |
//! | weights, pairs | `r4`, `r5`, `r8`, `r9` | `r4`, `r5`, `lr` | `r4` to `r7`, or `r1`, `r4`, `r5` | `r1`, `r4` to `r7` |
//! | pairs of activations | `r6`, `r7` | `r6` to `r9` | `r8`, `r9`, or `r6` to `r9` | `r8`, `r9` |
//! | sums of sub-blocks | `r10`, `r12`; `r11`, `lr` | `r10`, `r11` | `r10`, `r11`, `r12`, `lr` | `r10` |
//! | place of scales | stack | `r12` | `s8` | `r11`, end `lr` |
//! | totals | `s8`, `s9` | `s8` | `s9` | `r12` |
//! | scale (and minimum) | `s0`, `s1` | `s0` | `s0` | `s0` |
//! | sums of minimums | `s10`, `s11` | `s10` | `s10` | |
//! | sums | `s14`, `s15` | `s14` | `s14` | `s14` |
//!
//! Step and end of the activations are on the stack, as are unpacked scales.

use super::frame::*;
use super::rows::*;
use super::scales::*;
use super::scales256::*;
use super::tables::IQ4_PAIRS;
use super::unpack::*;
use crate::simd::arch::strip::Strip;
use core::arch::naked_asm;

/// Q4_K: two rows.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_k(strip: &mut Strip) {
    naked_asm!(
        enter!("512"),
        "push {{r11, lr}}",
        begin_rows!(),
        "add r1, r0",
        "mov r3, #0x000F000F",
        "2:",
        "ldrd r8, r9, [r2, #552]",
        "ldrd r10, r11, [r2, #560]",
        k_scales!("r0", "lr", "r5", "s0"),
        sum_of_mins!("r4"),
        "vmov s10, r4",
        "vmov s6, s7, lr, r5",
        k_scales!("r1", "lr", "r5", "s1"),
        sum_of_mins!("r4"),
        "vmov s11, r4",
        "vmov r6, r7, s6, s7",
        // A word of scales for each two sub-blocks: two of the first row, two of the second.
        "pkhbt r8, r6, lr, lsl #16",
        "pkhtb r9, lr, r6, asr #16",
        "pkhbt r10, r7, r5, lsl #16",
        "pkhtb r11, r5, r7, asr #16",
        "orr r11, r11, #0x80000000",
        "push {{r8-r11}}",
        "movs r5, #0",
        "vmov s8, s9, r5, r5",
        "3:",
        nibbles_of_two_rows!("64", high new "r11" "lr", low new "r10" "r12"),
        ".rept 7",
        nibbles_of_two_rows!("64", high add "r11" "lr", low add "r10" "r12"),
        ".endr",
        "adds r2, #64",
        apply_scales_of_two_rows!(),
        "cmp r4, #0",
        "bpl 3b",
        "vldr s4, [r2]",
        "vcvtt.f32.f16 s2, s0",
        "vcvtt.f32.f16 s3, s1",
        "vcvtb.f32.f16 s0, s0",
        "vcvtb.f32.f16 s1, s1",
        "vmul.f32 s2, s2, s4",
        "vmul.f32 s3, s3, s4",
        "vmul.f32 s0, s0, s4",
        "vmul.f32 s1, s1, s4",
        close_with_mins!("", "s0" "s8", "s2" "s10", "s14"; "s1" "s9", "s3" "s11", "s15"),
        next_block_from_stack!("2b", "0"),
        leave!(two rows, "8"),
    )
}

/// Q5_K: one row.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q5_k(strip: &mut Strip) {
    naked_asm!(
        enter!("512"),
        "push {{r11, lr}}",
        "sub sp, #8",
        begin_rows!(),
        "mov r3, #0x001F001F",
        "2:",
        "ldrd r8, r9, [r2, #552]",
        "ldrd r10, r11, [r2, #560]",
        k_scales!("r0", "lr", "r5", "s0"),
        sum_of_mins!("r4"),
        "vmov s10, r4",
        "strd lr, r5, [sp]",
        "mov r1, r0",
        "adds r0, #32",
        // Two planes a turn: the number of their first bit is how far fifth bits rotate, and where scales are.
        "mov r12, #0",
        "vmov s8, r12",
        "3:",
        five_bit_planes!(new),
        ".rept 7",
        five_bit_planes!(add),
        ".endr",
        "subs r1, #32",
        "adds r2, #64",
        "ldrh r4, [sp, r12]",
        "vmov r5, s8",
        "add r12, #2",
        "uxtb r6, r4",
        "mla r5, r10, r6, r5",
        "lsrs r4, r4, #8",
        "mla r5, r11, r4, r5",
        "cmp r12, #8",
        "vmov s8, r5",
        "bne 3b",
        "vldr s4, [r2]",
        "vcvtt.f32.f16 s2, s0",
        "vcvtb.f32.f16 s0, s0",
        "vmul.f32 s2, s2, s4",
        "vmul.f32 s0, s0, s4",
        close_with_mins!("", "s0" "s8", "s2" "s10", "s14"),
        next_block_from_stack!("2b", "8"),
        leave!(one row, "16"),
    )
}

/// The routine `3`: sixteen elements of each of four planes.
macro_rules! sixteen_elements {
    ($planes:ident) => {
        concat!(
            "3:\n",
            "push {{lr}}\n",
            $planes!(new),
            ".rept 3\n",
            $planes!(add),
            ".endr\n",
            apply_scales_of_four_planes!(),
            "pop {{pc}}\n",
        )
    };
}

/// Q6_K: one row.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q6_k(strip: &mut Strip) {
    naked_asm!(
        enter!("320"),
        "push {{r11, lr}}",
        begin_rows!(),
        "mov r3, #0x003F003F",
        "2:",
        // The quants are taken as q + 32.
        offset_of_scales!(new, "[r0, #192]", "520"),
        offset_of_scales!(add, "[r0, #196]", "528"),
        offset_of_scales!(add, "[r0, #200]", "536"),
        offset_of_scales!(add, "[r0, #204]", "544"),
        "add r4, r0, #192",
        begin_total!("5"),
        "ldrh r6, [r0, #208]",
        "vmov s0, r6",
        "add r1, r0, #128",
        "bl 3f",
        "bl 3f",
        next_four_planes!(),
        "adds r0, #32",
        "bl 3f",
        "bl 3f",
        "vldr s4, [r2, #192]",
        "vcvtb.f32.f16 s0, s0",
        "adds r0, #114",
        close!("s4", "", "s0" "s9" "s14"),
        next_block_from_stack!("2b", "0"),
        leave!(one row, "8"),
        sixteen_elements!(six_bit_planes),
    )
}

/// Q2_K: one row.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q2_k(strip: &mut Strip) {
    naked_asm!(
        enter!("320"),
        "push {{r11, lr}}",
        "sub sp, #16",
        begin_rows!(),
        "mov r3, #0x00030003",
        "2:",
        nibble_scales!(new, "0"),
        nibble_scales!(add, "1"),
        nibble_scales!(add, "2"),
        nibble_scales!(add, "3"),
        "asrs r5, r8, #4",
        "ldr r6, [r0, #80]",
        "vmov s10, r5",
        "vmov s0, r6",
        "mov r4, sp",
        "movs r5, #0",
        "vmov s8, s9, r4, r5",
        "adds r0, #16",
        "bl 3f",
        "bl 3f",
        next_four_planes!(),
        "bl 3f",
        "bl 3f",
        "adds r0, #4",
        "vldr s4, [r2, #192]",
        "vcvtt.f32.f16 s2, s0",
        "vcvtb.f32.f16 s0, s0",
        "vmul.f32 s2, s2, s4",
        "vmul.f32 s0, s0, s4",
        close_with_mins!("", "s0" "s9", "s2" "s10", "s14"),
        next_block_from_stack!("2b", "16"),
        leave!(one row, "24"),
        sixteen_elements!(two_bit_planes),
    )
}

/// Q3_K: one row.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q3_k(strip: &mut Strip) {
    naked_asm!(
        enter!("320"),
        "push {{r11, lr}}",
        "sub sp, #48",
        begin_rows!(),
        "mov r3, #0x00070007",
        "2:",
        split_scales!(),
        // The quants are taken as q + 4.
        offset_of_scales!(new, "[sp]", "520"),
        offset_of_scales!(add, "[sp, #4]", "528"),
        offset_of_scales!(add, "[sp, #8]", "536"),
        offset_of_scales!(add, "[sp, #12]", "544"),
        "mov r4, sp",
        begin_total!("2"),
        // Third bits of the last four planes.
        ".irp at, 0, 8, 16, 24",
        "ldr r4, [r0, #\\at]",
        "ldr r5, [r0, #\\at+4]",
        "ror r4, r4, #4",
        "ror r5, r5, #4",
        "strd r4, r5, [sp, #\\at+16]",
        ".endr",
        "ldrh r6, [r0, #108]",
        "vmov s0, r6",
        "mov r1, r0",
        "adds r0, #32",
        "bl 3f",
        "bl 3f",
        next_four_planes!(),
        "add r1, sp, #16",
        "bl 3f",
        "bl 3f",
        "adds r0, #14",
        "vldr s4, [r2, #192]",
        "vcvtb.f32.f16 s0, s0",
        close!("s4", "", "s0" "s9" "s14"),
        next_block_from_stack!("2b", "48"),
        leave!(one row, "56"),
        sixteen_elements!(three_bit_planes),
    )
}

/// IQ4_XS: one row.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn iq4_xs(strip: &mut Strip) {
    naked_asm!(
        enter!("512"),
        "push {{r11, lr}}",
        "sub sp, #8",
        begin_rows!(),
        "movw r3, #:lower16:{pairs}",
        "movt r3, #:upper16:{pairs}",
        "2:",
        "ldr r5, [r0, #4]",
        "ldr r4, [r0], #8",
        "vmov s0, r4",
        spread_scales!(),
        "mov r11, sp",
        "add lr, sp, #8",
        "mov r12, #0",
        "3:",
        lookups_of_one_row!(new),
        ".rept 3",
        lookups_of_one_row!(add),
        ".endr",
        "adds r2, #32",
        "ldrsb r4, [r11], #1",
        "cmp r11, lr",
        "mla r12, r10, r4, r12",
        "bne 3b",
        "vldr s4, [r2]",
        "vcvtb.f32.f16 s0, s0",
        "vmov s9, r12",
        close!("s4", "", "s0" "s9" "s14"),
        next_block_from_stack!("2b", "8"),
        leave!(one row, "16"),
        pairs = sym IQ4_PAIRS,
    )
}
