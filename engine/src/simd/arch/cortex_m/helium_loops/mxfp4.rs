//! From the integer sums of blocks of MXFP4 to floats. Their scales are powers of two, with which denormals arise: the scalar
//! unit, which keeps them, computes a lane of a vector after the other.

/// An operation on each lane of two vectors.
macro_rules! in_lanes {
    ($operation:literal [$($to:literal)+] [$($a:literal)+] [$($b:literal)+]) => {
        lines! { $($operation " " $to ", " $a ", " $b;)+ }
    };
}
pub(super) use in_lanes;

/// Makes floats of exponents e in q4: 2^(e - 128) as a product of two normal powers.
macro_rules! exponents_to_floats {
    ($mins:literal) => {
        concat!(
            lines! {
                "mov r4, #63";
                "vshr.u32 q5, q4, #1";
                "vsub.i32 q4, q4, q5";
                "vadd.i32 q5, q5, r4";
                "vadd.i32 q4, q4, r4";
                "vshl.i32 q5, q5, #23";
                "vshl.i32 q4, q4, #23";
            },
            in_lanes!("vmul.f32" ["s16" "s17" "s18" "s19"] ["s16" "s17" "s18" "s19"] ["s20" "s21" "s22" "s23"])
        )
    };
}
pub(super) use exponents_to_floats;

/// `to = (d * dx) * sums`.
macro_rules! scale_lanes {
    ("q1", "q0", $dx:literal $(, $unused:literal)*) => {
        concat!(
            lines! {
                "vmov s20, " $dx;
                "vcvt.f32.s32 q0, q0";
            },
            in_lanes!("vmul.f32" ["s4" "s5" "s6" "s7"] ["s16" "s17" "s18" "s19"] ["s20" "s20" "s20" "s20"]),
            in_lanes!("vmul.f32" ["s4" "s5" "s6" "s7"] ["s4" "s5" "s6" "s7"] ["s0" "s1" "s2" "s3"])
        )
    };
    ("q3", "q2", $dx:literal $(, $unused:literal)*) => {
        concat!(
            lines! {
                "vmov s20, " $dx;
                "vcvt.f32.s32 q2, q2";
            },
            in_lanes!("vmul.f32" ["s12" "s13" "s14" "s15"] ["s16" "s17" "s18" "s19"] ["s20" "s20" "s20" "s20"]),
            in_lanes!("vmul.f32" ["s12" "s13" "s14" "s15"] ["s12" "s13" "s14" "s15"] ["s8" "s9" "s10" "s11"])
        )
    };
}
pub(super) use scale_lanes;

/// Adds a vector to row sums.
macro_rules! add_lanes {
    ("q7", "q1") => {
        in_lanes!("vadd.f32" ["s28" "s29" "s30" "s31"] ["s28" "s29" "s30" "s31"] ["s4" "s5" "s6" "s7"])
    };
    ("q0", "q1") => {
        in_lanes!("vadd.f32" ["s0" "s1" "s2" "s3"] ["s0" "s1" "s2" "s3"] ["s4" "s5" "s6" "s7"])
    };
    ("q2", "q3") => {
        in_lanes!("vadd.f32" ["s8" "s9" "s10" "s11"] ["s8" "s9" "s10" "s11"] ["s12" "s13" "s14" "s15"])
    };
}
pub(super) use add_lanes;
