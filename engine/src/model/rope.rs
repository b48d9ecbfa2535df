//! Rotary position tables: frequencies once, angles for each chunk.

use super::config::{ModelConfig, RopeScaling};
use crate::arena::{Arena, ArenaError, Region};
use crate::simd::math::sin_cos;

/// Frequencies and a chunk's angles, for all layers and for windowed ones.
pub struct RopeTables<'a> {
    pairs: usize,
    /// `[pairs]` radians a position: layers that see everything.
    global: &'a mut [f64],
    /// `[pairs]`, empty without windowed layers.
    windowed: &'a mut [f64],
    /// `[chunk][pairs]` of cosine and sine.
    global_angles: &'a mut [[f32; 2]],
    windowed_angles: &'a mut [[f32; 2]],
    /// What cosines and sines of layers that see everything are multiplied with (YaRN).
    magnitude: f32,
}

impl<'a> RopeTables<'a> {
    /// Carves tables for chunks of up to `chunk` tokens.
    ///
    /// # Errors
    /// [`ArenaError`].
    pub fn carve(config: &ModelConfig, chunk: usize, arena: &mut Arena<'a>) -> Result<Self, ArenaError> {
        let pairs = config.shapes.n_rot as usize / 2;
        let windowed = if config.arch.sliding.is_some() { pairs } else { 0 };
        Ok(RopeTables {
            pairs,
            global: arena.carve(Region::Tables, pairs)?,
            windowed: arena.carve(Region::Tables, windowed)?,
            global_angles: arena.carve(Region::Activations, pairs.saturating_mul(chunk))?,
            windowed_angles: arena.carve(Region::Activations, windowed.saturating_mul(chunk))?,
            magnitude: 1.0,
        })
    }

    /// Computes the frequencies; `divisors[pairs]` are the model's own (`rope_freqs.weight`) or ones.
    pub fn fill(&mut self, config: &ModelConfig, divisors: &[f32]) {
        let n_rot = f64::from(config.shapes.n_rot);
        let frequency = |base: f32, i: usize| libm::pow(f64::from(base), -2.0 * i as f64 / n_rot);
        self.magnitude = match config.rope_scaling {
            RopeScaling::Yarn { factor, .. } => 1.0 + 0.1 * libm::log(f64::from(factor)) as f32,
            _ => 1.0,
        };
        for (i, (f, divisor)) in self.global.iter_mut().zip(divisors).enumerate() {
            let plain = frequency(config.rope_base, i) / f64::from(*divisor);
            *f = match config.rope_scaling {
                RopeScaling::None => plain,
                RopeScaling::Linear { factor } => plain / f64::from(factor),
                RopeScaling::Yarn { factor, original_ctx } => {
                    let kept = yarn_kept(config, f64::from(original_ctx), i);
                    plain / f64::from(factor) * (1.0 - kept) + plain * kept
                }
            };
        }
        if let Some(sliding) = &config.arch.sliding {
            for (i, f) in self.windowed.iter_mut().enumerate() {
                *f = frequency(sliding.rope_base, i);
            }
        }
    }

    /// Computes the angles of `tokens` positions from `position` on.
    pub fn advance(&mut self, position: usize, tokens: usize) {
        let pairs = self.pairs.max(1);
        for (frequencies, angles, magnitude) in [
            (&*self.global, &mut *self.global_angles, self.magnitude),
            (&*self.windowed, &mut *self.windowed_angles, 1.0),
        ] {
            for (t, angles) in angles.chunks_mut(pairs).take(tokens).enumerate() {
                for (angle, f) in angles.iter_mut().zip(frequencies) {
                    let (sin, cos) = sin_cos((position.wrapping_add(t)) as f64 * f);
                    *angle = [cos * magnitude, sin * magnitude];
                }
            }
        }
    }

    /// Pairs that rotate.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// The angles of the chunk that [`RopeTables::advance`] was called for, `[tokens][pairs]`.
    #[must_use]
    pub fn angles(&self, windowed: bool) -> &[[f32; 2]] {
        if windowed { self.windowed_angles } else { self.global_angles }
    }
}

/// The share of pair `i`'s frequency that YaRN keeps: 1 for pairs that turn more than 32 times within
/// the original context, 0 for those that turn less than once, a ramp between.
fn yarn_kept(config: &ModelConfig, original_ctx: f64, i: usize) -> f64 {
    let n_rot = f64::from(config.shapes.n_rot);
    let pair_of = |turns: f64| {
        n_rot * libm::log(original_ctx / (turns * 2.0 * core::f64::consts::PI))
            / (2.0 * libm::log(f64::from(config.rope_base)))
    };
    let low = libm::floor(pair_of(32.0)).max(0.0);
    let high = libm::ceil(pair_of(1.0)).min(n_rot - 1.0);
    let ramp = (i as f64 - low) / (high - low).max(0.001);
    1.0 - ramp.clamp(0.0, 1.0)
}
