//! Sine and cosine by the FPU's double precision, which processors with Helium's floats have.

use core::arch::naked_asm;

/// Constants of the reduction to a quarter turn, then the coefficients of the sine's polynomial and of the cosine's, from the
/// highest power down.
static CONSTANTS: [f64; 14] = [
    core::f64::consts::FRAC_2_PI,
    1.570_796_326_734_125_6,
    6.077_100_506_506_192e-11,
    1.0 / 362_880.0,
    -1.0 / 5040.0,
    1.0 / 120.0,
    -1.0 / 6.0,
    1.0,
    -1.0 / 3_628_800.0,
    1.0 / 40_320.0,
    -1.0 / 720.0,
    1.0 / 24.0,
    -0.5,
    1.0,
];

/// A step of Horner's scheme: `$to` times the square in `d3`, plus the next constant.
macro_rules! next_power {
    ($to:literal, $at:literal) => {
        concat!("vldr d2, [r1, #8*", $at, "]\nvmul.f64 ", $to, ", ", $to, ", d3\nvadd.f64 ", $to, ", ", $to, ", d2\n")
    };
}

/// Quarter turns of an angle, rounded, and the rest's sine and cosine, as [`sin_cos`](crate::simd::math::sin_cos) computes
/// them.
pub(crate) fn quarters_and_rest(angle: f64) -> (f64, f32, f32) {
    let mut rest = [0.0; 2];
    // SAFETY: a program with the feature `isa-helium` runs where floats have Helium's vectors and double precision.
    let quarters = unsafe { sin_cos(angle, &mut rest) };
    (quarters, rest[0], rest[1])
}

#[unsafe(naked)]
unsafe extern "C" fn sin_cos(angle: f64, rest: &mut [f32; 2]) -> f64 {
    naked_asm!(
        ".cpu cortex-m55",
        "movw r1, #:lower16:{constants}",
        "movt r1, #:upper16:{constants}",
        "vldr d1, [r1]",
        "vmul.f64 d1, d0, d1",
        "vldr d2, [r1, #8]",
        "vrintn.f64 d1, d1",
        "vmul.f64 d2, d1, d2",
        "vsub.f64 d0, d0, d2",
        "vldr d2, [r1, #16]",
        "vmul.f64 d2, d1, d2",
        "vsub.f64 d0, d0, d2",
        "vmul.f64 d3, d0, d0",
        "vldr d4, [r1, #8*3]",
        "vldr d5, [r1, #8*8]",
        next_power!("d4", "4"),
        next_power!("d5", "9"),
        next_power!("d4", "5"),
        next_power!("d5", "10"),
        next_power!("d4", "6"),
        next_power!("d5", "11"),
        next_power!("d4", "7"),
        next_power!("d5", "12"),
        "vmul.f64 d4, d4, d0",
        next_power!("d5", "13"),
        "vcvt.f32.f64 s0, d4",
        "vcvt.f32.f64 s1, d5",
        "vstmia r0, {{s0, s1}}",
        "vmov.f64 d0, d1",
        "bx lr",
        constants = sym CONSTANTS,
    )
}
