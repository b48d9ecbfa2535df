//! Fragments that load and apply the scales of sub-blocks of blocks of 256, and close such blocks.

/// A row's eight 6-bit scales to `$sc0` and `$sc1`, its minimums to `r6` and `r12`, its scale and minimum of these to `$d`,
/// and `$row` moves on to behind them.
macro_rules! k_scales {
    ($row:literal, $sc0:literal, $sc1:literal, $d:literal) => {
        concat!(
            // Each byte of the first two words is a scale or minimum of sub-blocks 0 to 3, and on top of it two bits of
            // sub-blocks 4 to 7; the four other bits of these are in the third word.
            op!("ldr", $sc0, concat!("[", $row, ", #4]")),
            op!("ldr", "r6", concat!("[", $row, ", #8]")),
            op!("ldr", "r12", concat!("[", $row, ", #12]")),
            op!("ldr", "r7", concat!("[", $row, "]"), "#16"),
            op!("vmov", $d, "r7"),
            op!("and", "r7", $sc0, "#0xC0C0C0C0"),
            op!("and", $sc1, "r12", "#0x0F0F0F0F"),
            op!("orr", $sc1, $sc1, "r7", "lsr #2"),
            op!("and", $sc0, $sc0, "#0x3F3F3F3F"),
            "and r7, r6, #0xC0C0C0C0\n",
            "and r12, r12, #0xF0F0F0F0\n",
            "lsrs r7, r7, #2\n",
            "orr r12, r7, r12, lsr #4\n",
            "and r6, r6, #0x3F3F3F3F\n",
        )
    };
}

/// The sum of minimums in `r6` and `r12` times the sums of activations in `r8` to `r11`, to `$to`.
macro_rules! sum_of_mins {
    ($to:literal) => {
        concat!(
            "uxtb16 r7, r6\n",
            mac!(new, $to, "r7", "r8"),
            "uxtb16 r7, r6, ror #8\n",
            mac!(add, $to, "r7", "r9"),
            "uxtb16 r7, r12\n",
            mac!(add, $to, "r7", "r10"),
            "uxtb16 r7, r12, ror #8\n",
            mac!(add, $to, "r7", "r11"),
        )
    };
}

/// Adds two rows' sums of two sub-blocks to the totals in `s8` and `s9`. The next four scales are at the top of the stack,
/// and are taken from there to `r4`: the top bit marks the last ones, which does not belong to a scale.
macro_rules! apply_scales_of_two_rows {
    () => {
        concat!(
            "pop {{r4}}\n",
            "vmov r6, r7, s8, s9\n",
            "uxtb r5, r4\n",
            "mla r6, r10, r5, r6\n",
            "ubfx r5, r4, #8, #8\n",
            "mla r6, r11, r5, r6\n",
            "ubfx r5, r4, #16, #8\n",
            "mla r7, r12, r5, r7\n",
            "ubfx r5, r4, #24, #7\n",
            "mla r7, lr, r5, r7\n",
            "vmov s8, s9, r6, r7\n",
        )
    };
}

/// Begins four totals in `s8` to `s11`.
macro_rules! clear_four_totals {
    () => {
        concat!("movs r5, #0\n", "vmov s8, s9, r5, r5\n", "vmov s10, s11, r5, r5\n")
    };
}

/// Adds four tokens' sums of a sub-block, times its scale in `r4`, to the totals.
macro_rules! apply_scale_to_four_tokens {
    () => {
        concat!(
            "vmov r8, r9, s8, s9\n",
            "mla r8, r10, r4, r8\n",
            "mla r9, r11, r4, r9\n",
            "vmov s8, s9, r8, r9\n",
            "vmov r8, r9, s10, s11\n",
            "mla r8, r12, r4, r8\n",
            "mla r9, lr, r4, r9\n",
            "vmov s10, s11, r8, r9\n",
        )
    };
}

/// Multiplies two of the totals by 16.
macro_rules! shift_two_totals {
    ($totals:literal) => {
        concat!(
            op!("vmov", "r8", "r9", $totals),
            "lsl r8, r8, #4\n",
            "lsl r9, r9, #4\n",
            op!("vmov", $totals, "r8", "r9"),
        )
    };
}

/// Turns from low nibbles to high ones: the masks in `r3` and `r1` move by four bits, and so do the totals, as sums of high
/// nibbles are 16 times too great.
macro_rules! turn_to_high_nibbles {
    () => {
        concat!(shift_two_totals!("s8, s9"), shift_two_totals!("s10, s11"), "lsls r3, r3, #4\n", "mvns r1, r1\n")
    };
}

/// `total += scale * sum - min_scale * mins` in each lane, both scales times that of activations. Sums have a point, as in
/// `close`.
macro_rules! close_with_mins {
    ($point:literal, $($scale:literal $sum:literal, $min_scale:literal $mins:literal, $total:literal);+) => {
        concat!(
            $(op!("vcvt.f32.s32", $sum, concat!($sum, $point)),)+
            $(op!("vcvt.f32.s32", $mins, $mins),)+
            $(op!("vmul.f32", $scale, $scale, $sum),)+
            $(op!("vmul.f32", $min_scale, $min_scale, $mins),)+
            $(op!("vsub.f32", $scale, $scale, $min_scale),)+
            $(op!("vadd.f32", $total, $total, $scale),)+
        )
    };
}

/// The sum of minimums in `r6` to `r9` times the sums of a token's activations, which lie 40 bytes from `$at`, to `$to`.
macro_rules! sum_of_token_mins {
    ($at:literal, $to:literal) => {
        concat!(
            op!("ldrd", "r10", "r11", concat!("[r2, #", $at, "+40]")),
            op!("ldrd", "r12", "lr", concat!("[r2, #", $at, "+48]")),
            mac!(new, $to, "r6", "r10"),
            mac!(add, $to, "r7", "r11"),
            mac!(add, $to, "r8", "r12"),
            mac!(add, $to, "r9", "lr"),
        )
    };
}

/// Closes one token of a block with minimums. Scale and minimum of the row are in `s0` and `s1`; sums have a point.
macro_rules! close_token_with_mins {
    ($point:literal, $at:literal, $sum:literal, $mins:literal, $total:literal) => {
        concat!(
            op!("vldr", "s2", concat!("[r2, #", $at, "]")),
            "vmul.f32 s3, s0, s2\n",
            "vmul.f32 s2, s1, s2\n",
            close_with_mins!($point, "s3" $sum, "s2" $mins, $total),
        )
    };
}

/// Closes four tokens of a block with minimums, which are bytes of two words, 8 bytes up the stack.
macro_rules! close_four_tokens_with_mins {
    () => {
        concat!(
            "ldrd r4, r5, [sp, #8]\n",
            "uxtb16 r6, r4\n",
            "uxtb16 r7, r4, ror #8\n",
            "uxtb16 r8, r5\n",
            "uxtb16 r9, r5, ror #8\n",
            sum_of_token_mins!("-852", "r4"),
            sum_of_token_mins!("-284", "r5"),
            "vmov s4, s5, r4, r5\n",
            sum_of_token_mins!("284", "r4"),
            sum_of_token_mins!("852", "r5"),
            "vmov s6, s7, r4, r5\n",
            "vcvtt.f32.f16 s1, s0\n",
            "vcvtb.f32.f16 s0, s0\n",
            close_token_with_mins!(", #4", "-852", "s8", "s4", "s12"),
            close_token_with_mins!(", #4", "-284", "s9", "s5", "s13"),
            close_token_with_mins!(", #4", "284", "s10", "s6", "s14"),
            close_token_with_mins!(", #4", "852", "s11", "s7", "s15"),
        )
    };
}

/// Four signed scales at `$at` times the sums of activations `$sums` bytes from `r2`, to or into `r8`.
macro_rules! offset_of_scales {
    ($op:ident, $at:literal, $sums:literal) => {
        concat!(
            op!("ldr", "r4", $at),
            op!("ldrd", "r6", "r7", concat!("[r2, #", $sums, "]")),
            "sxtb16 r5, r4\n",
            "sxtb16 r4, r4, ror #8\n",
            mac!($op, "r8", "r5", "r6"),
            mac!(add, "r8", "r4", "r7"),
        )
    };
}

/// Begins the total of a block with the sum in `r8`, negative and shifted by `$shift`; `r4` is the place of the scales.
macro_rules! begin_total {
    ($shift:literal) => {
        concat!(op!("lsl", "r5", "r8", concat!("#", $shift)), "negs r5, r5\n", "vmov s8, s9, r4, r5\n")
    };
}

/// Adds the sums of sixteen elements of four planes, times their scales, to the total. Scales are two bytes apart.
macro_rules! apply_scales_of_four_planes {
    () => {
        concat!(
            "vmov r4, r5, s8, s9\n",
            "ldrsb r6, [r4, #2]\n",
            "ldrsb r7, [r4, #4]\n",
            "mla r5, r6, r11, r5\n",
            "ldrsb r6, [r4, #6]\n",
            "mla r5, r7, r12, r5\n",
            "ldrsb r7, [r4], #1\n",
            "mla r5, r6, lr, r5\n",
            "mla r5, r7, r10, r5\n",
            "vmov s8, s9, r4, r5\n",
        )
    };
}

/// Goes from the first four planes of a block to the others: scales, and activations.
macro_rules! next_four_planes {
    () => {
        concat!("vmov r4, s8\n", "adds r4, #6\n", "vmov s8, r4\n", "adds r2, #192\n")
    };
}

/// Four scales and four minimums, nibbles of word `$i` of a row: scales to the stack, minimums times the sums of activations
/// to or into `r8`, 16 times too great.
macro_rules! nibble_scales {
    ($op:ident, $i:literal) => {
        concat!(
            op!("ldr", "r4", concat!("[r0, #4*", $i, "]")),
            op!("ldrd", "r6", "r7", concat!("[r2, #520+8*", $i, "]")),
            "and r5, r4, #0x0F0F0F0F\n",
            op!("str", "r5", concat!("[sp, #4*", $i, "]")),
            "and r4, r4, #0xF0F0F0F0\n",
            "uxtb16 r5, r4\n",
            "uxtb16 r4, r4, ror #8\n",
            mac!($op, "r8", "r5", "r6"),
            mac!(add, "r8", "r4", "r7"),
        )
    };
}

/// Sixteen 6-bit scales less 32, from the three words 96 bytes from `r0`, to the stack: nibbles of the first two are their
/// low bits, pairs of bits of the third the others.
macro_rules! split_scales {
    () => {
        concat!(
            "ldr r4, [r0, #96]\n",
            "ldr r5, [r0, #100]\n",
            "ldr r6, [r0, #104]\n",
            "mov r12, #0x20202020\n",
            "and r7, r4, #0x0F0F0F0F\n",
            "and r8, r6, #0x03030303\n",
            "orr r7, r7, r8, lsl #4\n",
            "usub8 r7, r7, r12\n",
            "and r8, r5, #0x0F0F0F0F\n",
            "and r9, r6, #0x0C0C0C0C\n",
            "orr r8, r8, r9, lsl #2\n",
            "usub8 r8, r8, r12\n",
            "strd r7, r8, [sp]\n",
            "and r4, r4, #0xF0F0F0F0\n",
            "and r7, r6, #0x30303030\n",
            "orr r4, r7, r4, lsr #4\n",
            "usub8 r4, r4, r12\n",
            "and r5, r5, #0xF0F0F0F0\n",
            "and r6, r6, #0xC0C0C0C0\n",
            "lsrs r6, r6, #2\n",
            "orr r5, r6, r5, lsr #4\n",
            "usub8 r5, r5, r12\n",
            "strd r4, r5, [sp, #8]\n",
        )
    };
}

/// Eight 6-bit scales less 32 to the stack: their low nibbles are the word in `r5`, the other bits the upper half of `r4`.
macro_rules! spread_scales {
    () => {
        concat!(
            "lsrs r4, r4, #16\n",
            // A nibble of two scales' bits to each byte.
            "orr r4, r4, r4, lsl #8\n",
            "and r4, r4, #0x00FF00FF\n",
            "orr r4, r4, r4, lsl #4\n",
            "and r6, r4, #0x03030303\n",
            "and r4, r4, #0x0C0C0C0C\n",
            // Even scales, odd scales.
            "and r7, r5, #0x0F0F0F0F\n",
            "and r5, r5, #0xF0F0F0F0\n",
            "orr r6, r7, r6, lsl #4\n",
            "lsrs r5, r5, #4\n",
            "orr r5, r5, r4, lsl #2\n",
            // In turn.
            "uxtb16 r4, r6\n",
            "uxtb16 r6, r6, ror #8\n",
            "uxtb16 r7, r5\n",
            "uxtb16 r5, r5, ror #8\n",
            "orr r4, r4, r7, lsl #8\n",
            "orr r6, r6, r5, lsl #8\n",
            "pkhbt r5, r4, r6, lsl #16\n",
            "pkhtb r6, r6, r4, asr #16\n",
            "mov r7, #0x20202020\n",
            "usub8 r5, r5, r7\n",
            "usub8 r6, r6, r7\n",
            "strd r5, r6, [sp]\n",
        )
    };
}

/// Four scales, word `$i` of those at the address `$first`, times the sums of four tokens' activations: signed ones
/// (`sxtb16`) or unsigned ones (`uxtb16`).
macro_rules! offsets_of_four_tokens {
    ($op:ident, $extend:literal, $first:literal, $i:literal) => {
        concat!(
            op!("ldr", "r5", concat!("[", $first, "+4*", $i, "]")),
            op!($extend, "r4", "r5"),
            op!($extend, "r5", "r5", "ror #8"),
            tokens256!($op, "r4" "r5", ["r6" "r7"], concat!("8+8*", $i)),
        )
    };
}

/// The sixteen scales at the address `$first`, times the sums of four tokens' activations.
macro_rules! all_offsets_of_four_tokens {
    ($extend:literal, $first:literal) => {
        concat!(
            offsets_of_four_tokens!(new, $extend, $first, "0"),
            offsets_of_four_tokens!(add, $extend, $first, "1"),
            offsets_of_four_tokens!(add, $extend, $first, "2"),
            offsets_of_four_tokens!(add, $extend, $first, "3"),
        )
    };
}

/// Subtracts the four sums, shifted by `$shift`, from the totals.
macro_rules! subtract_offsets {
    ($shift:literal) => {
        concat!(
            "vmov r4, r5, s8, s9\n",
            op!("sub", "r4", "r4", "r10", concat!("lsl #", $shift)),
            op!("sub", "r5", "r5", "r11", concat!("lsl #", $shift)),
            "vmov s8, s9, r4, r5\n",
            "vmov r4, r5, s10, s11\n",
            op!("sub", "r4", "r4", "r12", concat!("lsl #", $shift)),
            op!("sub", "r5", "r5", "lr", concat!("lsl #", $shift)),
            "vmov s10, s11, r4, r5\n",
        )
    };
}

/// The signed scale of the next sub-block to `r4`, and the place of the one after it to `r5`.
macro_rules! next_signed_scale {
    () => {
        concat!("vmov r5, s2\n", "ldrsb r4, [r5], #1\n", "vmov s2, r5\n")
    };
}

/// Closes four tokens of a block without minimums. Totals have a point.
macro_rules! close_four_tokens256 {
    ($point:literal) => {
        concat!(
            "vldr s4, [r2, #-852]\n",
            "vldr s5, [r2, #-284]\n",
            "vldr s6, [r2, #284]\n",
            "vldr s7, [r2, #852]\n",
            close!("s0", $point, "s4" "s8" "s12", "s5" "s9" "s13", "s6" "s10" "s14", "s7" "s11" "s15"),
        )
    };
}

pub(super) use {
    all_offsets_of_four_tokens, apply_scale_to_four_tokens, apply_scales_of_four_planes, apply_scales_of_two_rows,
    begin_total, clear_four_totals, close_four_tokens_with_mins, close_four_tokens256, close_token_with_mins,
    close_with_mins, k_scales, next_four_planes, next_signed_scale, nibble_scales, offset_of_scales,
    offsets_of_four_tokens, shift_two_totals, split_scales, spread_scales, subtract_offsets, sum_of_mins,
    sum_of_token_mins, turn_to_high_nibbles,
};
