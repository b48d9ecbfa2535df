//! Comparison of a built program with the table of boards: a crate with a memory map of its own states addresses and
//! sizes a second time.

use crate::elf;
use board_table::Program;
use std::path::Path;

/// Bytes that a static arena has beside its own: the flag that it was taken, and the arena's alignment.
const ARENA_FLAG: u64 = 64;

/// Compares the program's start, the stack's ends and the static arena's length with the table.
pub(crate) fn check(program: &Program<'_>, elf: &Path) -> Result<(), String> {
    let (sections, symbols) = (elf::sections(elf)?, elf::symbols(elf)?);
    let firmware = &program.board.firmware;
    let first = [".vector_table", ".text"].iter().find_map(|name| sections.iter().find(|s| s.name == *name));
    agree("the program begins", first.map(|section| section.address), firmware.program.at)?;
    let address = |name: &str| symbols.iter().find(|symbol| symbol.name == name).map(|symbol| symbol.address);
    // The stack grows downwards: it ends at its lowest address. A program that lies in its own RAM has it behind itself.
    let (start, end) = (address("_stack_start"), address("_stack_end"));
    if firmware.ram.at != firmware.program.at {
        agree("the stack ends", end, firmware.stack_at.unwrap_or(firmware.ram.at))?;
    }
    agree("the stack begins", start, end.unwrap_or_default() + program.stack as u64)?;
    let is_arena = |name: &str| format!("{:#}", rustc_demangle::demangle(name)).ends_with("::ARENA");
    let arena = symbols.iter().find(|symbol| is_arena(&symbol.name)).map(|symbol| symbol.bytes - ARENA_FLAG);
    if program.arena_is_static && arena != Some(program.arena as u64) {
        let found = arena.map_or("no size that is known".into(), |bytes| format!("{bytes} bytes"));
        return Err(format!("the static arena has {found}, in the table of boards {}", program.arena));
    }
    Ok(())
}

fn agree(what: &str, found: Option<u64>, table: u64) -> Result<(), String> {
    match found {
        Some(found) if found == table => Ok(()),
        Some(found) => Err(format!("{what} at {found:#x}, in the table of boards at {table:#x}")),
        None => Err(format!("the program does not say where {what}")),
    }
}
