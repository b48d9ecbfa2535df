//! Quantising by a set's own loops: see [`QuantiseLoops`].

use super::act::{Act32, Act256, Pairs32, Pairs256, sums_of_groups};
use crate::simd::{LANES, QuantiseLoops};
use half::f16;

/// A scale below this may make a denormal value half a quant or more.
const LEAST_SCALE: f32 = 1.0 / (1u128 << 124) as f32;
/// A power of two that makes values normal whose quants are not 0.
const UP: f32 = (1u64 << 63) as f32;

/// Quants of `N` groups of `x`, each `step` behind the one before, in the set's form. Returns their common scale and each
/// group's sum.
#[inline(never)]
fn quantise<const N: usize>(
    loops: &QuantiseLoops,
    x: &[[f32; LANES]],
    step: usize,
    quants: &mut [u32],
) -> (f32, [i16; N]) {
    let mut sums = [0; N];
    let d = loops.greatest(x, step, N) / 127.0;
    // Values so small that 1 / d overflows count as zero.
    let inverse = if d > 1.0e-38 { 1.0 / d } else { 0.0 };
    let finite = d < f32::INFINITY;
    if finite && (inverse == 0.0 || d >= LEAST_SCALE) {
        loops.quantise(x, step, inverse, quants, &mut sums);
        return (d, sums);
    }
    // NaN, and infinities times 0, become -127 on every instruction set.
    let (inverse, tame) = if finite { (inverse / UP, UP) } else { (1.0, 0.0) };
    let groups = x.iter().step_by(step.max(1)).zip(quants.chunks_exact_mut((quants.len() / N).max(1))).zip(&mut sums);
    for ((x, quants), sum) in groups {
        let x = x.map(|x| if x.is_finite() { x * tame } else { -127.0 });
        loops.quantise(&[x], 1, inverse, quants, core::slice::from_mut(sum));
    }
    (d, sums)
}

/// Activations that the loops make.
pub(crate) trait FromLoops {
    /// Quantises as many groups of `x` as these are, each `step` behind the one before.
    fn fill(&mut self, loops: &QuantiseLoops, x: &[[f32; LANES]], step: usize);
}

macro_rules! from_loops {
    ($($of32:ty, $of256:ty;)+) => {$(
        impl FromLoops for $of32 {
            #[inline(always)]
            fn fill(&mut self, loops: &QuantiseLoops, x: &[[f32; LANES]], step: usize) {
                let quants = bytemuck::try_cast_slice_mut(&mut self.q).unwrap_or_default();
                let (d, [a, b]) = quantise(loops, x, step, quants);
                (self.d, self.sum) = (f16::from_f32(d).to_f32(), i32::from(a) + i32::from(b));
            }
        }

        impl FromLoops for $of256 {
            #[inline(always)]
            fn fill(&mut self, loops: &QuantiseLoops, x: &[[f32; LANES]], step: usize) {
                let quants = bytemuck::try_cast_slice_mut(&mut self.q).unwrap_or_default();
                let (d, sums) = quantise(loops, x, step, quants);
                self.d = d;
                (self.sum, self.sums16, self.sums32) = sums_of_groups(sums);
            }
        }
    )+};
}

from_loops! {
    Act32, Act256;
    Pairs32, Pairs256;
}
