//! Fragments for four tokens of one row.

/// Enters as `enter` does, for one row and four tokens whose sums are in `s12` to `s15`; step and end are on the stack.
macro_rules! enter_four_tokens {
    ($read:literal) => {
        concat!(enter!($read), "vmov s12, s13, r5, r5\n", "push {{r11, lr}}\n")
    };
}

/// Stores four tokens' sums and returns. The stack is as `enter` left it.
macro_rules! leave_four_tokens {
    () => {
        concat!(
            "pop {{r0}}\n",
            "ldr r0, [r0, #20]\n",
            "vstr s12, [r0]\n",
            "vstr s13, [r0, #64]\n",
            "vstr s14, [r0, #128]\n",
            "vstr s15, [r0, #192]\n",
            "pop {{r4-r11, pc}}",
        )
    };
}

/// Two pairs of weights times one token's.
macro_rules! token {
    ($op:ident, $sum:literal, $first:literal, $second:literal, $at:expr) => {
        concat!("ldrd r8, r9, [r2", $at, "\n", mac!($op, $sum, $first, "r8"), mac!(add, $sum, $second, "r9"),)
    };
}

/// Two pairs of weights times four tokens' in blocks of 32, `$at` bytes further in each.
macro_rules! tokens32 {
    ($op:ident, $first:literal, $second:literal, $at:literal, $first_token:literal) => {
        concat!(
            token!($op, "lr", $first, $second, concat!(", #72*3+", $at, "]")),
            token!($op, "r12", $first, $second, concat!(", #72*2+", $at, "]")),
            token!($op, "r11", $first, $second, concat!(", #72+", $at, "]")),
            token!($op, "r10", $first, $second, $first_token),
        )
    };
}

/// A word's four pairs times four tokens' in blocks of 32.
macro_rules! quads32 {
    ($op:ident, $low0:literal, $low1:literal, $high0:literal, $high1:literal) => {
        concat!(tokens32!($op, $high0, $high1, "32", ", #32]"), tokens32!(add, $low0, $low1, "0", "], #8"),)
    };
}

/// Four pairs of a word of nibbles in `r7`, at the bottom of each half.
macro_rules! nibble_pairs {
    () => {
        "and r4, r3, r7\nand r5, r3, r7, lsr #8\nand r6, r3, r7, lsr #4\nand r7, r3, r7, lsr #12\n"
    };
}

/// Four pairs of a word of nibbles in `r7`, less 8, at the top of each half.
macro_rules! signed_nibble_pairs {
    () => {
        concat!(
            "eor r7, r7, #0x88888888\n",
            "and r4, r3, r7, lsl #12\n",
            "and r5, r3, r7, lsl #4\n",
            "and r6, r3, r7, lsl #8\n",
            "and r7, r3, r7\n",
        )
    };
}

/// `s12 += (d * dx) * sum` of four tokens, the scale in `s0`; the sums have `$fraction` bits below the point.
macro_rules! close_four_tokens {
    ($at:literal, $fraction:literal) => {
        concat!(
            "vldr s4, [r2, #",
            $at,
            "]\n",
            "vldr s5, [r2, #72+",
            $at,
            "]\n",
            "vldr s6, [r2, #72*2+",
            $at,
            "]\n",
            "vldr s7, [r2, #72*3+",
            $at,
            "]\n",
            "vmov s8, s9, r10, r11\n",
            "vmov s10, s11, r12, lr\n",
            "vmul.f32 s4, s4, s0\n",
            "vmul.f32 s5, s5, s0\n",
            "vmul.f32 s6, s6, s0\n",
            "vmul.f32 s7, s7, s0\n",
            "vcvt.f32.s32 s8, s8",
            $fraction,
            "\n",
            "vcvt.f32.s32 s9, s9",
            $fraction,
            "\n",
            "vcvt.f32.s32 s10, s10",
            $fraction,
            "\n",
            "vcvt.f32.s32 s11, s11",
            $fraction,
            "\n",
            "vmul.f32 s4, s4, s8\n",
            "vmul.f32 s5, s5, s9\n",
            "vmul.f32 s6, s6, s10\n",
            "vmul.f32 s7, s7, s11\n",
            "vadd.f32 s12, s12, s4\n",
            "vadd.f32 s13, s13, s5\n",
            "vadd.f32 s14, s14, s6\n",
            "vadd.f32 s15, s15, s7\n",
        )
    };
}

/// `$acc += dx * (d * sum + m * sum of x)` of a token `$token` bytes further.
macro_rules! close_token_with_min {
    ($token:literal, $sum:literal, $acc:literal) => {
        concat!(
            "vldr s5, [r2, #",
            $token,
            "+36]\n",
            "vldr s4, [r2, #",
            $token,
            "+32]\n",
            "vcvt.f32.s32 s5, s5\n",
            "vcvt.f32.s32 ",
            $sum,
            ", ",
            $sum,
            "\n",
            "vmul.f32 s5, s1, s5\n",
            "vmul.f32 ",
            $sum,
            ", s0, ",
            $sum,
            "\n",
            "vadd.f32 s5, ",
            $sum,
            ", s5\n",
            "vmul.f32 s5, s5, s4\n",
            "vadd.f32 ",
            $acc,
            ", ",
            $acc,
            ", s5\n",
        )
    };
}

/// [`close_token_with_min`] of four tokens, scale and minimum in `s0` and `s1`.
macro_rules! close_four_tokens_with_min {
    () => {
        concat!(
            "vmov s8, s9, r10, r11\n",
            "vmov s10, s11, r12, lr\n",
            close_token_with_min!("0", "s8", "s12"),
            close_token_with_min!("72", "s9", "s13"),
            close_token_with_min!("144", "s10", "s14"),
            close_token_with_min!("216", "s11", "s15"),
        )
    };
}

/// Two pairs of weights in `r4` and `r5` times four tokens' in blocks of 256. `r2` points between the tokens.
macro_rules! tokens256 {
    ($op:ident, $k:literal) => {
        concat!(
            token!($op, "r10", "r4", "r5", concat!(", #8*", $k, "-852]")),
            token!($op, "r11", "r4", "r5", concat!(", #8*", $k, "-284]")),
            token!($op, "r12", "r4", "r5", concat!(", #8*", $k, "+284]")),
            token!($op, "lr", "r4", "r5", concat!(", #8*", $k, "+852]")),
        )
    };
}

/// Word `$k` of a sub-block's nibbles.
macro_rules! nibbles256 {
    ($op:ident, $k:literal) => {
        concat!("ldr r5, [r0, #4*", $k, "]\n", "and r4, r3, r5\n", "and r5, r3, r5, lsr #8\n", tokens256!($op, $k),)
    };
}

/// Word `$k` of a plane whose upper bits lie elsewhere: nibbles at `r0`, upper bits at `r6`, which `r7` rotates to where
/// `r1` takes them.
macro_rules! merged256 {
    ($op:ident, $k:literal) => {
        concat!(
            "ldr r5, [r6, #4*",
            $k,
            "]\n",
            "ldr r4, [r0, #4*",
            $k,
            "]\n",
            "ror r5, r5, r7\n",
            "eor r5, r5, r4\n",
            "and r5, r5, r1\n",
            "eor r5, r5, r4\n",
            "and r4, r3, r5\n",
            "and r5, r3, r5, ror #8\n",
            tokens256!($op, $k),
        )
    };
}

/// Adds four tokens' sums, times the scale in `r4`, to the totals in `s8` to `s11`.
macro_rules! scale_four_tokens {
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

/// Multiplies the four totals by 16.
macro_rules! shift_totals {
    () => {
        concat!(
            "vmov r8, r9, s8, s9\n",
            "lsl r8, r8, #4\n",
            "lsl r9, r9, #4\n",
            "vmov s8, s9, r8, r9\n",
            "vmov r8, r9, s10, s11\n",
            "lsl r8, r8, #4\n",
            "lsl r9, r9, #4\n",
            "vmov s10, s11, r8, r9\n",
        )
    };
}

/// The sum of minimums times the sums of a token's activations, `$at` bytes from `r2`.
macro_rules! token_mins {
    ($at:literal, $out:literal) => {
        concat!(
            "ldrd r10, r11, [r2, #",
            $at,
            "+40]\n",
            "ldrd r12, lr, [r2, #",
            $at,
            "+48]\n",
            "smuad ",
            $out,
            ", r6, r10\n",
            "smlad ",
            $out,
            ", r7, r11, ",
            $out,
            "\n",
            "smlad ",
            $out,
            ", r8, r12, ",
            $out,
            "\n",
            "smlad ",
            $out,
            ", r9, lr, ",
            $out,
            "\n",
        )
    };
}

/// `$acc += (d * dx) * total - (dmin * dx) * mins` of a token, the total with four bits below the point.
macro_rules! close_token256_with_mins {
    ($at:literal, $total:literal, $mins:literal, $acc:literal) => {
        concat!(
            "vldr s2, [r2, #",
            $at,
            "]\n",
            "vcvt.f32.s32 ",
            $total,
            ", ",
            $total,
            ", #4\n",
            "vcvt.f32.s32 ",
            $mins,
            ", ",
            $mins,
            "\n",
            "vmul.f32 s3, s0, s2\n",
            "vmul.f32 s2, s1, s2\n",
            "vmul.f32 s3, s3, ",
            $total,
            "\n",
            "vmul.f32 s2, s2, ",
            $mins,
            "\n",
            "vsub.f32 s3, s3, s2\n",
            "vadd.f32 ",
            $acc,
            ", ",
            $acc,
            ", s3\n",
        )
    };
}

/// Closes a block of 256 with minimums of four tokens. The minimums are at byte 8 of the stack, two words.
macro_rules! close_four_tokens256_with_mins {
    () => {
        concat!(
            "ldrd r4, r5, [sp, #8]\n",
            "uxtb16 r6, r4\n",
            "uxtb16 r7, r4, ror #8\n",
            "uxtb16 r8, r5\n",
            "uxtb16 r9, r5, ror #8\n",
            token_mins!("-852", "r4"),
            token_mins!("-284", "r5"),
            "vmov s4, s5, r4, r5\n",
            token_mins!("284", "r4"),
            token_mins!("852", "r5"),
            "vmov s6, s7, r4, r5\n",
            "vcvtt.f32.f16 s1, s0\n",
            "vcvtb.f32.f16 s0, s0\n",
            close_token256_with_mins!("-852", "s8", "s4", "s12"),
            close_token256_with_mins!("-284", "s9", "s5", "s13"),
            close_token256_with_mins!("284", "s10", "s6", "s14"),
            close_token256_with_mins!("852", "s11", "s7", "s15"),
        )
    };
}

/// A token's sum of scales times sums of its activations, two words of both: scales in `r4` and `r5`.
macro_rules! token_offsets {
    ($sum:literal, $op:ident, $at:expr) => {
        concat!("ldrd r8, r9, [r2, #", $at, "]\n", mac!($op, $sum, "r4", "r8"), mac!(add, $sum, "r5", "r9"),)
    };
}

/// Word `$i` of scales times sums of four tokens' activations.
macro_rules! offsets256 {
    ($op:ident, $i:literal) => {
        concat!(
            "ldr r5, [r0, #64+4*",
            $i,
            "]\n",
            "sxtb16 r4, r5\n",
            "sxtb16 r5, r5, ror #8\n",
            token_offsets!("r10", $op, concat!("-844+8*", $i)),
            token_offsets!("r11", $op, concat!("-276+8*", $i)),
            token_offsets!("r12", $op, concat!("292+8*", $i)),
            token_offsets!("lr", $op, concat!("860+8*", $i)),
        )
    };
}

/// Subtracts the sums, times 32, from the totals, which have four bits below the point.
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

/// `$acc += (d * dx) * total` of a token, the total with four bits below the point.
macro_rules! close_token256 {
    ($at:literal, $total:literal, $acc:literal) => {
        concat!(
            "vldr s2, [r2, #",
            $at,
            "]\n",
            "vcvt.f32.s32 ",
            $total,
            ", ",
            $total,
            ", #4\n",
            "vmul.f32 s2, s0, s2\n",
            "vmul.f32 s2, s2, ",
            $total,
            "\n",
            "vadd.f32 ",
            $acc,
            ", ",
            $acc,
            ", s2\n",
        )
    };
}

pub(super) use {
    close_four_tokens, close_four_tokens_with_min, close_four_tokens256_with_mins, close_token_with_min,
    close_token256, close_token256_with_mins, enter_four_tokens, leave_four_tokens, merged256, nibble_pairs,
    nibbles256, offsets256, quads32, scale_four_tokens, shift_totals, signed_nibble_pairs, subtract_offsets, token,
    token_mins, token_offsets, tokens32, tokens256,
};
