//! Rotary position tables: frequencies once, angles for each chunk.

use super::hyper::{Hyper, RopeScaling};
use crate::arena::{Arena, Region};
use crate::simd::math::sin_cos;

/// Frequencies and a chunk's angles, for all layers and for windowed ones.
pub struct RopeTables<'a> {
    /// `[pairs]` radians a position: layers that see everything.
    global: &'a mut [f64],
    /// `[pairs]`, empty without windowed layers.
    windowed: &'a mut [f64],
    /// `[chunk][pairs]` of cosine and sine.
    global_angles: &'a mut [[f32; 2]],
    windowed_angles: &'a mut [[f32; 2]],
    /// The factor of cosines and sines in layers without a window (YaRN).
    magnitude: f32,
}

impl<'a> RopeTables<'a> {
    /// Carves tables for chunks of up to `chunk` tokens. The arena records if it is too small.
    pub(crate) fn take(hyper: &Hyper, chunk: usize, arena: &mut Arena<'a>) -> Self {
        let [global, windowed] = [hyper.n_rot, hyper.n_rot_windowed()].map(|n| n as usize / 2);
        let windowed = if !hyper.windowed.is_empty() { windowed } else { 0 };
        RopeTables {
            global: arena.take(Region::Tables, global),
            windowed: arena.take(Region::Tables, windowed),
            global_angles: arena.take(Region::Activations, global.saturating_mul(chunk)),
            windowed_angles: arena.take(Region::Activations, windowed.saturating_mul(chunk)),
            magnitude: 1.0,
        }
    }

    /// Computes the frequencies; `divisors[pairs]` are the model's own (`rope_freqs.weight`), if it has any.
    pub fn fill(&mut self, hyper: &Hyper, divisors: &[f32]) {
        self.magnitude = hyper.rope_magnitude;
        if let RopeScaling::Yarn { factor, .. } = hyper.rope_scaling
            && cfg!(feature = "yarn")
        {
            self.magnitude *= 1.0 + 0.1 * libm::log(f64::from(factor)) as f32;
        }
        powers(hyper.rope_base, self.global);
        for (i, f) in self.global.iter_mut().enumerate() {
            let plain = divisors.get(i).map_or(*f, |divisor| *f / f64::from(*divisor));
            *f = match hyper.rope_scaling {
                RopeScaling::None => plain,
                RopeScaling::Linear { factor } => plain / f64::from(factor),
                // Without the feature no configuration has it.
                RopeScaling::Yarn { .. } if !cfg!(feature = "yarn") => plain,
                RopeScaling::Yarn { factor, original_ctx } => {
                    let kept = yarn_kept(hyper, f64::from(original_ctx), i);
                    plain / f64::from(factor) * (1.0 - kept) + plain * kept
                }
            };
        }
        powers(hyper.rope_base_windowed, self.windowed);
        if let RopeScaling::Linear { factor } = hyper.rope_scaling
            && hyper.scales_windowed
        {
            self.windowed.iter_mut().for_each(|f| *f /= f64::from(factor));
        }
    }

    /// Computes the angles of `tokens` positions from `position` on.
    pub fn advance(&mut self, position: usize, tokens: usize) {
        for (frequencies, angles, magnitude) in [
            (&*self.global, &mut *self.global_angles, self.magnitude),
            (&*self.windowed, &mut *self.windowed_angles, 1.0),
        ] {
            for (t, angles) in angles.chunks_mut(frequencies.len().max(1)).take(tokens).enumerate() {
                for (angle, f) in angles.iter_mut().zip(frequencies) {
                    let (sin, cos) = sin_cos((position.wrapping_add(t)) as f64 * f);
                    *angle = [cos * magnitude, sin * magnitude];
                }
            }
        }
    }

    /// Pairs of a head that rotate.
    #[must_use]
    pub fn pairs(&self, windowed: bool) -> usize {
        if windowed { self.windowed.len() } else { self.global.len() }
    }

    /// The angles of the chunk that [`RopeTables::advance`] was called for, `[tokens][pairs]`.
    #[must_use]
    pub fn angles(&self, windowed: bool) -> &[[f32; 2]] {
        if windowed { self.windowed_angles } else { self.global_angles }
    }
}

/// A positive number with 64 bits of precision, `mantissa * 2^exponent`; the mantissa's highest bit is set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wide {
    exponent: i32,
    mantissa: u64,
}

impl Wide {
    const ONE: Wide = Wide { exponent: -63, mantissa: 1 << 63 };

    fn new(mantissa: u64, exponent: i32) -> Wide {
        let zeros = mantissa.leading_zeros();
        Wide { exponent: exponent - zeros as i32, mantissa: mantissa << (zeros & 63) }
    }

    /// `x` must be positive and normal.
    fn from_f32(x: f32) -> Wide {
        let bits = x.to_bits();
        Wide::new(u64::from(bits & 0x7F_FFFF | 0x80_0000), (bits >> 23 & 0xFF) as i32 - 150)
    }

    fn to_f64(self) -> f64 {
        // Exact but for the conversion of the mantissa, which rounds: the factor is a power of two.
        self.mantissa as f64 * f64::from_bits(((self.exponent + 1023).clamp(1, 2046) as u64) << 52)
    }

    /// The product, rounded down.
    fn times(self, other: Wide) -> Wide {
        let product = u128::from(self.mantissa) * u128::from(other.mantissa);
        let exponent = self.exponent + other.exponent + 64;
        if product >> 127 == 1 {
            Wide { exponent, mantissa: (product >> 64) as u64 }
        } else {
            Wide { exponent: exponent - 1, mantissa: (product >> 63) as u64 }
        }
    }

    /// `self^n`.
    fn power(self, n: usize) -> Wide {
        let mut result = Wide::ONE;
        for bit in (0..usize::BITS - n.leading_zeros()).rev() {
            result = result.times(result);
            if n >> bit & 1 == 1 {
                result = result.times(self);
            }
        }
        result
    }

    /// The largest number whose `n`-th power times `self` is at most 1, found bit by bit.
    fn inverse_root(self, n: usize) -> Wide {
        let fits = |root: &Wide| root.power(n).times(self) <= Wide::ONE;
        let exponents = (-256..256).rev().map(|exponent| Wide { exponent: exponent - 63, ..Wide::ONE });
        let mut root = exponents.into_iter().find(fits).unwrap_or(Wide::ONE);
        for bit in (0..63).rev() {
            let larger = Wide { mantissa: root.mantissa | 1 << bit, ..root };
            if fits(&larger) {
                root = larger;
            }
        }
        root
    }
}

/// `out[i] = base^(-i / out.len())`. Powers of one root: with 64 bits they are as near as a library's `pow`, which would
/// take 3 kB of a small board's flash.
fn powers(base: f32, out: &mut [f64]) {
    let root = Wide::from_f32(base).inverse_root(out.len());
    let mut power = Wide::ONE;
    for out in out {
        *out = power.to_f64();
        power = power.times(root);
    }
}

/// The share of pair `i`'s frequency that YaRN keeps: 1 for pairs that turn more than 32 times within
/// the original context, 0 for those that turn less than once, a ramp between.
fn yarn_kept(hyper: &Hyper, original_ctx: f64, i: usize) -> f64 {
    let n_rot = f64::from(hyper.n_rot);
    let pair_of = |turns: f64| {
        n_rot * libm::log(original_ctx / (turns * 2.0 * core::f64::consts::PI))
            / (2.0 * libm::log(f64::from(hyper.rope_base)))
    };
    let low = libm::floor(pair_of(32.0)).max(0.0);
    let high = libm::ceil(pair_of(1.0)).min(n_rot - 1.0);
    let ramp = (i as f64 - low) / (high - low).max(0.001);
    1.0 - ramp.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_as_near_as_the_librarys() {
        let mut out = [0.0; 256];
        let (mut unequal, mut all) = (0, 0);
        for base in [10_000.0, 1_000_000.0, 500_000.0, 100_000.0, 1.0, 1.5, 0.25, 1e-3, 3e38, 130_000.0] {
            for n in [1, 2, 5, 16, 32, 48, 64, 128, 256] {
                powers(base, &mut out[..n]);
                for (i, &got) in out[..n].iter().enumerate() {
                    let want = libm::pow(f64::from(base), -(i as f64) / n as f64);
                    // The library's exponent is rounded, which counts where the power is far from one.
                    let ulps = 1.0 + 0.5 * libm::fabs(libm::log(want));
                    let far = libm::fabs(got - want) / (want * f64::EPSILON);
                    assert!(far <= ulps, "{base}^(-{i}/{n}): {got} {want}");
                    unequal += usize::from(got != want);
                    all += 1;
                }
            }
        }
        assert!(unequal * 4 < all, "{unequal} of {all} differ");
    }

    #[cfg(feature = "yarn")]
    const PAIRS: usize = 8;

    /// Gemma's, with heads of `2 * pairs` elements.
    #[cfg(feature = "yarn")]
    fn hyper(pairs: u32, rope_base: f32, rope_scaling: RopeScaling) -> Hyper {
        use crate::model::LayerSet;
        let windowed = LayerSet::of(7, |layer| layer < 6);
        let plain = Hyper::new([7, 32, 2, 2 * pairs]);
        Hyper { rope_base, rope_scaling, windowed, window: 16, ctx_train: 64, ..plain }
    }

    /// Computed in Python as ggml's `rope_yarn_ramp` and `ggml_rope_yarn_corr_dims` do, with 32 and 1 turns.
    #[cfg(feature = "yarn")]
    #[test]
    fn yarn_keeps_the_frequencies_of_pairs_that_turn_often() {
        // Pairs 25 to 50 lie on the ramp; 4 to 7, where a head has no more elements.
        for (pairs, base, ctx, i, want) in [
            (64, 10_000.0, 8192, 25, 1.0),
            (64, 10_000.0, 8192, 30, 0.8),
            (64, 10_000.0, 8192, 49, 0.04),
            (64, 10_000.0, 8192, 50, 0.0),
            (4, 50.0, 20_000, 4, 1.0),
            (4, 50.0, 20_000, 5, 2.0 / 3.0),
            (4, 50.0, 20_000, 6, 1.0 / 3.0),
        ] {
            let hyper = hyper(pairs, base, RopeScaling::Yarn { factor: 8.0, original_ctx: ctx });
            let kept = yarn_kept(&hyper, f64::from(ctx), i);
            assert!((kept - want).abs() < 1e-9, "{pairs} pairs, pair {i}: {kept}, want {want}");
        }
    }

    /// Windowed layers rotate by `position * base^(-i / pairs)`, whatever stretches the others' positions; Gemma 2's are
    /// stretched too.
    #[cfg(feature = "yarn")]
    #[test]
    fn scaling_leaves_windowed_layers_alone() {
        let (yarn, linear) = (RopeScaling::Yarn { factor: 8.0, original_ctx: 64 }, RopeScaling::Linear { factor: 8.0 });
        for (rope_scaling, scales_windowed, divisor) in [(yarn, false, 1.0), (linear, false, 1.0), (linear, true, 8.0)]
        {
            let hyper = Hyper { scales_windowed, ..hyper(PAIRS as u32, 1e6, rope_scaling) };
            let (mut global, mut windowed) = ([0.0; PAIRS], [0.0; PAIRS]);
            let (mut global_angles, mut windowed_angles) = ([[0.0; 2]; PAIRS], [[0.0; 2]; PAIRS]);
            let mut tables = RopeTables {
                global: &mut global,
                windowed: &mut windowed,
                global_angles: &mut global_angles,
                windowed_angles: &mut windowed_angles,
                magnitude: 1.0,
            };
            tables.fill(&hyper, &[1.0; PAIRS]);
            tables.advance(50, 1);
            for (i, (windowed, global)) in tables.angles(true).iter().zip(tables.angles(false)).enumerate() {
                let angle = 50.0 / divisor * libm::pow(10_000.0, -(i as f64) / PAIRS as f64);
                let want = [libm::cos(angle), libm::sin(angle)];
                let near = |have: &[f32; 2]| have.iter().zip(want).all(|(h, w)| (f64::from(*h) - w).abs() < 1e-6);
                assert!(near(windowed), "{rope_scaling:?}, pair {i}: {windowed:?}, want {want:?}");
                let same = scales_windowed && i == 0;
                assert_eq!(near(global), same, "{rope_scaling:?}, pair {i}");
            }
        }
    }
}
