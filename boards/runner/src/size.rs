//! How large a board's firmware is.

use crate::boards::Board;
use crate::toolchain::Toolchain;
use object::{Object, ObjectSection, ObjectSymbol};

/// Sections that take flash; `.data` takes RAM as well.
const IN_FLASH: [&str; 4] = [".vector_table", ".text", ".rodata", ".data"];
/// Sections that take RAM alone.
const ZEROED: [&str; 2] = [".bss", ".uninit"];
/// What is told of the largest functions and constants.
const SYMBOLS: usize = 20;

/// Builds the board's first firmware and prints its sections, then its largest symbols.
pub(crate) fn print(board: &Board, from_source: bool) -> Result<(), String> {
    let toolchain = Toolchain::find(board.target, from_source)?;
    let firmware = board.firmware.first().ok_or(format!("{} has no firmware", board.name))?;
    let path = toolchain.build(board, board.profile, &[])?.join(firmware.name);
    let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let elf = object::File::parse(&*bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("{}, {}, profile {}", firmware.name, toolchain.name()?, board.profile);
    let mut flash = 0;
    for name in IN_FLASH.into_iter().chain(ZEROED) {
        let size = elf.section_by_name(name).map_or(0, |section| section.size());
        flash += if IN_FLASH.contains(&name) { size } else { 0 };
        println!("{name:14} {size:>8}");
    }
    println!("{:14} {flash:>8}\nlargest:", "in flash");
    let mut symbols: Vec<_> = elf.symbols().filter(|symbol| symbol.size() > 0).collect();
    symbols.sort_by_key(|symbol| core::cmp::Reverse(symbol.size()));
    for symbol in symbols.iter().take(SYMBOLS) {
        println!("{:>8} {}", symbol.size(), symbol.name().unwrap_or_default());
    }
    Ok(())
}
