//! Fragments that load and apply the scales of sub-blocks of blocks of 256, and close such blocks.

/// A row's eight 6-bit scales to `$sc0` and `$sc1`, its minimums to `r6` and `r12`, its scale and minimum of these to `$d`,
/// and `$row` moves on to behind them.
macro_rules! k_scales {
    ($row:literal, $sc0:literal, $sc1:literal, $d:literal) => {
        concat!(
            // Each byte of the first two words is a scale or minimum of sub-blocks 0 to 3, and on top of it two bits of
            // sub-blocks 4 to 7; the four other bits of these are in the third word.
            "ldr ",
            $sc0,
            ", [",
            $row,
            ", #4]\n",
            "ldr r6, [",
            $row,
            ", #8]\n",
            "ldr r12, [",
            $row,
            ", #12]\n",
            "ldr r7, [",
            $row,
            "], #16\n",
            "vmov ",
            $d,
            ", r7\n",
            "and r7, ",
            $sc0,
            ", #0xC0C0C0C0\n",
            "and ",
            $sc1,
            ", r12, #0x0F0F0F0F\n",
            "orr ",
            $sc1,
            ", ",
            $sc1,
            ", r7, lsr #2\n",
            "and ",
            $sc0,
            ", ",
            $sc0,
            ", #0x3F3F3F3F\n",
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
        concat!("vmov r8, r9, ", $totals, "\n", "lsl r8, r8, #4\n", "lsl r9, r9, #4\n", "vmov ", $totals, ", r8, r9\n",)
    };
}

/// Turns from low nibbles to high ones: the masks in `r3` and `r1` move by four bits, and so do the totals, as sums of high
/// nibbles are 16 times too great.
macro_rules! turn_to_high_nibbles {
    () => {
        concat!(shift_two_totals!("s8, s9"), shift_two_totals!("s10, s11"), "lsls r3, r3, #4\n", "mvns r1, r1\n",)
    };
}

/// `total += scale * sum - min_scale * mins` in each lane, both scales times that of activations. Sums have a point, as in
/// `close`.
macro_rules! close_with_mins {
    ($point:literal, $($scale:literal $sum:literal, $min_scale:literal $mins:literal, $total:literal);+) => {
        concat!(
            $("vcvt.f32.s32 ", $sum, ", ", $sum, $point, "\n",)+
            $("vcvt.f32.s32 ", $mins, ", ", $mins, "\n",)+
            $("vmul.f32 ", $scale, ", ", $scale, ", ", $sum, "\n",)+
            $("vmul.f32 ", $min_scale, ", ", $min_scale, ", ", $mins, "\n",)+
            $("vsub.f32 ", $scale, ", ", $scale, ", ", $min_scale, "\n",)+
            $("vadd.f32 ", $total, ", ", $total, ", ", $scale, "\n",)+
        )
    };
}

/// The sum of minimums in `r6` to `r9` times the sums of a token's activations, which lie 40 bytes from `$at`, to `$to`.
macro_rules! sum_of_token_mins {
    ($at:literal, $to:literal) => {
        concat!(
            "ldrd r10, r11, [r2, #",
            $at,
            "+40]\n",
            "ldrd r12, lr, [r2, #",
            $at,
            "+48]\n",
            mac!(new, $to, "r6", "r10"),
            mac!(add, $to, "r7", "r11"),
            mac!(add, $to, "r8", "r12"),
            mac!(add, $to, "r9", "lr"),
        )
    };
}

/// Closes one token of a block with minimums. Scale and minimum of the row are in `s0` and `s1`.
macro_rules! close_token_with_mins {
    ($at:literal, $sum:literal, $mins:literal, $total:literal) => {
        concat!(
            "vldr s2, [r2, #", $at, "]\n",
            "vmul.f32 s3, s0, s2\n",
            "vmul.f32 s2, s1, s2\n",
            close_with_mins!(", #4", "s3" $sum, "s2" $mins, $total),
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
            close_token_with_mins!("-852", "s8", "s4", "s12"),
            close_token_with_mins!("-284", "s9", "s5", "s13"),
            close_token_with_mins!("284", "s10", "s6", "s14"),
            close_token_with_mins!("852", "s11", "s7", "s15"),
        )
    };
}

/// Four signed scales, `$at` bytes from `r0`, times the sums of activations `$sums` bytes from `r2`, to or into `r8`.
macro_rules! offset_of_scales {
    ($op:ident, $at:literal, $sums:literal) => {
        concat!(
            "ldr r4, [r0, #",
            $at,
            "]\n",
            "ldrd r6, r7, [r2, #",
            $sums,
            "]\n",
            "sxtb16 r5, r4\n",
            "sxtb16 r4, r4, ror #8\n",
            mac!($op, "r8", "r5", "r6"),
            mac!(add, "r8", "r4", "r7"),
        )
    };
}

/// Four signed scales, word `$i` of those 64 bytes from `r0`, times the sums of four tokens' activations.
macro_rules! offsets_of_four_tokens {
    ($op:ident, $i:literal) => {
        concat!(
            "ldr r5, [r0, #64+4*", $i, "]\n",
            "sxtb16 r4, r5\n",
            "sxtb16 r5, r5, ror #8\n",
            tokens!(
                $op,
                "r4" "r5",
                ["r6" "r7"],
                concat!("[r2, #8+8*", $i, "-852]"),
                concat!("[r2, #8+8*", $i, "-284]"),
                concat!("[r2, #8+8*", $i, "+284]"),
                concat!("[r2, #8+8*", $i, "+852]")
            ),
        )
    };
}

/// Subtracts the four sums, times 32, from the totals, which are 16 times too great.
macro_rules! subtract_offsets {
    () => {
        concat!(
            "vmov r4, r5, s8, s9\n",
            "sub r4, r4, r10, lsl #9\n",
            "sub r5, r5, r11, lsl #9\n",
            "vmov s8, s9, r4, r5\n",
            "vmov r4, r5, s10, s11\n",
            "sub r4, r4, r12, lsl #9\n",
            "sub r5, r5, lr, lsl #9\n",
            "vmov s10, s11, r4, r5\n",
        )
    };
}

/// Closes four tokens of a block without minimums.
macro_rules! close_four_tokens256 {
    () => {
        concat!(
            "vldr s4, [r2, #-852]\n",
            "vldr s5, [r2, #-284]\n",
            "vldr s6, [r2, #284]\n",
            "vldr s7, [r2, #852]\n",
            close!("s0", ", #4", "s4" "s8" "s12", "s5" "s9" "s13", "s6" "s10" "s14", "s7" "s11" "s15"),
        )
    };
}

pub(super) use {
    apply_scale_to_four_tokens, apply_scales_of_two_rows, clear_four_totals, close_four_tokens_with_mins,
    close_four_tokens256, close_token_with_mins, close_with_mins, k_scales, offset_of_scales, offsets_of_four_tokens,
    shift_two_totals, subtract_offsets, sum_of_mins, sum_of_token_mins, turn_to_high_nibbles,
};
