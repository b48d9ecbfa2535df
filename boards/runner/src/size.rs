//! The size of a board's firmware.

use crate::elf;
use crate::toolchain::Toolchain;
use board_table::Board;

/// Number of the largest functions and constants that are printed.
const SYMBOLS: usize = 20;

/// Builds the board's first firmware and prints its sections, then its largest symbols.
pub(crate) fn print(board: &Board, from_source: bool) -> Result<bool, String> {
    let toolchain = Toolchain::find(&board.firmware.target, from_source)?;
    let program = board.program();
    let path = toolchain.build(&program)?;
    println!("{}, {}, profile {}", program.name, toolchain.name()?, program.profile);
    let mut flash = 0;
    for section in elf::sections(&path)? {
        flash += if section.in_flash { section.bytes } else { 0 };
        println!("{:14} {:>8}", section.name, section.bytes);
    }
    println!("{:14} {flash:>8}\nlargest:", "in flash");
    let mut symbols = elf::symbols(&path)?;
    symbols.sort_by_key(|symbol| core::cmp::Reverse(symbol.bytes));
    for symbol in symbols.iter().take(SYMBOLS).filter(|symbol| symbol.bytes > 0) {
        println!("{:>8} {}", symbol.bytes, symbol.name);
    }
    Ok(true)
}
