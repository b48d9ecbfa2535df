//! A sum of exponentials that come one after another.

use crate::simd::math::exp;
use crate::simd::{Isa, Scalar};

/// The sum of e^x of numbers x that come one by one, in the order in which they come, to about the last bit: what is rounded off
/// a sum is taken into account by the next one (Kahan). No number is kept but the greatest, to which the sum is relative.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpSum {
    max: f32,
    sum: f32,
    /// The rounding error of the sum, by which it is too large.
    excess: f32,
}

impl ExpSum {
    /// The sum of none.
    pub(crate) const NONE: ExpSum = ExpSum { max: f32::MIN, sum: 0.0, excess: 0.0 };

    /// Adds e^`x`.
    #[inline]
    pub(crate) fn add(&mut self, x: f32) {
        self.add_times(1.0, x);
    }

    /// Adds e^`x`, `times` times.
    #[inline]
    pub(crate) fn add_times(&mut self, times: f32, x: f32) {
        let mut term = times;
        if x <= self.max {
            term *= exp(Scalar.floats(0), x - self.max);
        } else {
            let shrunk = libm::expf(self.max - x);
            (self.sum, self.excess, self.max) = (self.sum * shrunk, self.excess * shrunk, x);
        }
        let term = term - self.excess;
        let sum = self.sum + term;
        self.excess = (sum - self.sum) - term;
        self.sum = sum;
    }

    /// The sum, relative to e to the power of the greatest number.
    pub(crate) fn relative(&self) -> f32 {
        self.sum
    }

    /// The logarithm of the share that e^`x` has of the sum, for one of its numbers.
    #[cfg(feature = "probabilities")]
    pub(crate) fn ln_share(&self, x: f32) -> f32 {
        ((x - self.max) - libm::logf(self.sum)).min(0.0)
    }
}

#[cfg(all(test, feature = "probabilities"))]
mod tests {
    use super::ExpSum;
    use std::vec::Vec;

    #[test]
    fn shares_are_those_of_a_sum_in_double_precision() {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 1e6 - 8.0
        };
        let numbers: Vec<f32> = (0..300_000).map(|_| next()).collect();
        let mut sum = ExpSum::NONE;
        numbers.iter().for_each(|&x| sum.add(x));
        let ln: f64 = numbers.iter().map(|&x| f64::from(x).exp()).sum::<f64>().ln();
        for &x in &numbers[..100] {
            let want = f64::from(x) - ln;
            // Two units in the last place of the result.
            let error = (f64::from(sum.ln_share(x)) - want).abs();
            assert!(error < want.abs() * 2.4e-7, "{x}: {} {want}", sum.ln_share(x));
        }
        let mut one = ExpSum::NONE;
        one.add(-3.0e38);
        assert_eq!(one.ln_share(-3.0e38), 0.0);
    }
}
