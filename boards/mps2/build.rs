//! Hands each program its machine's memory map, and the library the machines' descriptions: both are made from the table
//! of boards.

use board_table::{Board, Firmware, Program};
use std::env::var_os;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

fn main() -> io::Result<()> {
    let out = PathBuf::from(var_os("OUT_DIR").unwrap_or_default());
    let mut machines = String::new();
    for board in board_table::all().iter().filter(|board| board.firmware.folder == "mps2") {
        // The linker looks for `memory.x` where a program's own argument says.
        let folder = out.join(&board.name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("memory.x"), memory_map(board)?)?;
        let programs = board.programs();
        for program in programs.iter().chain(&board.selftest()) {
            println!("cargo:rustc-link-arg-bin={}=-L{}", program.name, folder.display());
        }
        machines.extend(programs.iter().map(description));
    }
    fs::write(out.join("machines.rs"), machines)?;
    println!("cargo:rustc-link-arg-bins=-Tstack.x");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=-Tdefmt.x");
    Ok(())
}

/// Flash and RAM as `cortex-m-rt` names them, the stack as `stack.x` does, then what the machine's own file adds.
fn memory_map(board: &Board) -> io::Result<String> {
    let Firmware { program, ram, stack, .. } = &board.firmware;
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{}.x", board.name));
    let own = if own.exists() {
        println!("cargo:rerun-if-changed={}", own.display());
        fs::read_to_string(own)?
    } else {
        String::new()
    };
    Ok(format!(
        "MEMORY\n{{\n  FLASH : ORIGIN = {:#x}, LENGTH = {}\n  RAM : ORIGIN = {:#x}, LENGTH = {}\n}}\n\
         REGION_ALIAS(\"STACK\", RAM);\nPROVIDE(_stack_bytes = {stack});\n{own}",
        program.at, program.bytes, ram.at, ram.bytes
    ))
}

/// A constant with what a program has to know of its machine.
fn description(program: &Program<'_>) -> String {
    let Board { what, hz, model_bytes, firmware, .. } = program.board;
    let (name, arena) = (&program.name, program.arena);
    let constant = name.to_uppercase().replace('-', "_");
    let (model_at, uart) = (firmware.model_at.unwrap_or_default(), firmware.uart.unwrap_or_default());
    let model_in = if program.mapped { firmware.model_place() } else { "a flash chip".into() };
    let external_ram = firmware.arena_at.filter(|_| !program.arena_is_static);
    let mut text = format!("/// {what}.\npub const {constant}: Machine = Machine {{\n");
    // Writing to a string does not fail.
    let _ = writeln!(text, "    name: {name:?},\n    hz: {hz},\n    uart: {uart:#x},");
    let _ =
        writeln!(text, "    model_at: {model_at:#x},\n    model_bytes: {model_bytes},\n    model_in: {model_in:?},");
    let _ = writeln!(text, "    arena_bytes: {arena},\n    external_ram: {external_ram:?},\n}};");
    text
}
