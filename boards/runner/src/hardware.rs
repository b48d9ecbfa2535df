//! Firmware for boards that one can buy: built, measured, not run.

use crate::elf;
use crate::simulator::root;
use crate::toolchain::Toolchain;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A firmware of the folder `hardware`.
struct Firmware {
    /// The folder, and the program's name.
    board: &'static str,
    target: &'static str,
    /// Features beyond the default ones.
    features: &'static str,
    /// Bytes of flash that the firmware may take.
    flash: u64,
    /// Bytes of RAM that its statics and its stack share.
    ram: u64,
    /// Bytes of RAM that must remain for the stack. 0: the stack lies elsewhere.
    stack: u64,
}

const M33: &str = "thumbv8m.main-none-eabihf";
const M4F: &str = "thumbv7em-none-eabihf";
const KIB: u64 = 1 << 10;

#[rustfmt::skip]
const FIRMWARE: &[Firmware] = &[
    Firmware { board: "pico2", target: M33, features: "", flash: 1024 * KIB, ram: 512 * KIB, stack: 24 * KIB },
    Firmware { board: "weact-h743", target: M4F, features: "", flash: 2048 * KIB, ram: 512 * KIB, stack: 0 },
    Firmware { board: "weact-h743", target: M4F, features: "mapped", flash: 2048 * KIB, ram: 512 * KIB, stack: 0 },
    Firmware { board: "nrf52840-dk", target: M4F, features: "", flash: 1024 * KIB, ram: 256 * KIB, stack: 24 * KIB },
];

/// The smallest core, Cortex-M0+, for which the engine alone is built.
const SMALLEST: &str = "thumbv6m-none-eabi";

/// Builds everything, and says what it takes. Whether all of it builds and fits.
pub(crate) fn build_all(from_source: bool) -> bool {
    let mut failed = 0;
    println!("{:<22} {:>12} {:>12} {:>12} {:>12}", "firmware", "flash", "of", "statics", "left of RAM");
    for firmware in FIRMWARE {
        let started = Instant::now();
        let name = [firmware.board, firmware.features].join(" ");
        match firmware.build(from_source).and_then(|elf| firmware.judge(Sizes::of_elf(&elf)?)) {
            Ok(Sizes { flash, ram }) => {
                let (of, left) = (firmware.flash, firmware.ram.saturating_sub(ram));
                let seconds = started.elapsed().as_secs();
                println!("{name:<22} {flash:>12} {of:>12} {ram:>12} {left:>12}  built in {seconds} s");
            }
            Err(error) => {
                failed += 1;
                println!("{name:<22} FAILED: {error}");
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

impl Firmware {
    fn build(&self, from_source: bool) -> Result<PathBuf, String> {
        let toolchain = Toolchain::find(self.target, from_source)?;
        let package = format!("flashlet-{}", self.board);
        let args = ["--release", "--locked", "--package", &package, "--features", self.features];
        let folder = toolchain.cargo_build(self.target, &root().join("boards/hardware/Cargo.toml"), &args)?;
        Ok(folder.join("release").join(self.board))
    }

    /// What the program takes, if that is no more than there is.
    fn judge(&self, sizes: Sizes) -> Result<Sizes, String> {
        if sizes.flash > self.flash {
            return Err(format!("{} bytes of flash of {}", sizes.flash, self.flash));
        }
        if sizes.ram + self.stack > self.ram {
            return Err(format!("{} bytes of statics leave less than {} for the stack", sizes.ram, self.stack));
        }
        Ok(sizes)
    }
}

/// The engine alone, for a core without DSP, FPU and atomic read-modify-write.
fn build_smallest(from_source: bool) -> Result<(), String> {
    let toolchain = Toolchain::find(SMALLEST, from_source)?;
    toolchain.cargo_build(SMALLEST, &root().join("Cargo.toml"), &["--release", "--package", "flashlet"]).map(drop)
}

/// What a program takes, in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Sizes {
    /// Code, constants, and what is copied to RAM at the start.
    flash: u64,
    /// Statics.
    ram: u64,
}

impl Sizes {
    fn of_elf(program: &Path) -> Result<Sizes, String> {
        let sections = elf::sections(program)?;
        let sum = |counts: fn(&elf::Section) -> bool| sections.iter().filter(|&s| counts(s)).map(|s| s.bytes).sum();
        Ok(Sizes { flash: sum(|section| section.in_flash), ram: sum(|section| section.in_ram) })
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
        assert!(sizes.flash > 100_000 && sizes.flash < file, "{sizes:?} of {file}");
        assert!(sizes.ram > 0 && sizes.ram < sizes.flash, "{sizes:?}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let firmware = Firmware { board: "", target: "", features: "", flash: 1000, ram: 600, stack: 100 };
        let judge = |flash, ram| firmware.judge(Sizes { flash, ram });
        assert!(judge(1000, 500).is_ok());
        assert!(judge(1001, 500).is_err());
        assert!(judge(1000, 501).is_err());
    }
}
