//! From the integer sums of blocks of 32 to floats: scales.
//!
//! Vectors of floats flush denormals to zero, but none arise. Scales of weights (d, m) and of activations (dx) are halves,
//! so multiples of 2^-24, and integers are exact as floats: a product of two scales is an exact multiple of 2^-48.
//! `(d * dx) * sum` is zero or at least 2^-48; rounded it is a multiple of 2^-71, and so are the sums of such numbers.
//! `d * sum + m * sum_x` is a multiple of 2^-47 alike, and its product with dx zero or at least 2^-71. All these are far
//! above the least normal number, 2^-126. Halves keep their denormals on the way to floats.
//!
//! The rows' scales are in q4. `dx` and `sum_x` are registers of a token's scale and sum of activations.

/// Makes floats of the scales.
macro_rules! scales_to_floats {
    ($mins:literal) => {
        lines! { "vcvtb.f32.f16 q4, q4"; }
    };
}
pub(super) use scales_to_floats;

/// Makes floats of the scales, and of the minimums that lie above them.
macro_rules! scales_and_mins_to_floats {
    ($mins:literal) => {
        lines! {
            "vcvtt.f32.f16 " $mins ", q4";
            "vcvtb.f32.f16 q4, q4";
        }
    };
}
pub(super) use scales_and_mins_to_floats;

/// Adds the sum of the activations times the vector q5 to integer sums.
macro_rules! add_offset {
    ($sums:literal, $sum_x:literal $(, $factor:literal)?) => {
        lines! { "vmla.s32 " $sums ", q5, " $sum_x; }
    };
}
pub(super) use add_offset;

/// `to = (d * dx) * sums`.
macro_rules! scale {
    ($to:literal, $sums:literal, $dx:literal, $sum_x:literal, $mins:literal) => {
        lines! {
            "vmul.f32 " $to ", q4, " $dx;
            "vcvt.f32.s32 " $sums ", " $sums;
            "vmul.f32 " $to ", " $to ", " $sums;
        }
    };
}
pub(super) use scale;

/// `to = dx * (d * sums + m * sum_x)`, which overwrites the integer sums.
macro_rules! scale_with_mins {
    ($to:literal, $sums:literal, $dx:literal, $sum_x:literal, $mins:literal) => {
        lines! {
            "vcvt.f32.s32 " $sums ", " $sums;
            "vdup.32 " $to ", " $sum_x;
            "vmul.f32 " $sums ", " $sums ", q4";
            "vcvt.f32.s32 " $to ", " $to;
            "vmul.f32 " $to ", " $to ", " $mins;
            "vadd.f32 " $to ", " $sums ", " $to;
            "vmul.f32 " $to ", " $to ", " $dx;
        }
    };
}
pub(super) use scale_with_mins;

/// Adds a vector to row sums.
macro_rules! add_vectors {
    ($row_sums:tt, $vector:tt) => {
        lines! { "vadd.f32 " $row_sums ", " $row_sums ", " $vector; }
    };
}
pub(super) use add_vectors;

/// The second token's row sums stay in q7, and q3 is added by a fragment.
macro_rules! second_in_register {
    (add $add:ident) => {
        $add!("q7", "q3")
    };
    (end) => {
        ""
    };
}
pub(super) use second_in_register;

/// The second token's row sums stay in memory, as q7 is needed for something else: 16 bytes from the stack's top, until they
/// go to q7 at the end.
macro_rules! second_in_memory {
    (add $add:ident) => {
        concat!(lines! { "vldrw.u32 q2, [sp, #16]"; }, $add!("q2", "q3"), lines! { "vstrw.32 q2, [sp, #16]"; })
    };
    (end) => {
        lines! { "vldrw.u32 q7, [sp, #16]"; }
    };
}
pub(super) use second_in_memory;
