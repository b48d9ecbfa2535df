//! The scale of an axis, and numbers in words.

use crate::digits::three_digits;
use crate::size::show;

/// The kinds of round numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// 1, 2 or 5 times a power of ten.
    Decimal,
    /// A power of two.
    Binary,
}

/// A range of numbers on an axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    lo: f64,
    hi: f64,
    log: bool,
    round: Round,
}

impl Scale {
    /// A linear scale from `lo` to `hi`.
    pub(super) fn linear(lo: f64, hi: f64, round: Round) -> Scale {
        let (lo, hi) = if lo.is_finite() && hi.is_finite() { (lo, hi) } else { (0.0, 1.0) };
        Scale { lo, hi: if hi > lo { hi } else { lo + lo.abs().max(1.0) }, log: false, round }
    }

    /// A logarithmic scale from `lo` to `hi`, both above 0.
    pub(super) fn log(lo: f64, hi: f64, round: Round) -> Scale {
        let (lo, hi) = if lo > 0.0 && lo.is_finite() && hi.is_finite() { (lo, hi) } else { (1.0, 2.0) };
        Scale { lo, hi: if hi > lo { hi } else { lo * 2.0 }, log: true, round }
    }

    /// A scale from `lo` to `hi`, logarithmic if they lie far apart.
    pub(super) fn fitting(lo: f64, hi: f64, round: Round) -> Scale {
        if lo > 0.0 && hi / lo > 12.0 { Scale::log(lo, hi, round) } else { Scale::linear(lo, hi, round) }
    }

    /// The place of `value`: 0 at the low end, 1 at the high end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let at = if self.log {
            (value.max(f64::MIN_POSITIVE) / self.lo).ln() / (self.hi / self.lo).ln()
        } else {
            (value - self.lo) / (self.hi - self.lo)
        };
        if at.is_finite() { at.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The value at the place `at`.
    pub(super) fn value(&self, at: f64) -> f64 {
        if self.log { self.lo * (self.hi / self.lo).powf(at) } else { self.lo + (self.hi - self.lo) * at }
    }

    /// Round numbers within the range, no more than `most`.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        let most = most.max(2);
        if self.log { self.log_ticks(most) } else { self.linear_ticks(most) }
    }

    fn linear_ticks(&self, most: usize) -> Vec<f64> {
        let least_step = (self.hi - self.lo) / most as f64;
        let step = match self.round {
            Round::Binary => least_step.log2().ceil().exp2(),
            Round::Decimal => {
                let power = 10f64.powf(least_step.log10().floor());
                [1.0, 2.0, 5.0, 10.0].map(|n| n * power).into_iter().find(|&s| s >= least_step).unwrap_or(least_step)
            }
        };
        // As multiples: sums of steps would drift.
        let first = (self.lo / step - 1e-9).ceil();
        (0..=most).map(|i| (first + i as f64) * step).filter(|&t| t <= self.hi * (1.0 + 1e-9)).take(most).collect()
    }

    fn log_ticks(&self, most: usize) -> Vec<f64> {
        let within = |t: &f64| (self.lo * (1.0 - 1e-9)..=self.hi * (1.0 + 1e-9)).contains(t);
        let powers = |base: f64, every: i32, of: &[f64]| -> Vec<f64> {
            let from = self.lo.log(base).floor() as i32 - every;
            let to = self.hi.log(base).ceil() as i32;
            let all = (from..=to).filter(|n| n.rem_euclid(every) == 0);
            all.flat_map(|n| of.iter().map(move |m| m * base.powi(n))).filter(within).collect()
        };
        let candidates: &[(f64, i32, &[f64])] = match self.round {
            Round::Decimal => {
                &[(10.0, 1, &[1.0, 2.0, 5.0]), (10.0, 1, &[1.0, 3.0]), (10.0, 1, &[1.0]), (10.0, 2, &[1.0])]
            }
            Round::Binary => &[(2.0, 1, &[1.0]), (2.0, 2, &[1.0]), (2.0, 5, &[1.0]), (2.0, 10, &[1.0])],
        };
        let fits = candidates.iter().map(|&(base, every, of)| powers(base, every, of)).find(|t| t.len() <= most);
        fits.unwrap_or_else(|| vec![self.lo, self.hi])
    }
}

/// A round number as short as it can be.
pub(super) fn plain(x: f64) -> String {
    if !x.is_finite() {
        return "–".into();
    }
    format!("{}", (x * 1e6).round() / 1e6 + 0.0)
}

/// Round numbers of bytes: `512 KiB`, `1.5 MiB`.
pub(super) fn bytes(x: f64) -> String {
    show(if x.is_finite() { x.max(0.0).round() as u64 } else { 0 }).replace(".0 ", " ")
}

/// A whole number with its digits in threes.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(c);
    }
    out
}

/// Seconds: `1.20 s`, `34.0 ms`, `5.60 µs`.
pub(super) fn seconds(s: f64) -> String {
    let (factor, unit) = match s {
        _ if s >= 0.9995 => (1.0, "s"),
        _ if s >= 0.9995e-3 || s == 0.0 => (1e3, "ms"),
        _ => (1e6, "µs"),
    };
    format!("{}\u{a0}{unit}", three_digits(s * factor))
}

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    let share = if share.is_finite() { share * 100.0 } else { return "–".into() };
    match share {
        _ if share > 0.0 && share < 0.1 => "<\u{a0}0.1\u{a0}%".into(),
        _ if share.abs() < 9.95 => format!("{:.1}\u{a0}%", share + 0.0),
        _ => format!("{share:.0}\u{a0}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        let ticks = |scale: Scale, most| scale.ticks(most);
        assert_eq!(ticks(Scale::linear(0.0, 36.0, Round::Decimal), 5), [0.0, 10.0, 20.0, 30.0]);
        assert_eq!(ticks(Scale::linear(0.0, 1.7, Round::Decimal), 5), [0.0, 0.5, 1.0, 1.5]);
        assert_eq!(ticks(Scale::linear(0.0, 2047.0, Round::Decimal), 6), [0.0, 500.0, 1000.0, 1500.0, 2000.0]);
        let kib = |n: &[f64]| n.iter().map(|n| n * 1024.0).collect::<Vec<_>>();
        assert_eq!(
            ticks(Scale::linear(300e3, 1100e3, Round::Binary), 7),
            kib(&[384.0, 512.0, 640.0, 768.0, 896.0, 1024.0])
        );
        assert_eq!(ticks(Scale::log(4e6, 260e6, Round::Decimal), 8), [5e6, 1e7, 2e7, 5e7, 1e8, 2e8]);
        assert_eq!(ticks(Scale::log(1024.0, 70e3, Round::Binary), 4), kib(&[1.0, 4.0, 16.0, 64.0]));
        for most in 2..12 {
            for (lo, hi) in [(0.0, 1e-9), (1.0, 1.0001), (3.0, 1e12), (0.0, 0.0), (1e9, 2.0), (f64::NAN, 1.0)] {
                for round in [Round::Decimal, Round::Binary] {
                    for scale in
                        [Scale::linear(lo, hi, round), Scale::log(lo, hi, round), Scale::fitting(lo, hi, round)]
                    {
                        let ticks = scale.ticks(most);
                        assert!(ticks.len() <= most && ticks.iter().all(|t| t.is_finite()), "{scale:?} {ticks:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn places_are_within_and_go_both_ways() {
        for scale in [Scale::linear(5.0, 25.0, Round::Decimal), Scale::log(5.0, 25.0, Round::Binary)] {
            assert_eq!([5.0, 25.0, 99.0, -1.0, f64::NAN].map(|x| scale.at(x)), [0.0, 1.0, 1.0, 0.0, 0.0]);
            assert!((scale.at(scale.value(0.3)) - 0.3).abs() < 1e-12);
        }
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([0.5, 1000.0, 0.1 + 0.2].map(plain), ["0.5", "1000", "0.3"]);
        assert_eq!([512.0 * 1024.0, 1.5 * 1024.0].map(bytes), ["512 KiB", "1.5 KiB"]);
        assert_eq!([7, 1234, 1_234_567].map(grouped), ["7", "1\u{202f}234", "1\u{202f}234\u{202f}567"]);
        assert_eq!([2.0, 0.034, 5.6e-6].map(seconds), ["2.00\u{a0}s", "34.0\u{a0}ms", "5.60\u{a0}µs"]);
        assert_eq!(
            [0.0, 0.0004, 0.05, 0.5, f64::NAN].map(percent),
            ["0.0\u{a0}%", "<\u{a0}0.1\u{a0}%", "5.0\u{a0}%", "50\u{a0}%", "–"]
        );
    }
}
