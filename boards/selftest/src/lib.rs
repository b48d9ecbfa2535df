//! The kernels' self-test: every instruction set that a processor has against the scalar oracle bit for bit, and the
//! oracle against committed goldens, over blocks and lengths that straddle every boundary.
//!
//! It runs on the processor itself, be it a board, an emulated board or a desktop. [`Report::hash`] covers every bit
//! that the oracle computed, so equal hashes say that two processors agree.
#![no_std]

extern crate alloc;

use alloc::vec::Vec;
use core::fmt::{self, Write};
use flashlet::kernels::{Group, Kernels, by_name};
use flashlet::simd::IsaName;

mod attention;
mod cost;
pub mod data;
mod goldens;
mod panels;
mod products;

pub use cost::costs;

/// What a run found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Checks that held.
    pub passed: u32,
    /// Checks that did not.
    pub failed: u32,
    /// FNV-1a of the oracle's results, in order; a NaN counts as a NaN.
    pub hash: u64,
}

/// Runs all checks on `kernels` and tells each group's outcome to `out`.
///
/// # Errors
/// What `out` returns.
pub fn run(kernels: &[&dyn Kernels], out: &mut dyn Write) -> Result<Report, fmt::Error> {
    let oracle = oracle()?;
    let report = Report { passed: 0, failed: 0, hash: 0xCBF2_9CE4_8422_2325 };
    let mut test = Test { oracle, kernels, out, report, group: report };
    goldens::run(&mut test)?;
    products::run(&mut test)?;
    panels::run(&mut test)?;
    attention::run(&mut test)?;
    Ok(test.report)
}

/// The scalar kernels, as the engine has them: named by their type they would be compiled once more.
fn oracle() -> Result<&'static dyn Kernels, fmt::Error> {
    by_name(IsaName::Scalar).ok_or(fmt::Error)
}

/// A run under way.
struct Test<'a> {
    oracle: &'a dyn Kernels,
    kernels: &'a [&'a dyn Kernels],
    out: &'a mut dyn Write,
    report: Report,
    /// The report when the group of checks began.
    group: Report,
}

impl Test<'_> {
    /// Counts a check, and tells the first ones that fail in a group.
    fn check(&mut self, holds: bool, what: fmt::Arguments<'_>) -> fmt::Result {
        if holds {
            self.report.passed += 1;
            return Ok(());
        }
        self.report.failed += 1;
        if self.report.failed - self.group.failed > 5 {
            return Ok(());
        }
        writeln!(self.out, "FAILED {what}")
    }

    /// Ends a group of checks.
    fn done(&mut self, group: &str) -> fmt::Result {
        let (passed, failed) = (self.report.passed - self.group.passed, self.report.failed - self.group.failed);
        self.group = self.report;
        writeln!(self.out, "{group}: {passed} hold, {failed} do not, hash {:016x}", self.report.hash)
    }

    /// Checks that every set gives the oracle's bits, which join the hash.
    fn same_bits(&mut self, what: fmt::Arguments<'_>, run: impl Fn(&dyn Kernels) -> Vec<Group>) -> fmt::Result {
        let oracle = run(self.oracle);
        for value in oracle.as_flattened() {
            for byte in bits(*value).to_le_bytes() {
                self.report.hash = (self.report.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
            }
        }
        self.same_as(what, &oracle, self.kernels, run)
    }

    /// Checks that some of the sets give these values' bits.
    fn same_as(
        &mut self,
        what: fmt::Arguments<'_>,
        oracle: &[Group],
        kernels: &[&dyn Kernels],
        run: impl Fn(&dyn Kernels) -> Vec<Group>,
    ) -> fmt::Result {
        for kernels in kernels {
            let got = run(*kernels);
            let differs = got.as_flattened().iter().zip(oracle.as_flattened()).position(|(a, b)| bits(*a) != bits(*b));
            let holds = differs.is_none() && got.len() == oracle.len();
            self.check(holds, format_args!("{} {what}: differs at {differs:?}", kernels.isa().name()))?;
        }
        Ok(())
    }
}

/// A float's bits; all NaN count as one.
fn bits(v: f32) -> u32 {
    if v.is_nan() { 0x7FC0_0000 } else { v.to_bits() }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use flashlet::kernels::{Executor, Gate, HeadRotation, Input, Norm, Quants, WriteKv};
    use flashlet::quant::Weight;
    use std::string::String;

    #[test]
    fn this_processor_passes() {
        let kernels: Vec<_> = IsaName::ALL.into_iter().filter_map(by_name).collect();
        let mut out = String::new();
        let report = run(&kernels, &mut out).expect("a string takes all");
        assert!(report.failed == 0 && report.passed > 3_000, "{out}");
    }

    /// The oracle, wrong in one bit of one product.
    struct Wrong(&'static dyn Kernels);

    impl Kernels for Wrong {
        fn isa(&self) -> IsaName {
            IsaName::Scalar
        }
        fn linear(&self, w: Weight<'_>, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
            self.0.linear(w, x, y, executor);
            if let Some(y) = y.as_flattened_mut().get_mut(16) {
                *y = f32::from_bits(y.to_bits() ^ 1);
            }
        }
        fn gated(&self, w: [Weight<'_>; 2], act: Gate, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
            self.0.gated(w, act, x, y, executor);
        }
        fn gate_by(&self, up: Weight<'_>, act: Gate, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
            self.0.gate_by(up, act, x, y, executor);
        }
        fn prepare(&self, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, float: &mut [Group], quants: Quants<'_>) {
            self.0.prepare(x, tokens, norm, float, quants);
        }
        fn add(&self, x: &mut [Group], y: &mut [Group], tokens: usize, norm: Option<Norm<'_>>) {
            self.0.add(x, y, tokens, norm);
        }
        fn rotate(&self, x: &mut [Group], tokens: usize, rotation: &HeadRotation<'_>) {
            self.0.rotate(x, tokens, rotation);
        }
        fn write_kv(&self, job: &mut WriteKv<'_>) {
            self.0.write_kv(job);
        }
        fn attention(&self, job: &flashlet::kernels::Attention<'_>, out: &mut [Group], executor: &dyn Executor) {
            self.0.attention(job, out, executor);
        }
    }

    #[test]
    fn one_wrong_bit_is_found() {
        let mut out = String::new();
        let oracle = oracle().expect("always there");
        let mut test = Test {
            oracle,
            kernels: &[&Wrong(oracle)],
            out: &mut out,
            report: Report { passed: 0, failed: 0, hash: 0 },
            group: Report { passed: 0, failed: 0, hash: 0 },
        };
        products::run(&mut test).expect("a string takes all");
        assert!(test.report.failed > 100 && out.contains("FAILED scalar Q4_0"), "{out}");
    }
}
