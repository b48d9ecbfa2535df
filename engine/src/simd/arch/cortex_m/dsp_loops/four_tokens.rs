//! Four tokens.
use super::frame::enter;
use super::quants::*;
use super::scales::*;
use super::tokens::*;
use crate::simd::arch::strip::Strip;
use core::arch::naked_asm;

/// Q4_0.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_0(strip: &Strip) {
    naked_asm!(
        enter_four_tokens!("32"),
        "mov r1, r11",
        "mov r3, #0xF000F000",
        "2:",
        "ldrh r4, [r0], #2",
        "vmov s0, r4",
        "vcvtb.f32.f16 s0, s0",
        "ldr r7, [r0], #4",
        signed_nibble_pairs!(),
        quads32!(new, "r4", "r5", "r6", "r7"),
        ".rept 3",
        "ldr r7, [r0], #4",
        signed_nibble_pairs!(),
        quads32!(add, "r4", "r5", "r6", "r7"),
        ".endr",
        close_four_tokens!("32", ", #12"),
        "ldr r4, [sp, #4]",
        "add r2, r1",
        "cmp r2, r4",
        "bne 2b",
        "add sp, #8",
        leave_four_tokens!(),
    )
}

/// Q4_1.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_1(strip: &Strip) {
    naked_asm!(
        enter_four_tokens!("32"),
        "mov r1, r11",
        "mov r3, #0x000F000F",
        "2:",
        "ldr r4, [r0], #4",
        "vmov s0, r4",
        "vcvtt.f32.f16 s1, s0",
        "vcvtb.f32.f16 s0, s0",
        "ldr r7, [r0], #4",
        nibble_pairs!(),
        quads32!(new, "r4", "r5", "r6", "r7"),
        ".rept 3",
        "ldr r7, [r0], #4",
        nibble_pairs!(),
        quads32!(add, "r4", "r5", "r6", "r7"),
        ".endr",
        close_four_tokens_with_min!(),
        "ldr r4, [sp, #4]",
        "add r2, r1",
        "cmp r2, r4",
        "bne 2b",
        "add sp, #8",
        leave_four_tokens!(),
    )
}

macro_rules! byte_word {
    ($op:ident) => {
        concat!(
            "ldr r5, [r0], #4\n",
            "sxtb16 r4, r5\n",
            "sxtb16 r5, r5, ror #8\n",
            tokens32!($op, "r4", "r5", "0", "], #8"),
        )
    };
}

/// Q8_0.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q8_0(strip: &Strip) {
    naked_asm!(
        enter_four_tokens!("64"),
        "mov r1, r11",
        "ldr r3, [sp, #4]",
        "2:",
        "ldrh r4, [r0], #2",
        "vmov s0, r4",
        "vcvtb.f32.f16 s0, s0",
        byte_word!(new),
        ".rept 7",
        byte_word!(add),
        ".endr",
        close_four_tokens!("0", ""),
        "add r2, r1",
        "cmp r2, r3",
        "bne 2b",
        "add sp, #8",
        leave_four_tokens!(),
    )
}

/// Q4_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_k(strip: &Strip) {
    naked_asm!(
        enter_four_tokens!("512"),
        "sub sp, #16",
        "add r2, #852",
        "mov r3, #0x000F000F",
        "2:",
        k_unpack!("r0", "r4", "r5", "s0"),
        "strd r4, r5, [sp]",
        "strd r6, r12, [sp, #8]",
        "movs r1, #0",
        "vmov s8, s9, r1, r1",
        "vmov s10, s11, r1, r1",
        "3:",
        nibbles256!(new, "0"),
        ".irp k, 1, 2, 3, 4, 5, 6, 7",
        nibbles256!(add, "\\k"),
        ".endr",
        "ldrb r4, [sp, r1]",
        scale_four_tokens!(),
        "adds r0, #32",
        "adds r2, #128",
        "adds r1, #2",
        "cmp r1, #8",
        "blt 3b",
        "bne 4f",
        shift_totals!(),
        "lsls r3, r3, #4",
        "subs r0, #128",
        "sub r2, #448",
        "movs r1, #1",
        "b 3b",
        "4:",
        "lsrs r3, r3, #4",
        "subs r2, #64",
        close_four_tokens256_with_mins!(),
        "ldrd r4, r5, [sp, #16]",
        "add r5, #852",
        "add r2, r4",
        "cmp r2, r5",
        "bne 2b",
        "add sp, #24",
        leave_four_tokens!(),
    )
}

/// Q5_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q5_k(strip: &Strip) {
    naked_asm!(
        enter_four_tokens!("512"),
        "sub sp, #16",
        "add r2, #852",
        "2:",
        k_unpack!("r0", "r4", "r5", "s0"),
        "strd r4, r5, [sp]",
        "strd r6, r12, [sp, #8]",
        "mov r6, r0",
        "adds r0, #32",
        "movs r5, #0",
        "vmov s8, s9, r5, r5",
        "vmov s10, s11, r5, r5",
        "vmov s2, r5",
        "mov r1, #0xF0F0F0F0",
        "mov r3, #0x001F001F",
        "movs r7, #28",
        "3:",
        merged256!(new, "0"),
        ".irp k, 1, 2, 3, 4, 5, 6, 7",
        merged256!(add, "\\k"),
        ".endr",
        "vmov r5, s2",
        "ldrb r4, [sp, r5]",
        scale_four_tokens!(),
        "adds r0, #32",
        "adds r2, #128",
        "adds r7, #2",
        "adds r5, #2",
        "vmov s2, r5",
        "cmp r5, #8",
        "blt 3b",
        "bne 4f",
        shift_totals!(),
        "lsls r3, r3, #4",
        "mvns r1, r1",
        "subs r0, #128",
        "sub r2, #448",
        "movs r7, #25",
        "movs r5, #1",
        "vmov s2, r5",
        "b 3b",
        "4:",
        "subs r2, #64",
        close_four_tokens256_with_mins!(),
        "ldrd r4, r5, [sp, #16]",
        "add r5, #852",
        "add r2, r4",
        "cmp r2, r5",
        "bne 2b",
        "add sp, #24",
        leave_four_tokens!(),
    )
}

/// Two planes of 128 quants.
macro_rules! two_planes {
    () => {
        "movs r7, #28\nbl 3f\nbl 3f\nsubs r6, #32\nmovs r7, #30\nbl 3f\nbl 3f\nvmov r5, s2\nadds r2, #128\nadds r5, #4\nvmov s2, r5\n"
    };
}

/// Q6_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q6_k(strip: &Strip) {
    naked_asm!(
        enter_four_tokens!("512"),
        "add r2, #852",
        "2:",
        "movs r5, #0",
        "vmov s8, s9, r5, r5",
        "vmov s10, s11, r5, r5",
        "add r5, r0, #192",
        "vmov s2, r5",
        "add r6, r0, #128",
        "mov r1, #0xF0F0F0F0",
        "mov r3, #0x003F003F",
        two_planes!(),
        two_planes!(),
        shift_totals!(),
        "lsls r3, r3, #4",
        "mvns r1, r1",
        "subs r0, #128",
        "subs r6, #64",
        "sub r2, #384",
        "subs r5, #12",
        "vmov s2, r5",
        two_planes!(),
        two_planes!(),
        "subs r2, #128",
        offsets256!(new, "0"),
        offsets256!(add, "1"),
        offsets256!(add, "2"),
        offsets256!(add, "3"),
        subtract_offsets!(),
        "ldrh r4, [r0, #80]",
        "vmov s0, r4",
        "vcvtb.f32.f16 s0, s0",
        close_token256!("-852", "s8", "s12"),
        close_token256!("-284", "s9", "s13"),
        close_token256!("284", "s10", "s14"),
        close_token256!("852", "s11", "s15"),
        "adds r0, #82",
        "ldrd r4, r5, [sp]",
        "add r5, #852",
        "add r2, r4",
        "cmp r2, r5",
        "bne 2b",
        "add sp, #8",
        leave_four_tokens!(),
        "3:",
        "push {{lr}}",
        merged256!(new, "0"),
        ".irp k, 1, 2, 3",
        merged256!(add, "\\k"),
        ".endr",
        "vmov r5, s2",
        "ldrsb r4, [r5], #1",
        "vmov s2, r5",
        scale_four_tokens!(),
        "adds r0, #16",
        "adds r6, #16",
        "adds r2, #32",
        "pop {{pc}}",
    )
}
