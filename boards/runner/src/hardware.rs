//! Firmware for boards that one can buy: built, measured, not run.

use crate::paths::root;
use crate::toolchain::Toolchain;
use crate::{elf, layout};
use board_table::{Board, Firmware, Program};
use std::path::Path;
use std::time::Instant;

/// The smallest core, Cortex-M0+, for which the engine alone is built.
pub(crate) const SMALLEST: &str = "thumbv6m-none-eabi";

/// Builds everything and prints the sizes. Returns whether all of it builds and fits.
pub(crate) fn build_all(from_source: bool) -> bool {
    let mut failed = 0;
    println!("{:<22} {:>12} {:>12} {:>12} {:>12}", "firmware", "flash", "of", "statics", "left of RAM");
    for program in board_table::hardware().flat_map(Board::programs) {
        let started = Instant::now();
        let firmware = &program.board.firmware;
        let label = [&[&*program.name], &program.features[..]].concat().join(" ");
        match build(&program, from_source).and_then(|sizes| judge(firmware, sizes)) {
            Ok(Sizes { flash, ram }) => {
                let (of, left) = (firmware.program.bytes, firmware.ram.bytes.saturating_sub(ram));
                let seconds = started.elapsed().as_secs();
                println!("{label:<22} {flash:>12} {of:>12} {ram:>12} {left:>12}  built in {seconds} s");
            }
            Err(error) => {
                failed += 1;
                println!("{label:<22} FAILED: {error}");
            }
        }
    }
    match build_smallest(from_source) {
        Ok(()) => println!("the engine builds for {SMALLEST}"),
        Err(error) => {
            failed += 1;
            println!("the engine for {SMALLEST} FAILED: {error}");
        }
    }
    failed == 0
}

/// Builds a program, which must lie where the table says, and measures it.
fn build(program: &Program<'_>, from_source: bool) -> Result<Sizes, String> {
    let toolchain = Toolchain::find(&program.board.firmware.target, from_source)?;
    let elf = toolchain.build(program)?;
    layout::check(program, &elf)?;
    Sizes::of_elf(&elf)
}

/// Refuses a program that takes more than there is.
fn judge(firmware: &Firmware, sizes: Sizes) -> Result<Sizes, String> {
    let (flash, ram) = (firmware.program.bytes, firmware.ram.bytes);
    let stack = if firmware.stack_at.is_some() { 0 } else { firmware.stack };
    if sizes.flash > flash {
        return Err(format!("{} bytes of flash of {flash}", sizes.flash));
    }
    if sizes.ram + stack > ram {
        return Err(format!("{} bytes of statics and {stack} of stack in {ram} bytes of RAM", sizes.ram));
    }
    Ok(sizes)
}

/// The engine alone, for a core without DSP, FPU and atomic read-modify-write.
fn build_smallest(from_source: bool) -> Result<(), String> {
    let toolchain = Toolchain::find(SMALLEST, from_source)?;
    toolchain.build_manifest(SMALLEST, &root().join("Cargo.toml"), &["--release", "--package", "flashlet"]).map(drop)
}

/// Sizes of a program, in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Sizes {
    /// Code, constants, and what is copied to RAM at the start.
    flash: usize,
    /// Statics.
    ram: usize,
}

impl Sizes {
    fn of_elf(program: &Path) -> Result<Sizes, String> {
        let sections = elf::sections(program)?;
        let sum = |counts: fn(&elf::Section) -> bool| {
            sections.iter().filter(|&section| counts(section)).map(|section| section.bytes as usize).sum()
        };
        let is_static = |section: &elf::Section| section.in_ram && section.name != ".stack";
        Ok(Sizes { flash: sum(|section| section.in_flash), ram: sum(is_static) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_programs_sections_are_added_up() {
        let this = std::env::current_exe().expect("it runs");
        let sizes = Sizes::of_elf(&this).expect("it is an ELF file");
        let file = this.metadata().expect("it is there").len();
        assert!(sizes.flash > 100_000 && (sizes.flash as u64) < file, "{sizes:?} of {file}");
        assert!(sizes.ram > 0 && sizes.ram < sizes.flash, "{sizes:?}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut firmware = board_table::hardware().next().expect("there is one").firmware.clone();
        (firmware.program.bytes, firmware.ram.bytes, firmware.stack) = (1000, 700, 200);
        let fits = |firmware: &Firmware, flash, ram| judge(firmware, Sizes { flash, ram }).is_ok();
        assert!(fits(&firmware, 1000, 500));
        assert!(!fits(&firmware, 1001, 500));
        assert!(!fits(&firmware, 1000, 501));
        firmware.stack_at = Some(0);
        assert!(fits(&firmware, 1000, 700));
        assert!(!fits(&firmware, 1000, 701));
    }
}
