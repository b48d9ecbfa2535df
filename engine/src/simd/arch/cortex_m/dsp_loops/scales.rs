//! Fragments that load the scales of blocks of 32 and close such blocks. They go lane by lane: a lane is a row of one token,
//! or a token of one row.

/// One row's scale to `s0`.
macro_rules! scale {
    () => {
        concat!("ldrh r4, [r0], #2\n", "vmov s0, r4\n", "vcvtb.f32.f16 s0, s0\n")
    };
}

/// Two rows' scales to `s0` and `s1`.
macro_rules! scales_of_two_rows {
    () => {
        concat!(
            "ldrh r4, [r0], #2\n",
            "ldrh r5, [r1], #2\n",
            "vmov s0, s1, r4, r5\n",
            "vcvtb.f32.f16 s0, s0\n",
            "vcvtb.f32.f16 s1, s1\n",
        )
    };
}

/// Four rows' scales to `s0` to `s3`.
macro_rules! scales_of_four_rows {
    () => {
        concat!(
            "ldrh r5, [r0, r1]\n",
            "ldrh r4, [r0], #2\n",
            "ldrh r7, [r3, r1]\n",
            "ldrh r6, [r3], #2\n",
            "vmov s0, s1, r4, r5\n",
            "vmov s2, s3, r6, r7\n",
            "vcvtb.f32.f16 s0, s0\n",
            "vcvtb.f32.f16 s1, s1\n",
            "vcvtb.f32.f16 s2, s2\n",
            "vcvtb.f32.f16 s3, s3\n",
        )
    };
}

/// One row's scale to `s0` and minimum to `s1`.
macro_rules! scale_and_min {
    () => {
        concat!("ldr r4, [r0], #4\n", "vmov s0, r4\n", "vcvtt.f32.f16 s1, s0\n", "vcvtb.f32.f16 s0, s0\n")
    };
}

/// Two rows' scales to `s0` and `s1`, minimums to `s2` and `s3`.
macro_rules! scales_and_mins_of_two_rows {
    () => {
        concat!(
            "ldr r4, [r0], #4\n",
            "ldr r5, [r1], #4\n",
            "vmov s0, s1, r4, r5\n",
            "vcvtt.f32.f16 s2, s0\n",
            "vcvtt.f32.f16 s3, s1\n",
            "vcvtb.f32.f16 s0, s0\n",
            "vcvtb.f32.f16 s1, s1\n",
        )
    };
}

/// `2^(e - 128)` for the exponent in `$e` to `$d`, as a product of two powers that are never subnormal.
macro_rules! power {
    ($e:literal, $d:literal) => {
        concat!(
            "lsrs r6, ",
            $e,
            ", #1\n",
            "subs ",
            $e,
            ", ",
            $e,
            ", r6\n",
            "adds r6, #63\n",
            "adds ",
            $e,
            ", #63\n",
            "lsls r6, r6, #23\n",
            "lsls ",
            $e,
            ", ",
            $e,
            ", #23\n",
            "vmov s8, s9, r6, ",
            $e,
            "\n",
            "vmul.f32 ",
            $d,
            ", s8, s9\n",
        )
    };
}

/// One row's scale to `s0`, a power of two.
macro_rules! power_scale {
    () => {
        concat!("ldrb r4, [r0], #1\n", power!("r4", "s0"))
    };
}

/// Four rows' scales to `s0` to `s3`, powers of two.
macro_rules! power_scales_of_four_rows {
    () => {
        concat!(
            "ldrb r5, [r0, r1]\n",
            "ldrb r4, [r0], #1\n",
            power!("r5", "s1"),
            power!("r4", "s0"),
            "ldrb r5, [r3, r1]\n",
            "ldrb r4, [r3], #1\n",
            power!("r5", "s3"),
            power!("r4", "s2"),
        )
    };
}

/// Subtracts the sum of activations at `$at`, shifted by `$shift`, from two rows' sums.
macro_rules! offset_of_two_rows {
    ($at:literal, $shift:literal) => {
        concat!(
            "ldr r4, [r2, #",
            $at,
            "]\n",
            "sub r10, r10, r4, lsl #",
            $shift,
            "\n",
            "sub r12, r12, r4, lsl #",
            $shift,
            "\n",
        )
    };
}

/// `total += (scale * other) * sum` in each lane: of the scales of weights and activations, `other` is the one that lanes
/// share. Sums have a point, given by `$point`, as in `", #12"`.
macro_rules! close {
    ($other:literal, $point:literal, $($scale:literal $sum:literal $total:literal),+) => {
        concat!(
            $("vmul.f32 ", $scale, ", ", $scale, ", ", $other, "\n",)+
            $("vcvt.f32.s32 ", $sum, ", ", $sum, $point, "\n",)+
            $("vmul.f32 ", $scale, ", ", $scale, ", ", $sum, "\n",)+
            $("vadd.f32 ", $total, ", ", $total, ", ", $scale, "\n",)+
        )
    };
}

/// `total += dx * (d * sum + m * x)` in each lane; `m * x` takes the place of `$product`.
macro_rules! close_with_min {
    ($($dx:literal, $d:literal $sum:literal, $m:literal $x:literal $product:literal, $total:literal);+) => {
        concat!(
            $("vcvt.f32.s32 ", $sum, ", ", $sum, "\n",)+
            $("vmul.f32 ", $product, ", ", $m, ", ", $x, "\n",)+
            $("vmul.f32 ", $sum, ", ", $d, ", ", $sum, "\n",)+
            $("vadd.f32 ", $sum, ", ", $sum, ", ", $product, "\n",)+
            $("vmul.f32 ", $sum, ", ", $sum, ", ", $dx, "\n",)+
            $("vadd.f32 ", $total, ", ", $total, ", ", $sum, "\n",)+
        )
    };
}

/// [`close`] of four tokens, whose scales lie `$at` bytes from `r2`.
macro_rules! close_four_tokens {
    ($at:literal, $point:literal) => {
        concat!(
            "vldr s4, [r2, #", $at, "]\n",
            "vldr s5, [r2, #72+", $at, "]\n",
            "vldr s6, [r2, #72*2+", $at, "]\n",
            "vldr s7, [r2, #72*3+", $at, "]\n",
            "vmov s8, s9, r10, r11\n",
            "vmov s10, s11, r12, lr\n",
            close!("s0", $point, "s4" "s8" "s12", "s5" "s9" "s13", "s6" "s10" "s14", "s7" "s11" "s15"),
        )
    };
}

/// [`close_with_min`] of two tokens, which lie `$first` and `$second` bytes from `r2`.
macro_rules! close_two_tokens_with_min {
    ($first:literal, $second:literal, $sum0:literal $total0:literal, $sum1:literal $total1:literal) => {
        concat!(
            "vldr s4, [r2, #", $first, "+36]\n",
            "vldr s5, [r2, #", $second, "+36]\n",
            "vldr s2, [r2, #", $first, "+32]\n",
            "vldr s3, [r2, #", $second, "+32]\n",
            "vcvt.f32.s32 s4, s4\n",
            "vcvt.f32.s32 s5, s5\n",
            close_with_min!("s2", "s0" $sum0, "s1" "s4" "s4", $total0; "s3", "s0" $sum1, "s1" "s5" "s5", $total1),
        )
    };
}

/// [`close_with_min`] of four tokens.
macro_rules! close_four_tokens_with_min {
    () => {
        concat!(
            "vmov s8, s9, r10, r11\n",
            "vmov s10, s11, r12, lr\n",
            close_two_tokens_with_min!("0", "72", "s8" "s12", "s9" "s13"),
            close_two_tokens_with_min!("144", "216", "s10" "s14", "s11" "s15"),
        )
    };
}

pub(super) use {
    close, close_four_tokens, close_four_tokens_with_min, close_two_tokens_with_min, close_with_min,
    offset_of_two_rows, power, power_scale, power_scales_of_four_rows, scale, scale_and_min,
    scales_and_mins_of_two_rows, scales_of_four_rows, scales_of_two_rows,
};
