//! The self-test as a program.

use crate::semihosting::{self, Host};
use crate::{clock, heap, stack};
use alloc::vec::Vec;
use core::fmt::{self, Write};
use flashlet::kernels::{Kernels, by_name};
use flashlet::simd::IsaName;

/// Runs of each kernel whose cost is counted: the clock of a board at 20 MHz ticks once in 50 instructions.
const REPEATS: u32 = 8;

/// Runs the self-test on every instruction set that the engine's features declare and on `more`, and leaves the
/// emulator: with 0 if all holds, else with 1. The last line holds the oracle's hash.
///
/// With the command line `cost ISA` it counts what that set's kernels cost instead; with `trace ISA` each kernel runs once.
pub fn selftest(more: &[&[&'static dyn Kernels]]) -> ! {
    stack::guard();
    heap::init();
    let mut kernels: Vec<&dyn Kernels> = IsaName::ALL.into_iter().filter_map(by_name).collect();
    for kernel in more.iter().copied().flatten() {
        if kernels.iter().all(|k| k.isa() != kernel.isa()) {
            kernels.push(*kernel);
        }
    }
    let mut line = [0; 32];
    let passed = match semihosting::command_line(&mut line).split_once(' ') {
        Some(("cost", isa)) => costs(&kernels, isa, REPEATS),
        Some(("trace", isa)) => costs(&kernels, isa, 1),
        _ => checks(&kernels),
    };
    semihosting::exit(i32::from(passed != Ok(true)))
}

/// Runs all checks; returns true if they hold.
fn checks(kernels: &[&dyn Kernels]) -> Result<bool, fmt::Error> {
    let report = flashlet_selftest::run(kernels, &mut Host)?;
    write!(Host, "selftest:")?;
    for kernels in kernels {
        write!(Host, " {}", kernels.isa().name())?;
    }
    writeln!(Host, ": {} passed, {} failed, hash {:016x}", report.passed, report.failed, report.hash)?;
    Ok(report.failed == 0)
}

/// Counts what the kernels of one set cost; true if there is such a set.
fn costs(kernels: &[&dyn Kernels], isa: &str, repeats: u32) -> Result<bool, fmt::Error> {
    let Some(kernels) = kernels.iter().find(|kernels| kernels.isa().name() == isa) else { return Ok(false) };
    flashlet_selftest::costs(*kernels, repeats, &mut || cost_clock(), &mut Host).map(|()| true)
}

/// The clock of the costs, under a name that the runner finds: in a trace its calls stand before and after what is counted.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn cost_clock() -> u64 {
    clock::nanoseconds()
}
