//! Scales of blocks of 256 weights, and how a block's integer sums become a float. Registers are those of `blocks256.rs`.

/// The scales of the first four sub-blocks of Q4_K and Q5_K to q0. `header` is the place of the block's first byte.
macro_rules! low_scales {
    ($header:literal) => {
        concat!("vldrb.u32 q0, [r1, #", $header, " + 4]\n", "vbic.i32 q0, #0xC0\n")
    };
}
pub(super) use low_scales;

/// The scales of the last four sub-blocks of Q4_K and Q5_K to q1: low nibbles below the first scales' upper two bits.
macro_rules! high_scales {
    ($header:literal) => {
        concat!(
            "vldrb.u32 q0, [r1, #",
            $header,
            " + 4]\n",
            "vldrb.u32 q1, [r1, #",
            $header,
            " + 12]\n",
            "vshr.u32 q0, q0, #6\n",
            "vsli.32 q1, q0, #4\n",
        )
    };
}
pub(super) use high_scales;

/// The block's scale and that of its minimums to s13 and s14, and the minimums to q0, in the order of the activations'
/// sums.
macro_rules! scale_and_mins {
    ($header:literal) => {
        concat!(
            "vldrb.u32 q0, [r1, #",
            $header,
            " + 8]\n",
            "vldrb.u32 q1, [r1, #",
            $header,
            " + 12]\n",
            "ldr r0, [r1, #",
            $header,
            "]\n",
            // Minimums 0 to 3 in q0, 4 to 7 in q1: high nibbles below the first ones' upper two bits.
            "vshr.u32 q2, q0, #6\n",
            "vbic.i32 q0, #0xC0\n",
            "vshr.u32 q1, q1, #4\n",
            "vmov s12, r0\n",
            "vsli.32 q1, q2, #4\n",
            // 0, 1, 4, 5 in q0 and 2, 3, 6, 7 in q1, then as pairs of halves.
            "vmov.f64 d4, d1\n",
            "vmov.f64 d1, d2\n",
            "vmov.f64 d2, d4\n",
            "vcvtb.f32.f16 s13, s12\n",
            "vcvtt.f32.f16 s14, s12\n",
            "vmovnt.i32 q0, q1\n",
        )
    };
}
pub(super) use scale_and_mins;

/// Adds `(d * dx) * sum - (dmin * dx) * (minimums . sums of x)` to the row's sum.
macro_rules! add_less_mins {
    ($x:literal, $sum:literal, $row:literal) => {
        concat!(
            "vldrh.u16 q1, [",
            $x,
            ", #40]\n",
            "vldr s8, [",
            $x,
            "]\n",
            "vmladav.s16 r0, q0, q1\n",
            "vmul.f32 s9, s13, s8\n",
            "vmul.f32 s10, s14, s8\n",
            "vmov s4, s5, ",
            $sum,
            ", r0\n",
            "vcvt.f32.s32 s4, s4\n",
            "vcvt.f32.s32 s5, s5\n",
            "vmul.f32 s9, s9, s4\n",
            "vmul.f32 s10, s10, s5\n",
            "vsub.f32 s9, s9, s10\n",
            "vadd.f32 ",
            $row,
            ", ",
            $row,
            ", s9\n",
        )
    };
}
pub(super) use add_less_mins;

/// Scales of four sub-blocks of Q6_K to q0: of half a block's eight the even ones (`vmovlb`) or the odd ones (`vmovlt`).
macro_rules! signed_scales {
    ($at:literal, $which:literal) => {
        concat!("vldrb.s16 q0, [r1, #", $at, "]\n", $which, ".s16 q0, q0\n")
    };
}
pub(super) use signed_scales;

/// The block's scale to s30, and the sub-blocks' to q0 and q1, even and odd ones.
macro_rules! scale_and_signed_scales {
    ($at:literal, $d:literal) => {
        concat!(
            "vldrb.u8 q0, [r1, #",
            $at,
            "]\n",
            "ldrh r0, [r1, #",
            $d,
            "]\n",
            "vmovlt.s8 q1, q0\n",
            "vmov s30, r0\n",
            "vmovlb.s8 q0, q0\n",
            "vcvtb.f32.f16 s30, s30\n",
        )
    };
}
pub(super) use scale_and_signed_scales;

/// Adds `(d * dx) * (sum - 32 * (scales . sums of x))` to the row's sum.
macro_rules! add_less_offsets {
    ($x:literal, $sum:literal, $row:literal) => {
        concat!(
            "add r0, ",
            $x,
            ", #8\n",
            "vldr s31, [",
            $x,
            "]\n",
            // Pairs of sums for even and for odd sub-blocks lie in turn.
            "vld20.32 {q2, q3}, [r0]\n",
            "vld21.32 {q2, q3}, [r0]\n",
            "vmul.f32 s31, s30, s31\n",
            "vmladav.s16 r0, q0, q2\n",
            "vmladava.s16 r0, q1, q3\n",
            "sub ",
            $sum,
            ", ",
            $sum,
            ", r0, lsl #5\n",
            "vmov s8, ",
            $sum,
            "\n",
            "vcvt.f32.s32 s8, s8\n",
            "vmul.f32 s8, s31, s8\n",
            "vadd.f32 ",
            $row,
            ", ",
            $row,
            ", s8\n",
        )
    };
}
pub(super) use add_less_offsets;
