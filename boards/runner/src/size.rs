//! How large the engine is in a firmware.

use crate::boards::Board;
use crate::toolchain::Toolchain;
use object::{Object, ObjectSection, ObjectSymbol};

/// Sections that firmware has in flash or RAM.
const SECTIONS: [&str; 4] = [".text", ".rodata", ".data", ".bss"];
/// What is told of the largest functions and constants.
const SYMBOLS: usize = 20;

/// Builds the firmware and prints its sections, then its largest symbols.
pub(crate) fn print(from_source: bool) -> Result<(), String> {
    let board = Board::of_firmware("mps2-an386").ok_or("no such board")?;
    let features = ["--no-default-features", "--features", "engine"];
    let folder = Toolchain::find(board.target, from_source)?.build(board, "size", &features)?;
    let path = folder.join("mps2-an386-engine");
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
