//! The tables of `boards/README.md`, made from the tables of boards and of costs.

use crate::cost;
use crate::figures::{self, Table};
use crate::paths::root;
use board_table::{Board, Region};
use core::fmt::Write;
use std::fs;

const END: &str = "<!-- end of the table -->\n";

/// Each table under the name in the marker before it.
fn tables() -> Result<[(&'static str, String); 7], String> {
    let costs = cost::read()?;
    let figures = Table::read(root().join(figures::PATH), String::new())?;
    Ok([
        ("emulated boards", boards(true)),
        ("memory of emulated boards", memory(true)),
        ("figures of programs", figures.table()),
        ("boards on hardware", boards(false)),
        ("memory of boards on hardware", memory(false)),
        ("instructions of kernels", cost::instructions_table(&costs)),
        ("modelled cycles of kernels", cost::cycles_table(&costs)),
    ])
}

/// The line before a table.
fn begin(name: &str) -> String {
    format!("<!-- table: {name}; `board-runner tables` writes it -->\n")
}

/// Writes the tables into the document.
pub(crate) fn write() -> Result<bool, String> {
    let path = root().join("boards/README.md");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    fs::write(&path, with_tables(&text)?).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(true)
}

/// The document with fresh tables between its markers.
fn with_tables(document: &str) -> Result<String, String> {
    let mut document = document.to_owned();
    for (name, table) in tables()? {
        let begin = begin(name);
        let start = document.find(&begin).ok_or(format!("there is no line {begin:?}"))? + begin.len();
        let end = document[start..].find(END).ok_or(format!("no line {END:?} follows {begin:?}"))? + start;
        document.replace_range(start..end, &format!("\n{table}\n"));
    }
    Ok(document)
}

fn selected(emulated: bool) -> impl Iterator<Item = &'static Board> {
    board_table::all().iter().filter(move |board| board.firmware.qemu.is_some() == emulated)
}

/// The table of boards with their kernels and what each proves.
fn boards(emulated: bool) -> String {
    let mut text = "| board | what | kernels | crate | what it shows |\n|---|---|---|---|---|\n".to_owned();
    for Board { name, what, isa, firmware, .. } in selected(emulated) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "| `{name}` | {what} | {isa} | `{}` | {} |", firmware.folder, firmware.proves);
    }
    text
}

/// The table of addresses and sizes of programs, models and arenas.
fn memory(emulated: bool) -> String {
    let mut text = "| board | program | RAM | model | arena | serial port |\n|---|---|---|---|---|---|\n".to_owned();
    for board in selected(emulated) {
        let firmware = &board.firmware;
        let mut ram = region(firmware.ram);
        if firmware.ram.at == firmware.program.at {
            ram = "after the program".into();
        }
        let _ = match firmware.stack_at {
            Some(at) => write!(ram, "; for the stack {}", region(Region { at, bytes: firmware.stack })),
            None => write!(ram, ", {} of it for the stack", size(firmware.stack)),
        };
        let model = format!("{} in {}", size(board.model_bytes), firmware.model_place());
        let arena = match firmware.arena_at {
            Some(at) => format!("{} at {at:#010x}", size(board.arena)),
            None => format!("{}, static", size(board.arena)),
        };
        let serial = firmware.uart.map_or(String::new(), |at| format!(" at {at:#010x}"));
        let (name, program, port) = (&board.name, region(firmware.program), &firmware.serial);
        let _ = writeln!(text, "| `{name}` | {program} | {ram} | {model} | {arena} | {port}{serial} |");
    }
    text
}

fn region(region: Region) -> String {
    format!("{} at {:#010x}", size(region.bytes), region.at)
}

/// `bytes` for people, in the largest unit of which they are a whole number.
fn size(bytes: usize) -> String {
    let units = [(1 << 20, "MiB"), (1 << 10, "KiB")];
    let whole = units.into_iter().find(|(unit, _)| bytes.is_multiple_of(*unit));
    whole.map_or(format!("{bytes} B"), |(unit, name)| format!("{} {name}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_tables_of_today() {
        let document = fs::read_to_string(root().join("boards/README.md")).expect("the document");
        let now = with_tables(&document).expect("it has all markers");
        assert!(document == now, "boards/README.md is stale: cargo run -p board-runner -- tables");
    }

    #[test]
    fn what_is_between_the_markers_is_replaced() {
        let marked = |between: &str| {
            let tables = tables().expect("the tables are whole").map(|(name, _)| begin(name) + between + END);
            format!("before\n{}after\n", tables.concat())
        };
        let (old, new) = (with_tables(&marked("old\n")), with_tables(&marked("")));
        assert!(old == new && old.is_ok_and(|text| text.contains("| `stm32f405` |") && text.ends_with("after\n")));
        assert!(with_tables("no markers").is_err());
    }

    #[test]
    fn sizes_are_whole() {
        assert_eq!([896 << 10, 2 << 20, 1500].map(size), ["896 KiB", "2 MiB", "1500 B"]);
    }
}
