//! One run of the self-test: it counts the checks and hashes what the oracle computed.

use alloc::vec::Vec;
use core::fmt::{self, Write};
use flashlet::internal::kernels::Group;
use flashlet::kernels::{Kernels, by_name};
use flashlet::simd::IsaName;

/// The result of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Checks that held.
    pub passed: u32,
    /// Checks that did not.
    pub failed: u32,
    /// FNV-1a of the oracle's results, in order; a NaN counts as a NaN.
    pub hash: u64,
}

/// The scalar kernels, as the engine has them: named by their type they would be compiled once more.
pub(crate) fn oracle() -> Result<&'static dyn Kernels, fmt::Error> {
    by_name(IsaName::Scalar).ok_or(fmt::Error)
}

/// A run under way.
pub(crate) struct Test<'a> {
    pub(crate) oracle: &'a dyn Kernels,
    pub(crate) kernels: &'a [&'a dyn Kernels],
    out: &'a mut dyn Write,
    pub(crate) report: Report,
    /// The report when the group of checks began.
    group: Report,
}

impl<'a> Test<'a> {
    /// A run that has checked nothing yet.
    pub(crate) fn new(kernels: &'a [&'a dyn Kernels], out: &'a mut dyn Write) -> Result<Self, fmt::Error> {
        let report = Report { passed: 0, failed: 0, hash: 0xCBF2_9CE4_8422_2325 };
        Ok(Test { oracle: oracle()?, kernels, out, report, group: report })
    }

    /// Counts a check, and tells the first ones that fail in a group.
    pub(crate) fn check(&mut self, holds: bool, what: fmt::Arguments<'_>) -> fmt::Result {
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
    pub(crate) fn done(&mut self, group: &str) -> fmt::Result {
        let (passed, failed) = (self.report.passed - self.group.passed, self.report.failed - self.group.failed);
        self.group = self.report;
        writeln!(self.out, "{group}: {passed} hold, {failed} do not, hash {:016x}", self.report.hash)
    }

    /// Checks that every set gives the oracle's bits, which join the hash.
    pub(crate) fn same_bits(
        &mut self,
        what: fmt::Arguments<'_>,
        run: impl Fn(&dyn Kernels) -> Vec<Group>,
    ) -> fmt::Result {
        let oracle = run(self.oracle);
        for value in oracle.as_flattened() {
            for byte in bits(*value).to_le_bytes() {
                self.report.hash = (self.report.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
            }
        }
        self.same_as(what, &oracle, self.kernels, run)
    }

    /// Checks that some of the sets give these values' bits.
    pub(crate) fn same_as(
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
