//! The self-test as a program.

use crate::semihosting::{self, Host};
use crate::{clock, heap, stack};
use alloc::vec::Vec;
use core::fmt::Write;
use flashlet::kernels::{Kernels, by_name};
use flashlet::simd::IsaName;

/// Runs the self-test on every instruction set that the engine's features declare and on `more`, and leaves the
/// emulator: with 0 if all holds, else with 1. The last line holds the oracle's hash.
pub fn selftest(more: &[&[&'static dyn Kernels]]) -> ! {
    stack::guard();
    heap::init();
    let mut kernels: Vec<&dyn Kernels> = IsaName::ALL.into_iter().filter_map(by_name).collect();
    for kernel in more.iter().copied().flatten() {
        if kernels.iter().all(|k| k.isa() != kernel.isa()) {
            kernels.push(*kernel);
        }
    }
    let report = flashlet_selftest::run(&kernels, &mut Host);
    let told = flashlet_selftest::costs(&kernels, &mut clock::nanoseconds, &mut Host);
    let Ok(report) = report.and_then(|report| told.map(|()| report)) else { semihosting::exit(1) };
    let _ = write!(Host, "selftest:");
    for kernels in kernels {
        let _ = write!(Host, " {}", kernels.isa().name());
    }
    let _ = writeln!(Host, ": {} passed, {} failed, hash {:016x}", report.passed, report.failed, report.hash);
    semihosting::exit(i32::from(report.failed > 0))
}
