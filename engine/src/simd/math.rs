//! Elementary functions, one implementation for every target.

use super::floats::Floats;

/// 1.5 * 2^23: adding it to a small float rounds it to an integer, ties to even, in the low bits.
const MAGIC: f32 = 12_582_912.0;
const LOG2_E: f32 = core::f32::consts::LOG2_E;
/// ln 2 in two parts; the first has few enough bits that `n * LN2_HIGH` is exact for `|n| <= 128`.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// `e^x`, within 2 ulp; 0 below -87, saturating above 88; NaN for NaN.
#[inline(always)]
pub fn exp<F: Floats>(f: F, x: F::V) -> F::V {
    let s = |v| f.splat(v);
    let limit = s(88.0);
    let clamped = f.select_lt(limit, x, limit, x);
    let magic = f.add(f.mul(clamped, s(LOG2_E)), s(MAGIC));
    let n = f.sub(magic, s(MAGIC));
    let r = f.sub(f.sub(clamped, f.mul(n, s(LN2_HIGH))), f.mul(n, s(LN2_LOW)));
    // Taylor to the sixth power; |r| <= ln(2) / 2, so the first term left out is below 2^-25.
    let mut p = s(1.0 / 720.0);
    for c in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = f.add(f.mul(p, r), s(c));
    }
    let flushed = f.select_lt(x, s(-87.0), s(0.0), f.scale_by_magic(p, magic));
    // What is not a number stays so; its bits must not be taken for an exponent.
    f.select_lt(clamped, s(89.0), flushed, clamped)
}

/// `x` rounded to its first `24 - DROPPED` bits (Veltkamp's splitting), 0 below 2^-60: products with an `f16` (`DROPPED`
/// of 11 or more) or with an `i8` (8 or more) are then exact.
#[inline(always)]
pub fn shorten<F: Floats, const DROPPED: u32>(f: F, x: F::V) -> F::V {
    let large = f.mul(x, f.splat(((1 << DROPPED) + 1) as f32));
    let rounded = f.sub(large, f.sub(large, x));
    f.select_lt(f.abs(x), f.splat(1.0 / (1u64 << 60) as f32), f.splat(0.0), rounded)
}

/// `1 / (1 + e^-x)`, within 4 ulp above -87.
#[inline(always)]
pub fn sigmoid<F: Floats>(f: F, x: F::V) -> F::V {
    let one = f.splat(1.0);
    f.div(one, f.add(one, exp(f, f.sub(f.splat(0.0), x))))
}

/// `tanh x`, within 2 ulp.
#[inline(always)]
pub fn tanh<F: Floats>(f: F, x: F::V) -> F::V {
    let s = |v| f.splat(v);
    let (magnitude, one) = (f.abs(x), s(1.0));
    // Far from 0: (1 - e^-2|x|) / (1 + e^-2|x|), with the sign of x.
    let e = exp(f, f.mul(magnitude, s(-2.0)));
    let far = f.div(f.sub(one, e), f.add(one, e));
    let far = f.select_lt(x, s(0.0), f.sub(s(0.0), far), far);
    // Near 0, where the difference would cancel: x + x^3 p(x^2), with p interpolated at Chebyshev's points.
    let square = f.mul(x, x);
    let mut p = s(-6.096_714e-3);
    for c in [2.099_718e-2, -5.385_091e-2, 0.133_327_7, -0.333_333_28] {
        p = f.add(f.mul(p, square), s(c));
    }
    let near = f.add(x, f.mul(f.mul(x, square), p));
    f.select_lt(magnitude, s(0.625), near, far)
}

/// `ln(1 + x)` for `x` from 0 to 1, within 2 ulp.
#[inline(always)]
fn ln_1p<F: Floats>(f: F, x: F::V) -> F::V {
    let s = |v| f.splat(v);
    // ln(1 + x) = 2 artanh(x / (2 + x)), whose argument is a third at most. artanh z = z + z^3 p(z^2), with p interpolated at
    // Chebyshev's points.
    let z = f.div(x, f.add(s(2.0), x));
    let square = f.mul(z, z);
    let mut p = s(0.134_257_5);
    for c in [0.141_183_1, 0.200_037_8, 0.333_333_2] {
        p = f.add(f.mul(p, square), s(c));
    }
    let half = f.add(z, f.mul(f.mul(z, square), p));
    f.add(half, half)
}

/// `ln(1 + e^x)`, within 4 ulp above -87, and 0 below.
#[inline(always)]
pub fn softplus<F: Floats>(f: F, x: F::V) -> F::V {
    let zero = f.splat(0.0);
    f.add(f.max(zero, x), ln_1p(f, exp(f, f.sub(zero, f.abs(x)))))
}

/// The square root, correctly rounded.
#[inline]
#[must_use]
pub fn sqrt(x: f32) -> f32 {
    #[cfg(all(target_arch = "arm", target_abi = "eabihf", feature = "isa-dsp"))]
    return super::arch::cortex_m::sqrt(x);
    #[cfg(not(all(target_arch = "arm", target_abi = "eabihf", feature = "isa-dsp")))]
    libm::sqrtf(x)
}

/// `1 / sqrt(x)`: two roundings.
#[inline]
#[must_use]
pub fn rsqrt(x: f32) -> f32 {
    1.0 / sqrt(x)
}

/// Sine and cosine of an angle in radians. The reduction to a quarter turn is done in `f64`, which
/// keeps it exact enough for any position in a context.
#[must_use]
pub fn sin_cos(angle: f64) -> (f32, f32) {
    #[cfg(all(target_arch = "arm", target_abi = "eabihf", feature = "isa-helium"))]
    let (quarters, sin, cos) = super::arch::cortex_m::quarters_and_rest(angle);
    #[cfg(not(all(target_arch = "arm", target_abi = "eabihf", feature = "isa-helium")))]
    let (quarters, sin, cos) = quarters_and_rest(angle);
    match (quarters as i64) & 3 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// Quarter turns of an angle, rounded, and the rest's sine and cosine.
#[cfg(not(all(target_arch = "arm", target_abi = "eabihf", feature = "isa-helium")))]
fn quarters_and_rest(angle: f64) -> (f64, f32, f32) {
    let quarters = libm::rint(angle * core::f64::consts::FRAC_2_PI);
    // Two parts of pi / 2: the product with the first is exact while `quarters` has below 20 bits.
    let r = (angle - quarters * 1.570_796_326_734_125_6) - quarters * 6.077_100_506_506_192e-11;
    let r2 = r * r;
    let sin = r * (1.0 + r2 * (-1.0 / 6.0 + r2 * (1.0 / 120.0 + r2 * (-1.0 / 5040.0 + r2 * (1.0 / 362_880.0)))));
    let cos =
        1.0 + r2 * (-0.5 + r2 * (1.0 / 24.0 + r2 * (-1.0 / 720.0 + r2 * (1.0 / 40_320.0 - r2 * (1.0 / 3_628_800.0)))));
    (quarters, sin as f32, cos as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Scalar};

    #[test]
    fn exp_is_close_everywhere() {
        let mut x = -87.0f32;
        while x < 88.0 {
            let mut y = [0.0; 16];
            let lane = Scalar.floats(0);
            lane.store(exp(lane, lane.splat(x)), &mut y);
            let want = libm::exp(f64::from(x));
            assert!((f64::from(y[0]) - want).abs() <= want * 2.5e-7, "exp({x}) = {} want {want}", y[0]);
            x += 0.013_7;
        }
        for (x, want) in [(-87.1, 0.0), (f32::NEG_INFINITY, 0.0), (0.0, 1.0), (-0.0, 1.0)] {
            let mut y = [7.0; 16];
            let lane = Scalar.floats(0);
            lane.store(exp(lane, lane.splat(x)), &mut y);
            assert_eq!(y[0], want, "exp({x})");
        }
    }

    type Lanes = crate::simd::Lane<Scalar>;

    /// The greatest error, in ulp of `want`, of a function at numbers of every magnitude from `2^-30` to `limit`, of both signs.
    fn greatest_error(limit: f32, function: fn(Lanes, f32) -> f32, want: fn(f64) -> f64) -> f64 {
        let (lane, mut greatest) = (Scalar.floats(0), 0.0f64);
        for bits in (2.0f32.powi(-30).to_bits()..limit.to_bits()).step_by(997) {
            for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
                let want = want(f64::from(x));
                let ulp = f64::from(f32::from_bits((want.abs() as f32).to_bits() + 1)) - f64::from(want.abs() as f32);
                greatest = greatest.max((f64::from(function(lane, x)) - want).abs() / ulp);
            }
        }
        greatest
    }

    #[test]
    fn functions_of_exp_are_close_everywhere() {
        let error = greatest_error(87.0, sigmoid, |x| 1.0 / (1.0 + libm::exp(-x)));
        assert!(error <= 4.0, "sigmoid: {error} ulp");
        let error = greatest_error(100.0, tanh, libm::tanh);
        assert!(error <= 2.0, "tanh: {error} ulp");
        let error = greatest_error(87.0, softplus, |x| libm::log1p(libm::exp(x)));
        assert!(error <= 4.0, "softplus: {error} ulp");
        let error = greatest_error(1.0, |f, x| ln_1p(f, x.abs()), |x| libm::log1p(x.abs()));
        assert!(error <= 2.0, "ln(1 + x): {error} ulp");
    }

    #[test]
    fn functions_of_exp_are_right_at_the_ends() {
        let f = Scalar.floats(0);
        for (x, [of_tanh, of_softplus]) in [
            (0.0, [0.0, core::f32::consts::LN_2]),
            (f32::INFINITY, [1.0, f32::INFINITY]),
            (f32::NEG_INFINITY, [-1.0, 0.0]),
        ] {
            assert_eq!(tanh(f, x), of_tanh, "tanh {x}");
            assert_eq!(softplus(f, x), of_softplus, "softplus {x}");
        }
        assert!(tanh(f, f32::NAN).is_nan() && softplus(f, f32::NAN).is_nan() && sigmoid(f, f32::NAN).is_nan());
    }

    #[test]
    fn sin_cos_is_close_everywhere() {
        for i in 0..200_000 {
            let x = f64::from(i) * 0.7;
            let (s, c) = sin_cos(x);
            assert!((f64::from(s) - libm::sin(x)).abs() < 2e-7 && (f64::from(c) - libm::cos(x)).abs() < 2e-7, "{x}");
        }
    }
}
