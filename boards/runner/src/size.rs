//! How large a board's firmware is.

use crate::boards::Board;
use crate::elf;
use crate::toolchain::Toolchain;
use object::{Object, ObjectSymbol};

/// What is told of the largest functions and constants.
const SYMBOLS: usize = 20;

/// Builds the board's first firmware and prints its sections, then its largest symbols.
pub(crate) fn print(board: &Board, from_source: bool) -> Result<(), String> {
    let toolchain = Toolchain::find(board.target, from_source)?;
    let firmware = board.firmware.first().ok_or(format!("{} has no firmware", board.name))?;
    let path = toolchain.build(board, board.profile, &[])?.join(firmware.name);
    println!("{}, {}, profile {}", firmware.name, toolchain.name()?, board.profile);
    let mut flash = 0;
    for section in elf::sections(&path)? {
        flash += if section.in_flash { section.bytes } else { 0 };
        println!("{:14} {:>8}", section.name, section.bytes);
    }
    println!("{:14} {flash:>8}\nlargest:", "in flash");
    let mut symbols = elf::open(&path, |file| {
        let sized = file.symbols().filter(|symbol| symbol.size() > 0);
        sized.map(|symbol| (symbol.size(), symbol.name().unwrap_or_default().to_owned())).collect::<Vec<_>>()
    })?;
    symbols.sort_by_key(|(bytes, _)| core::cmp::Reverse(*bytes));
    for (bytes, name) in symbols.iter().take(SYMBOLS) {
        println!("{bytes:>8} {name}");
    }
    Ok(())
}
