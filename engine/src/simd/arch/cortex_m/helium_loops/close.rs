//! What follows a block's integer sums where a block is 32 weights: scales, and the sums' way to floats.
//!
//! Vectors of floats flush denormals to zero, but none arise. Scales of weights (d, m) and of activations (dx) are halves,
//! so multiples of 2^-24, and integers are exact as floats: products of two scales are exact multiples of 2^-48.
//! A product that is not zero is at least 2^-48, and rounded it is a multiple of 2^-71, as is any sum of such. Where there is a
//! minimum, `d * sum + m * sum_x` is a multiple of 2^-47 alike, and its product with dx is zero or at least 2^-71.
//! All these are far above the least normal number, 2^-126. Conversions from halves do not flush.
//!
//! Registers: the rows' blocks in r1, r3, r5, r7, the activations in r9; the scales go to q4.

/// Adds the sum of the activations, which lies at byte `at`, times the vector q5 to integer sums.
macro_rules! add_offset {
    ($sums:literal, $at:literal $(, $factor:literal)?) => {
        concat!("ldr r12, [r9, #", $at, "]\n", "vmla.s32 ", $sums, ", q5, r12\n")
    };
}
pub(super) use add_offset;

/// The first bytes of the rows' blocks of so many bytes to q4, by loads of an instruction; goes on to the next blocks.
macro_rules! first_of_blocks {
    ($load:literal, $bytes:literal) => {
        concat!(
            $load,
            " r4, [r1], #",
            $bytes,
            "\n",
            $load,
            " r6, [r5], #",
            $bytes,
            "\n",
            $load,
            " r8, [r3], #",
            $bytes,
            "\n",
            "vmov q4[2], q4[0], r4, r6\n",
            $load,
            " r10, [r7], #",
            $bytes,
            "\n",
            "vmov q4[3], q4[1], r8, r10\n",
        )
    };
}
pub(super) use first_of_blocks;

/// Scales d.
macro_rules! load_scales {
    ($bytes:literal, $mins:literal) => {
        concat!(first_of_blocks!("ldrh", $bytes), "vcvtb.f32.f16 q4, q4\n")
    };
}
pub(super) use load_scales;

/// Scales d, and minimums m to `mins`.
macro_rules! load_scales_and_mins {
    ($bytes:literal, $mins:literal) => {
        concat!(first_of_blocks!("ldr", $bytes), "vcvtt.f32.f16 ", $mins, ", q4\n", "vcvtb.f32.f16 q4, q4\n",)
    };
}
pub(super) use load_scales_and_mins;

/// `to = (d * dx) * sums`.
macro_rules! scale {
    ($to:literal, $sums:literal, $dx:literal, $sum_x:literal, $mins:literal) => {
        concat!(
            "vmul.f32 ",
            $to,
            ", q4, ",
            $dx,
            "\n",
            "vcvt.f32.s32 ",
            $sums,
            ", ",
            $sums,
            "\n",
            "vmul.f32 ",
            $to,
            ", ",
            $to,
            ", ",
            $sums,
            "\n",
        )
    };
}
pub(super) use scale;

/// `to = dx * (d * sums + m * sum_x)`, where `sum_x` is the place of the activations' sum.
macro_rules! scale_with_mins {
    ($to:literal, $sums:literal, $dx:literal, $sum_x:literal, $mins:literal) => {
        concat!(
            "ldr r12, [r9, #",
            $sum_x,
            "]\n",
            "vcvt.f32.s32 ",
            $sums,
            ", ",
            $sums,
            "\n",
            "vdup.32 ",
            $to,
            ", r12\n",
            "vmul.f32 ",
            $sums,
            ", ",
            $sums,
            ", q4\n",
            "vcvt.f32.s32 ",
            $to,
            ", ",
            $to,
            "\n",
            "vmul.f32 ",
            $to,
            ", ",
            $to,
            ", ",
            $mins,
            "\n",
            "vadd.f32 ",
            $to,
            ", ",
            $sums,
            ", ",
            $to,
            "\n",
            "vmul.f32 ",
            $to,
            ", ",
            $to,
            ", ",
            $dx,
            "\n",
        )
    };
}
pub(super) use scale_with_mins;

/// Adds a vector to the second token's row sums in q7. At the end they are there.
macro_rules! add_in_register {
    ($vector:literal, $free:literal) => {
        concat!("vadd.f32 q7, q7, ", $vector, "\n")
    };
    () => {
        ""
    };
}
pub(super) use add_in_register;

/// Adds a vector to the second token's row sums, 16 bytes from the stack's top. At the end they go to q7.
macro_rules! add_in_memory {
    ($vector:literal, $free:literal) => {
        concat!(
            "vldrw.u32 ",
            $free,
            ", [sp, #16]\n",
            "vadd.f32 ",
            $free,
            ", ",
            $free,
            ", ",
            $vector,
            "\n",
            "vstrw.32 ",
            $free,
            ", [sp, #16]\n",
        )
    };
    () => {
        "vldrw.u32 q7, [sp, #16]\n"
    };
}
pub(super) use add_in_memory;
