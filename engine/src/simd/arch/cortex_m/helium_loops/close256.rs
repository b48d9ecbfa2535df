//! Scales of blocks of 256 weights, and how a block's integer sums become a float. Registers are those of `blocks256.rs`.

use super::frame::lines;

/// The scales of the first four sub-blocks of Q4_K and Q5_K to q0. `block` is the block's place from r1.
macro_rules! low_scales {
    ($block:literal) => {
        lines! {
            "vldrb.u32 q0, [r1, #" $block " + 4]";
            "vbic.i32 q0, #0xC0";
        }
    };
}
pub(super) use low_scales;

/// The scales of the last four sub-blocks of Q4_K and Q5_K to q1: low nibbles, and the upper two bits of the first scales.
macro_rules! high_scales {
    ($block:literal) => {
        lines! {
            "vldrb.u32 q0, [r1, #" $block " + 4]";
            "vldrb.u32 q1, [r1, #" $block " + 12]";
            "vshr.u32 q0, q0, #6";
            "vsli.32 q1, q0, #4";
        }
    };
}
pub(super) use high_scales;

/// The scales of the block of Q4_K and Q5_K to s13, and of its minimums to s14. The minimums go to q0 in the order of the
/// activations' sums.
macro_rules! scales_and_mins {
    ($block:literal) => {
        lines! {
            "vldrb.u32 q0, [r1, #" $block " + 8]";
            "ldr r0, [r1, #" $block "]";
            "vldrb.u32 q1, [r1, #" $block " + 12]";
            // Minimums 0 to 3 in q0. In q1, 4 to 7: high nibbles, and the upper two bits of the first minimums.
            "vshr.u32 q2, q0, #6";
            "vmov s12, r0";
            "vbic.i32 q0, #0xC0";
            "vcvtb.f32.f16 s13, s12";
            "vshr.u32 q1, q1, #4";
            "vcvtt.f32.f16 s14, s12";
            "vsli.32 q1, q2, #4";
            // 0, 1, 4, 5 in q0 and 2, 3, 6, 7 in q1, then pairs of halves of both.
            "vmov.f64 d4, d1";
            "vmov.f64 d1, d2";
            "vmov.f64 d2, d4";
            "vmovnt.i32 q0, q1";
        }
    };
}
pub(super) use scales_and_mins;

/// Adds `(d * dx) * sum - (dmin * dx) * (minimums . sums of x)` to the row's sum.
macro_rules! add_less_mins {
    ($x:literal, $sum:literal, $row:literal) => {
        lines! {
            "vldrh.u16 q1, [" $x ", #40]";
            "vldr s8, [" $x "]";
            "vmladav.s16 r0, q0, q1";
            "vmul.f32 s9, s13, s8";
            "vmul.f32 s10, s14, s8";
            "vmov s4, s5, " $sum ", r0";
            "vcvt.f32.s32 s4, s4";
            "vcvt.f32.s32 s5, s5";
            "vmul.f32 s9, s9, s4";
            "vmul.f32 s10, s10, s5";
            "vsub.f32 s9, s9, s10";
            "vadd.f32 " $row ", " $row ", s9";
        }
    };
}
pub(super) use add_less_mins;

/// Of eight scales of sub-blocks of Q6_K, the even ones (`vmovlb`) or the odd ones (`vmovlt`) to q0.
macro_rules! four_signed_scales {
    ($at:literal, $which:literal) => {
        lines! {
            "vldrb.s16 q0, [r1, #" $at "]";
            $which ".s16 q0, q0";
        }
    };
}
pub(super) use four_signed_scales;

/// The scale of the block of Q6_K to s30, and its sub-blocks' scales to q0, even ones, and q1.
macro_rules! signed_scales {
    ($at:literal, $d:literal) => {
        lines! {
            "vldrb.u8 q0, [r1, #" $at "]";
            "ldrh r0, [r1, #" $d "]";
            "vmovlt.s8 q1, q0";
            "vmov s30, r0";
            "vmovlb.s8 q0, q0";
            "vcvtb.f32.f16 s30, s30";
        }
    };
}
pub(super) use signed_scales;

/// Adds `(d * dx) * (sum - 32 * (scales . sums of x))` to the row's sum.
macro_rules! add_less_offset {
    ($x:literal, $sum:literal, $row:literal) => {
        lines! {
            // Pairs of sums of even sub-blocks and of odd ones lie in turn, and come apart.
            "add r0, " $x ", #8";
            "vldr s31, [" $x "]";
            "vld20.32 {q2, q3}, [r0]";
            "vld21.32 {q2, q3}, [r0]";
            "vmul.f32 s31, s30, s31";
            "vmladav.s16 r0, q0, q2";
            "vmladava.s16 r0, q1, q3";
            "sub " $sum ", " $sum ", r0, lsl #5";
            "vmov s8, " $sum;
            "vcvt.f32.s32 s8, s8";
            "vmul.f32 s8, s31, s8";
            "vadd.f32 " $row ", " $row ", s8";
        }
    };
}
pub(super) use add_less_offset;
