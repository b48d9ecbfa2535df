//! From the integer sums of blocks of 256 to floats: products with the sums of activations, and scales.
//!
//! The block's scale is in s30, that of its minimums in s31. Fragments that close a block take the activations' address,
//! 256 bytes from their first, the block's integer sum and the row's sum. The other registers are those of `blocks256.rs`.

/// Makes floats of the block's scale, and of that of its minimums above it, in r0.
macro_rules! scales_to_floats {
    () => {
        lines! {
            "vmov s30, r0";
            "vcvtt.f32.f16 s31, s30";
            "vcvtb.f32.f16 s30, s30";
        }
    };
}
pub(super) use scales_to_floats;

/// Adds `(d * dx) * sum`.
macro_rules! add_product {
    ($x:literal, $sum:literal, $row:literal) => {
        lines! {
            "vldr s8, [" $x "]";
            "vmov s9, " $sum;
            "vmul.f32 s8, s30, s8";
            "vcvt.f32.s32 s9, s9";
            "vmul.f32 s8, s8, s9";
            "vadd.f32 " $row ", " $row ", s8";
        }
    };
}
pub(super) use add_product;

/// Adds `(d * dx) * sum - (dmin * dx) * min_sum`, where the sum of minimums times activations is in r0.
macro_rules! add_difference {
    ($x:literal, $sum:literal, $row:literal) => {
        lines! {
            "vldr s8, [" $x "]";
            "vmov s10, s11, " $sum ", r0";
            "vmul.f32 s9, s30, s8";
            "vmul.f32 s8, s31, s8";
            "vcvt.f32.s32 s10, s10";
            "vcvt.f32.s32 s11, s11";
            "vmul.f32 s9, s9, s10";
            "vmul.f32 s8, s8, s11";
            "vsub.f32 s8, s9, s8";
            "vadd.f32 " $row ", " $row ", s8";
        }
    };
}
pub(super) use add_difference;

/// Multiplies the activations' sums of 16 with halves, those for even sub-blocks in q0 and those for odd ones in q1; the
/// sum of the products goes to r0. Pairs of even sums and of odd ones lie in turn, and are loaded apart.
macro_rules! multiply_sums16 {
    ($x:literal) => {
        lines! {
            "add r0, " $x ", #8";
            "vld20.32 {{q2, q3}}, [r0]";
            "vld21.32 {{q2, q3}}, [r0]";
            "vmladav.s16 r0, q0, q2";
            "vmladava.s16 r0, q1, q3";
        }
    };
}
pub(super) use multiply_sums16;
