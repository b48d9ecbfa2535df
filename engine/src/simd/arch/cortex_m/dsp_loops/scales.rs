//! Fragments that load scales, apply them, and close a block.

/// Both rows' scales to `s0` and `s1`.
macro_rules! halves_of_two_rows {
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

/// `s14 += (d * dx) * sum` of both rows.
macro_rules! close_two_rows {
    ($dx:literal) => {
        concat!(
            "vldr s4, [r2, #",
            $dx,
            "]\n",
            "vmov s2, s3, r10, r12\n",
            "vmul.f32 s0, s0, s4\n",
            "vmul.f32 s1, s1, s4\n",
            "vcvt.f32.s32 s2, s2\n",
            "vcvt.f32.s32 s3, s3\n",
            "vmul.f32 s0, s0, s2\n",
            "vmul.f32 s1, s1, s3\n",
            "vadd.f32 s14, s14, s0\n",
            "vadd.f32 s15, s15, s1\n",
        )
    };
}

/// Subtracts `sum of x << $shift` from both rows' sums.
macro_rules! offset_two_rows {
    ($sum:literal, $shift:literal) => {
        concat!(
            "ldr r4, [r2, #",
            $sum,
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

/// A row's scales to `$sc0` and `$sc1`, its minimums to `r6` and `r12`, its scale and minimum to `$d`, and `$row` to behind
/// all of them.
macro_rules! k_unpack {
    ($row:literal, $sc0:literal, $sc1:literal, $d:literal) => {
        concat!(
            // Six bits of sc[0..4], then of m[0..4]; four of the others, the remaining pairs of which are on top.
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
            // sc[4..8]
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
            // m[4..8]
            "and r7, r6, #0xC0C0C0C0\n",
            "and r12, r12, #0xF0F0F0F0\n",
            "lsrs r7, r7, #2\n",
            "orr r12, r7, r12, lsr #4\n",
            "and r6, r6, #0x3F3F3F3F\n",
        )
    };
}

/// [`k_unpack`], and the sum of minimums times the sums of activations in `r8` to `r11` to `r4`.
macro_rules! k_scales {
    ($row:literal, $sc0:literal, $sc1:literal, $d:literal) => {
        concat!(
            k_unpack!($row, $sc0, $sc1, $d),
            "uxtb16 r7, r6\n",
            "smuad r4, r7, r8\n",
            "uxtb16 r7, r6, ror #8\n",
            "smlad r4, r7, r9, r4\n",
            "uxtb16 r7, r12\n",
            "smlad r4, r7, r10, r4\n",
            "uxtb16 r7, r12, ror #8\n",
            "smlad r4, r7, r11, r4\n",
        )
    };
}

/// Multiplies the four sums with a word of scales and adds them to the totals in `s8` and `s9`.
macro_rules! apply_scales {
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

/// Both rows' words of scale and minimum: scales to `s0` and `s1`, minimums to `s2` and `s3`.
macro_rules! halves_with_min_of_two_rows {
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

/// `s14 += dx * (d * sum + m * sum of x)` of both rows.
macro_rules! close_with_min_two_rows {
    ($dx:literal, $sum:literal) => {
        concat!(
            "vldr s5, [r2, #",
            $sum,
            "]\n",
            "vldr s4, [r2, #",
            $dx,
            "]\n",
            "vmov s6, s7, r10, r12\n",
            "vcvt.f32.s32 s5, s5\n",
            "vcvt.f32.s32 s6, s6\n",
            "vcvt.f32.s32 s7, s7\n",
            "vmul.f32 s2, s2, s5\n",
            "vmul.f32 s3, s3, s5\n",
            "vmul.f32 s0, s0, s6\n",
            "vmul.f32 s1, s1, s7\n",
            "vadd.f32 s0, s0, s2\n",
            "vadd.f32 s1, s1, s3\n",
            "vmul.f32 s0, s0, s4\n",
            "vmul.f32 s1, s1, s4\n",
            "vadd.f32 s14, s14, s0\n",
            "vadd.f32 s15, s15, s1\n",
        )
    };
}

/// Four rows' scales to `s0` to `s3`.
macro_rules! halves_of_four_rows {
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

/// `2^(e - 128)` of the exponent in `$e` to `$d`, as a product of two powers that are never subnormal.
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

/// Four rows' exponents to scales in `s0` to `s3`.
macro_rules! powers_of_four_rows {
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

/// `s12 += (d * dx) * sum` of four rows.
macro_rules! close_four_rows {
    ($dx:literal) => {
        concat!(
            "vldr s8, [r2, #",
            $dx,
            "]\n",
            "vmov s4, s5, r9, r10\n",
            "vmov s6, s7, r11, lr\n",
            "vmul.f32 s0, s0, s8\n",
            "vmul.f32 s1, s1, s8\n",
            "vmul.f32 s2, s2, s8\n",
            "vmul.f32 s3, s3, s8\n",
            "vcvt.f32.s32 s4, s4\n",
            "vcvt.f32.s32 s5, s5\n",
            "vcvt.f32.s32 s6, s6\n",
            "vcvt.f32.s32 s7, s7\n",
            "vmul.f32 s0, s0, s4\n",
            "vmul.f32 s1, s1, s5\n",
            "vmul.f32 s2, s2, s6\n",
            "vmul.f32 s3, s3, s7\n",
            "vadd.f32 s12, s12, s0\n",
            "vadd.f32 s13, s13, s1\n",
            "vadd.f32 s14, s14, s2\n",
            "vadd.f32 s15, s15, s3\n",
        )
    };
}

pub(super) use {apply_scales, close_two_rows, halves_of_two_rows, k_scales, k_unpack, offset_two_rows};
pub(super) use {
    close_four_rows, close_with_min_two_rows, halves_of_four_rows, halves_with_min_of_two_rows, power,
    powers_of_four_rows,
};
