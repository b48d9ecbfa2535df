//! Shared pieces of the kernel tests: inputs (`flashlet_test_data`), panels and executors.

use flashlet::internal::kernels::Group;
use flashlet::internal::simd::LANES;
use flashlet::kernels::{Executor, Kernels, by_name};
use flashlet::simd::IsaName;

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

/// Asserts that `got` is `want` but for `tolerance`, which is relative to numbers greater than 1.
///
/// # Panics
/// If it is not.
pub fn close(what: &str, got: &[f32], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (&got, want)) in got.iter().zip(want).enumerate() {
        let error = (f64::from(got) - want).abs();
        assert!(error <= tolerance * want.abs().max(1.0), "{what}: element {i} is {got}, not {want}");
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The sets whose instructions the standard library finds on x86-64; elsewhere those that the engine finds.
    fn sets_of_this_machine() -> Vec<IsaName> {
        #[cfg(target_arch = "x86_64")]
        let has = |name| {
            let avx2 =
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
            let avx512 = is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl");
            match name {
                IsaName::Scalar => true,
                IsaName::Avx2 => avx2,
                IsaName::Avx512 => avx2 && avx512 && is_x86_feature_detected!("avx512vnni"),
                _ => false,
            }
        };
        #[cfg(not(target_arch = "x86_64"))]
        let has = |name| by_name(name).is_some();
        IsaName::ALL.into_iter().filter(|name| has(*name)).collect()
    }

    #[test]
    fn every_set_of_this_machine_runs() {
        let names = |sets: &[IsaName]| sets.iter().map(|set| set.name()).collect::<Vec<_>>().join(" ");
        let run: Vec<_> = all_kernels().iter().map(|kernels| kernels.isa()).collect();
        let not_run: Vec<_> = IsaName::ALL.into_iter().filter(|set| !run.contains(set)).collect();
        println!("instruction sets: {}; not run: {}", names(&run), names(&not_run));
        if std::env::var_os("FLASHLET_ISA").is_none() {
            assert_eq!(run, sets_of_this_machine());
        }
    }
}
