//! One token.
use super::frame::{enter, leave, next_block, next_saved_block};
use super::quants::*;
use super::scales::*;
use crate::simd::arch::strip::Strip;
use core::arch::naked_asm;

/// Q4_0.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_0(strip: &Strip) {
    naked_asm!(
        enter!("32"),
        "add r1, r0",
        "mov r3, #0x000F000F",
        "2:",
        halves_of_two_rows!(),
        nibbles_of_two_rows!("32", ["r10", "r10"], ["r12", "r12"], new, add),
        ".rept 3",
        nibbles_of_two_rows!("32", ["r10", "r10"], ["r12", "r12"], add, add),
        ".endr",
        offset_two_rows!("36", "3"),
        close_two_rows!("32"),
        next_block!("2b"),
        leave!("s14, s15"),
    )
}

/// Q8_0.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q8_0(strip: &Strip) {
    naked_asm!(
        enter!("64"),
        "add r1, r0",
        "2:",
        halves_of_two_rows!(),
        "ldm r2!, {{r6-r9}}",
        bytes_of_two_rows!("r6", "r7", new),
        bytes_of_two_rows!("r8", "r9", add),
        ".rept 3",
        "ldm r2!, {{r6-r9}}",
        bytes_of_two_rows!("r6", "r7", add),
        bytes_of_two_rows!("r8", "r9", add),
        ".endr",
        close_two_rows!("0"),
        next_block!("2b"),
        leave!("s14, s15"),
    )
}

/// Q4_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_k(strip: &Strip) {
    naked_asm!(
        enter!("512"),
        "push {{r11, lr}}",
        "add r1, r0",
        "mov r3, #0x000F000F",
        "2:",
        "ldrd r8, r9, [r2, #552]",
        "ldrd r10, r11, [r2, #560]",
        k_scales!("r0", "lr", "r5", "s0"),
        "vmov s10, r4",
        "vmov s6, s7, r5, lr",
        k_scales!("r1", "lr", "r5", "s1"),
        "vmov s11, r4",
        "vmov r6, r7, s6, s7",
        // Scales of each group: two of the first row, two of the second.
        "pkhbt r8, r7, lr, lsl #16",
        "pkhtb r9, lr, r7, asr #16",
        "pkhbt r10, r6, r5, lsl #16",
        "pkhtb r11, r5, r6, asr #16",
        // The top bit marks the last group.
        "orr r11, r11, #0x80000000",
        "push {{r8-r11}}",
        "movs r5, #0",
        "vmov s8, s9, r5, r5",
        "3:",
        nibbles_of_two_rows!("64", ["r10", "r11"], ["r12", "lr"], new, new),
        ".rept 7",
        nibbles_of_two_rows!("64", ["r10", "r11"], ["r12", "lr"], add, add),
        ".endr",
        "adds r2, #64",
        apply_scales!(),
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
        "vcvt.f32.s32 s8, s8",
        "vcvt.f32.s32 s9, s9",
        "vcvt.f32.s32 s10, s10",
        "vcvt.f32.s32 s11, s11",
        "vmul.f32 s0, s0, s8",
        "vmul.f32 s1, s1, s9",
        "vmul.f32 s2, s2, s10",
        "vmul.f32 s3, s3, s11",
        "vsub.f32 s0, s0, s2",
        "vsub.f32 s1, s1, s3",
        "vadd.f32 s14, s14, s0",
        "vadd.f32 s15, s15, s1",
        next_saved_block!("2b"),
        "add sp, #8",
        leave!("s14, s15"),
    )
}

/// Q6_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q6_k(strip: &Strip) {
    naked_asm!(
        enter!("320"),
        "push {{r11, lr}}",
        "mov r3, #0x003F003F",
        "2:",
        "ldr r4, [r0, #192]",
        "ldrd r6, r7, [r2, #520]",
        "sxtb16 r5, r4",
        "smuad r8, r5, r6",
        "sxtb16 r5, r4, ror #8",
        "smlad r8, r5, r7, r8",
        "ldr r4, [r0, #196]",
        "ldrd r6, r7, [r2, #528]",
        "sxtb16 r5, r4",
        "smlad r8, r5, r6, r8",
        "sxtb16 r5, r4, ror #8",
        "smlad r8, r5, r7, r8",
        "ldr r4, [r0, #200]",
        "ldrd r6, r7, [r2, #536]",
        "sxtb16 r5, r4",
        "smlad r8, r5, r6, r8",
        "sxtb16 r5, r4, ror #8",
        "smlad r8, r5, r7, r8",
        "ldr r4, [r0, #204]",
        "ldrd r6, r7, [r2, #544]",
        "sxtb16 r5, r4",
        "smlad r8, r5, r6, r8",
        "sxtb16 r5, r4, ror #8",
        "smlad r8, r5, r7, r8",
        "lsl r5, r8, #5",
        "negs r5, r5",
        "ldrh r6, [r0, #208]",
        "vmov s0, r6",
        "add r4, r0, #192",
        "vmov s8, s9, r4, r5",
        "add r1, r0, #128",
        "bl 3f",
        "bl 3f",
        "vmov r4, s8",
        "adds r4, #6",
        "vmov s8, r4",
        "adds r0, #32",
        "adds r2, #192",
        "bl 3f",
        "bl 3f",
        "vldr s4, [r2, #192]",
        "vcvtb.f32.f16 s0, s0",
        "vcvt.f32.s32 s9, s9",
        "vmul.f32 s0, s0, s4",
        "adds r0, #114",
        "vmul.f32 s0, s0, s9",
        "vadd.f32 s14, s14, s0",
        next_saved_block!("2b"),
        "add sp, #8",
        leave!("s14"),
        "3:",
        "push {{lr}}",
        six_bit_planes!(new),
        ".rept 3",
        six_bit_planes!(add),
        ".endr",
        "vmov r4, r5, s8, s9",
        "ldrsb r6, [r4, #2]",
        "mla r5, r6, r11, r5",
        "ldrsb r6, [r4, #4]",
        "mla r5, r6, r12, r5",
        "ldrsb r6, [r4, #6]",
        "mla r5, r6, lr, r5",
        "ldrsb r6, [r4], #1",
        "mla r5, r6, r10, r5",
        "vmov s8, s9, r4, r5",
        "pop {{pc}}",
    )
}

/// Q4_1.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_1(strip: &Strip) {
    naked_asm!(
        enter!("32"),
        "add r1, r0",
        "mov r3, #0x000F000F",
        "2:",
        halves_with_min_of_two_rows!(),
        nibbles_of_two_rows!("32", ["r10", "r10"], ["r12", "r12"], new, add),
        ".rept 3",
        nibbles_of_two_rows!("32", ["r10", "r10"], ["r12", "r12"], add, add),
        ".endr",
        close_with_min_two_rows!("32", "36"),
        next_block!("2b"),
        leave!("s14, s15"),
    )
}

/// Q5_0.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q5_0(strip: &Strip) {
    naked_asm!(
        enter!("32"),
        "push {{r11, lr}}",
        "mov r3, #0x001F001F",
        "movw r1, #0x0810",
        "movt r1, #0x0204",
        "2:",
        "ldrh r4, [r0], #2",
        "ldr r11, [r0], #4",
        "vmov s0, r4",
        "vcvtb.f32.f16 s0, s0",
        five_bits!(new, "0", "16"),
        five_bits!(add, "4", "20"),
        five_bits!(add, "8", "24"),
        five_bits!(add, "12", "28"),
        "ldr r4, [r2, #36]",
        "vldr s4, [r2, #32]",
        "sub r10, r10, r4, lsl #4",
        "vmov s2, r10",
        "vmul.f32 s0, s0, s4",
        "vcvt.f32.s32 s2, s2",
        "vmul.f32 s0, s0, s2",
        "vadd.f32 s14, s14, s0",
        next_saved_block!("2b"),
        "add sp, #8",
        leave!("s14"),
    )
}

/// Q5_1.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q5_1(strip: &Strip) {
    naked_asm!(
        enter!("32"),
        "push {{r11, lr}}",
        "mov r3, #0x001F001F",
        "movw r1, #0x0810",
        "movt r1, #0x0204",
        "2:",
        "ldr r4, [r0], #4",
        "ldr r11, [r0], #4",
        "vmov s0, r4",
        "vcvtt.f32.f16 s1, s0",
        "vcvtb.f32.f16 s0, s0",
        five_bits!(new, "0", "16"),
        five_bits!(add, "4", "20"),
        five_bits!(add, "8", "24"),
        five_bits!(add, "12", "28"),
        "vldr s3, [r2, #36]",
        "vldr s4, [r2, #32]",
        "vmov s2, r10",
        "vcvt.f32.s32 s3, s3",
        "vcvt.f32.s32 s2, s2",
        "vmul.f32 s1, s1, s3",
        "vmul.f32 s0, s0, s2",
        "vadd.f32 s0, s0, s1",
        "vmul.f32 s0, s0, s4",
        "vadd.f32 s14, s14, s0",
        next_saved_block!("2b"),
        "add sp, #8",
        leave!("s14"),
    )
}

/// Q5_K.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q5_k(strip: &Strip) {
    naked_asm!(
        enter!("512"),
        "push {{r11, lr}}",
        "sub sp, #8",
        "mov r3, #0x001F001F",
        "2:",
        "ldrd r8, r9, [r2, #552]",
        "ldrd r10, r11, [r2, #560]",
        k_scales!("r0", "lr", "r5", "s0"),
        "vmov s10, r4",
        "strd lr, r5, [sp]",
        "mov r1, r0",
        "adds r0, #32",
        "mov r12, #0",
        "vmov s8, r12",
        "3:",
        five_bits_of_planes!(new),
        ".rept 7",
        five_bits_of_planes!(add),
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
        "vcvt.f32.s32 s8, s8",
        "vcvt.f32.s32 s10, s10",
        "vmul.f32 s0, s0, s8",
        "vmul.f32 s2, s2, s10",
        "vsub.f32 s0, s0, s2",
        "vadd.f32 s14, s14, s0",
        "ldrd r4, r5, [sp, #8]",
        "add r2, r4",
        "cmp r2, r5",
        "bne 2b",
        "add sp, #16",
        leave!("s14"),
    )
}

/// Pairs of table values for each byte: the low nibble's, the high nibble's.
const fn byte_pairs(values: [i8; 16]) -> [u32; 256] {
    let mut pairs = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (low, high) = (values[byte % 16], values[byte / 16]);
        pairs[byte] = low as u16 as u32 | (high as u16 as u32) << 16;
        byte += 1;
    }
    pairs
}

static IQ4_PAIRS: [u32; 256] = byte_pairs([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]);
static MXFP4_PAIRS: [u32; 256] = byte_pairs([0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]);

macro_rules! table_loop {
    ($scales:expr, $table:ident) => {
        naked_asm!(
            enter!("32"),
            "push {{r11, lr}}",
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
            looked_up_bytes!("-1"),
            looked_up_bytes!("1"),
            ".endr",
            close_four_rows!("32"),
            next_saved_block!("2b"),
            "add sp, #8",
            leave!("s12-s15"),
            pairs = sym $table,
        )
    };
}

/// IQ4_NL.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn iq4_nl(strip: &Strip) {
    table_loop!(halves_of_four_rows!(), IQ4_PAIRS)
}

/// MXFP4.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn mxfp4(strip: &Strip) {
    table_loop!(powers_of_four_rows!(), MXFP4_PAIRS)
}
