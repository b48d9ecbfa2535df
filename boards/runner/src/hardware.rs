//! Firmware for boards that one can buy: built, measured, not run.

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
        match firmware.build(from_source).and_then(|elf| firmware.judge(&elf)) {
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
    fn judge(&self, elf: &Path) -> Result<Sizes, String> {
        let bytes = std::fs::read(elf).map_err(|error| format!("{}: {error}", elf.display()))?;
        let sizes = sizes(&bytes).ok_or(format!("{} is no ELF file of 32 bits", elf.display()))?;
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

/// Adds up the sections that have a place in memory. Source: the ELF specification, 32 bits, little-endian.
fn sizes(elf: &[u8]) -> Option<Sizes> {
    const WRITE: u32 = 1;
    const ALLOC: u32 = 2;
    const NOBITS: u32 = 8;
    let half = |at: usize| Some(u16::from_le_bytes(elf.get(at..at + 2)?.try_into().ok()?));
    let word = |at: usize| Some(u32::from_le_bytes(elf.get(at..at + 4)?.try_into().ok()?));
    if elf.get(..6)? != b"\x7FELF\x01\x01" {
        return None;
    }
    let (start, bytes, count) = (word(0x20)? as usize, usize::from(half(0x2E)?), usize::from(half(0x30)?));
    let mut sizes = Sizes { flash: 0, ram: 0 };
    for section in 0..count {
        let at = start + section * bytes;
        let (kind, flags, size) = (word(at + 4)?, word(at + 8)?, u64::from(word(at + 20)?));
        if flags & ALLOC != 0 {
            sizes.flash += if kind == NOBITS { 0 } else { size };
            sizes.ram += if flags & WRITE == 0 { 0 } else { size };
        }
    }
    Some(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with sections of `(kind, flags, size)`.
    fn elf(sections: &[(u32, u32, u32)]) -> Vec<u8> {
        let mut elf = b"\x7FELF\x01\x01".to_vec();
        elf.resize(0x34, 0);
        elf[0x20..0x24].copy_from_slice(&0x34u32.to_le_bytes());
        elf[0x2E..0x30].copy_from_slice(&40u16.to_le_bytes());
        elf[0x30..0x32].copy_from_slice(&(sections.len() as u16).to_le_bytes());
        for &(kind, flags, size) in sections {
            let header = [0, kind, flags, 0x2000_0000, 0, size, 0, 0, 1, 0];
            elf.extend(header.iter().flat_map(|word: &u32| word.to_le_bytes()));
        }
        elf
    }

    #[test]
    fn sections_are_added_up() {
        // Code, data, statics, and text for the debugger.
        let file = elf(&[(0, 0, 0), (1, 6, 1000), (1, 3, 20), (8, 3, 500), (1, 0, 9999)]);
        assert_eq!(sizes(&file), Some(Sizes { flash: 1020, ram: 520 }));
        assert_eq!(
            sizes(&file[..file.len() - 1]).map(|s| s.flash),
            Some(1020),
            "the last words of a header are not read"
        );
        assert_eq!(sizes(&file[..100]), None);
        assert_eq!(sizes(b"\x7FELF\x02\x01"), None);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let dir = std::env::temp_dir().join(format!("flashlet-sizes-{}", std::process::id()));
        let judge = |sections: &[(u32, u32, u32)]| {
            std::fs::write(&dir, elf(sections)).expect("a temporary file");
            let firmware = Firmware { board: "", target: "", features: "", flash: 1000, ram: 600, stack: 100 };
            firmware.judge(&dir)
        };
        assert!(judge(&[(1, 6, 980), (1, 3, 20), (8, 3, 480)]).is_ok());
        assert!(judge(&[(1, 6, 981), (1, 3, 20), (8, 3, 480)]).is_err());
        assert!(judge(&[(1, 6, 980), (1, 3, 20), (8, 3, 481)]).is_err());
        std::fs::remove_file(&dir).expect("the temporary file");
    }
}
