//! How large the engine is in a firmware.

use crate::toolchain::{Program, Toolchain};
use object::{Object, ObjectSection, ObjectSymbol};

/// The engine on a Cortex-M4F: one instruction set, what the built-in model needs.
const ENGINE: Program<'_> = Program {
    board: "mps2-an386",
    target: "thumbv7em-none-eabihf",
    name: "engine",
    profile: "size",
    features: Some("engine"),
};

/// Sections that firmware has in flash or RAM.
const SECTIONS: [&str; 4] = [".text", ".rodata", ".data", ".bss"];
/// What is told of the largest functions and constants.
const SYMBOLS: usize = 20;

/// Builds the firmware and prints its sections, then its largest symbols.
pub(crate) fn print(from_source: bool) -> Result<(), String> {
    let path = Toolchain::find(ENGINE.target, from_source)?.build(&ENGINE)?;
    let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let elf = object::File::parse(&*bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("{}: Cortex-M4F, dsp, Q4_K Q6_K, SentencePiece, q8_0 cache", path.display());
    for name in SECTIONS {
        let section = elf.section_by_name(name).ok_or_else(|| format!("{}: no {name}", path.display()))?;
        println!("{name:8} {:8}", section.size());
    }
    let mut symbols: Vec<_> = elf.symbols().filter(|symbol| symbol.size() > 0).collect();
    symbols.sort_by_key(|symbol| core::cmp::Reverse(symbol.size()));
    println!("largest:");
    for symbol in symbols.iter().take(SYMBOLS) {
        println!("{:8} {}", symbol.size(), symbol.name().unwrap_or_default());
    }
    Ok(())
}
