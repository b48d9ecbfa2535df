//! Sums of exponentials of logits that come tile by tile.

use super::panel::Group;
use crate::simd::{Floats, Isa, LANES, Op, Scalar, lanes, math};

/// Sixteen running sums of `e^x`. Lane `i` sums the logits of tokens whose id is `i` modulo 16, in order, so the result depends
/// neither on tile boundaries nor on the instruction set. Each sum is compensated for rounding errors (Kahan).
#[derive(Clone, Copy, Debug)]
pub struct ExpSums {
    /// The greatest number of each lane. The lane's sum is divided by `e` to the power of it.
    max: Group,
    sum: Group,
    /// The rounding error of each sum, by which it is too large.
    excess: Group,
}

impl ExpSums {
    /// The sums of no numbers.
    pub const NONE: ExpSums = ExpSums { max: [f32::MIN; LANES], sum: [0.0; LANES], excess: [0.0; LANES] };

    /// The greatest number of each lane, and the lane's sum divided by `e` to the power of it.
    pub fn lanes(&self) -> impl Iterator<Item = (f32, f32)> {
        self.max.into_iter().zip(self.sum)
    }

    /// Adds the numbers of some groups, in the lanes of `f`.
    #[inline(always)]
    fn add<F: Floats>(&mut self, f: F, groups: &[Group]) {
        let (infinite, largest) = (f.splat(f32::NEG_INFINITY), f.splat(f32::MAX));
        let (mut max, mut sum, mut excess) = (f.load(&self.max), f.load(&self.sum), f.load(&self.excess));
        for x in groups {
            let x = f.load(x);
            // The sampler does the same: it replaces NaN by minus infinity, and infinity by the largest finite number.
            let x = f.select_lt(infinite, x, x, infinite);
            let x = f.select_lt(largest, x, largest, x);
            if f.any_lt(max, x) {
                let greater = f.max(x, max);
                // Exactly 1 in the lanes that keep their greatest number.
                let shrunk = math::exp(f, f.sub(max, greater));
                (sum, excess, max) = (f.mul(sum, shrunk), f.mul(excess, shrunk), greater);
            }
            let term = f.sub(math::exp(f, f.sub(x, max)), excess);
            let before = sum;
            sum = f.add(before, term);
            excess = f.sub(f.sub(sum, before), term);
        }
        f.store(max, &mut self.max);
        f.store(sum, &mut self.sum);
        f.store(excess, &mut self.excess);
    }

    /// Adds numbers that do not fill a group, from lane `first` on.
    #[inline(always)]
    fn add_some(&mut self, first: usize, numbers: &[f32]) {
        for (lane, &x) in (first..LANES).zip(numbers) {
            self.add(Scalar.floats(lane), &[[x; LANES]]);
        }
    }
}

/// Adds the exponentials of `logits` to sums; see [`Kernels::add_exponentials`](super::table::Kernels::add_exponentials).
pub(super) struct AddExponentials<'a> {
    /// The place of the first one in the vocabulary.
    pub(super) first: u32,
    pub(super) logits: &'a [f32],
    pub(super) sums: &'a mut ExpSums,
}

impl Op for AddExponentials<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let lane = self.first as usize % LANES;
        let n_before = ((LANES - lane) % LANES).min(self.logits.len());
        let (before, rest) = self.logits.split_at_checked(n_before).unwrap_or_default();
        let (groups, behind) = rest.as_chunks();
        self.sums.add_some(lane, before);
        for f in lanes(isa) {
            self.sums.add(f, groups);
        }
        self.sums.add_some(0, behind);
    }
}

#[cfg(all(test, feature = "probabilities"))]
mod tests {
    use super::*;
    use crate::kernels::by_name;
    use crate::simd::IsaName;
    use std::vec::Vec;

    /// Numbers of which many are the greatest so far, with some that are none.
    fn numbers() -> Vec<f32> {
        let mut state = 7u32;
        let mut next = |i: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match i % 97 {
                13 => f32::NAN,
                29 => f32::NEG_INFINITY,
                _ => (state >> 8) as f32 / 1e6 - 8.0 + (i / 40) as f32 * 0.1,
            }
        };
        (0..1000).map(&mut next).collect()
    }

    #[test]
    fn neither_tiles_nor_instruction_sets_change_a_bit() {
        let numbers = numbers();
        let sums = |name: IsaName, tile: usize| {
            let kernels = by_name(name)?;
            let mut sums = ExpSums::NONE;
            let mut first = 0;
            for logits in numbers.chunks(tile) {
                kernels.add_exponentials(first, logits, &mut sums);
                first += logits.len() as u32;
            }
            Some([sums.max, sums.sum, sums.excess].map(|group| group.map(f32::to_bits)))
        };
        let right = sums(IsaName::Scalar, 1).expect("always there");
        for name in IsaName::ALL {
            for tile in [1, 7, 16, 33, 1000] {
                assert!(sums(name, tile).is_none_or(|found| found == right), "{name:?}, {tile}");
            }
        }
    }

    #[test]
    fn each_lane_sums_its_numbers() {
        let numbers = numbers();
        let mut sums = ExpSums::NONE;
        AddExponentials { first: 0, logits: &numbers, sums: &mut sums }.call(Scalar);
        for (lane, (max, sum)) in sums.lanes().enumerate() {
            let of_lane = || numbers.iter().skip(lane).step_by(LANES).copied().filter(|x| x.is_finite());
            assert_eq!(max, of_lane().fold(f32::MIN, f32::max));
            let want: f64 = of_lane().map(|x| libm::exp(f64::from(x) - f64::from(max))).sum();
            assert!((f64::from(sum) - want).abs() < want * 4e-7, "{lane}: {sum} {want}");
        }
    }

    #[test]
    fn infinite_numbers_count_as_the_sampler_counts_them() {
        let mut sums = ExpSums::NONE;
        let logits = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MIN, f32::MAX, 0.0];
        AddExponentials { first: 16, logits: &logits, sums: &mut sums }.call(Scalar);
        let found: Vec<(f32, f32)> = sums.lanes().take(6).collect();
        let (none, one) = ((f32::MIN, 0.0), 1.0);
        assert_eq!(found, [(f32::MAX, one), none, none, (f32::MIN, one), (f32::MAX, one), (0.0, one)]);
    }
}
