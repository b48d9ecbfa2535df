//! Shared pieces of the kernel tests: inputs (`flashlet_test_data`), panels and executors.

use flashlet::kernels::{Executor, Group, Kernels, by_name};
use flashlet::simd::{IsaName, LANES};

pub use flashlet_test_data::{Rng, activations, interleaved, panel, weights};

/// Instruction sets of this machine, the oracle first; if `FLASHLET_ISA` names one, that and the oracle.
///
/// # Panics
/// If this machine has no such set.
#[must_use]
pub fn all_kernels() -> Vec<&'static dyn Kernels> {
    let Ok(forced) = std::env::var("FLASHLET_ISA") else {
        return IsaName::ALL.into_iter().filter_map(by_name).collect();
    };
    let kernels = IsaName::parse(&forced).and_then(by_name).expect("FLASHLET_ISA names a set that this machine has");
    let oracle = by_name(IsaName::Scalar).into_iter().filter(|_| kernels.isa() != IsaName::Scalar);
    oracle.chain([kernels]).collect()
}

/// One token's vector of `n` elements.
#[must_use]
pub fn vector(panel: &[Group], tokens: usize, t: usize, n: usize) -> Vec<f32> {
    (0..n).map(|e| panel[e / LANES * tokens + t][e % LANES]).collect()
}

/// Bit patterns; all NaN count as one.
#[must_use]
pub fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| if x.is_nan() { 0x7FC0_0000 } else { x.to_bits() }).collect()
}

/// Runs the last piece first, and says that it has three threads.
pub struct Reversed;

impl Executor for Reversed {
    fn for_rows(&self, y: &mut [f32], chunk: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        let mut pieces: Vec<_> = y.chunks_mut(chunk).enumerate().collect();
        while let Some((i, piece)) = pieces.pop() {
            f(i, piece);
        }
    }

    fn threads(&self) -> usize {
        3
    }
}

/// Every other piece on a second thread.
pub struct TwoThreads;

impl Executor for TwoThreads {
    fn for_rows(&self, y: &mut [f32], chunk: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        let (even, odd): (Vec<_>, Vec<_>) = y.chunks_mut(chunk).enumerate().partition(|(i, _)| i % 2 == 0);
        std::thread::scope(|scope| {
            scope.spawn(|| odd.into_iter().for_each(|(i, piece)| f(i, piece)));
            even.into_iter().for_each(|(i, piece)| f(i, piece));
        });
    }

    fn threads(&self) -> usize {
        2
    }
}
