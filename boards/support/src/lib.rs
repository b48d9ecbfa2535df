//! What the boards' firmware shares: a host to talk to, a clock, memory, and the self-test.
#![no_std]

extern crate alloc;

#[cfg(target_arch = "aarch64")]
pub mod aarch64;
pub mod clock;
mod heap;
pub mod semihosting;

use alloc::vec::Vec;
use clock::Clock;
use core::fmt::Write;
use flashlet::kernels::{Kernels, by_name};
use flashlet::simd::IsaName;
use semihosting::Host;

/// Runs the self-test on every instruction set that the engine's features declare and on `more`, and leaves the
/// emulator: with 0 if all holds, else with 1. The last line holds the oracle's hash.
pub fn selftest(more: &[&[&'static dyn Kernels]], clock: &Clock) -> ! {
    heap::init();
    let mut kernels: Vec<&dyn Kernels> = IsaName::ALL.into_iter().filter_map(by_name).collect();
    for kernel in more.iter().copied().flatten() {
        if kernels.iter().all(|k| k.isa() != kernel.isa()) {
            kernels.push(*kernel);
        }
    }
    let report = flashlet_selftest::run(&kernels, &mut Host);
    let told = flashlet_selftest::costs(&kernels, &mut || clock.nanoseconds(), &mut Host);
    let Ok(report) = report.and_then(|report| told.map(|()| report)) else { semihosting::exit(1) };
    let _ = write!(Host, "selftest:");
    for kernels in kernels {
        let _ = write!(Host, " {}", kernels.isa().name());
    }
    let _ = writeln!(Host, ": {} passed, {} failed, hash {:016x}", report.passed, report.failed, report.hash);
    semihosting::exit(i32::from(report.failed > 0))
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = writeln!(Host, "{info}");
    semihosting::exit(101)
}
