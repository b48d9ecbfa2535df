//! Builds the boards' firmware, runs it under QEMU and compares what it says with this machine. Boards and programs are
//! those of the table of boards, `host-sim/boards.toml`.
//!
//! - `test [BOARD ...]` runs every emulated board, or those named, and ends with `N passed, N failed`; `--update` writes
//!   the figures anew.
//! - `run PROGRAM [MODEL]` opens a program's prompt.
//! - `cost [BOARD]` counts what the kernels of a board cost, or those of all that have a self-test; `--json` prints a line
//!   for each figure, `--cycles` has llvm-mca model cycles too, `--update` writes the figures anew.
//! - `c` checks the C library: that `flashlet.h` is the one of its sources (`--update` writes it), that programs in C answer as the
//!   simulator does, on the desktop and on an emulated board, and that it builds for its other targets.
//! - `panics` checks that no input can make the engine panic on a board.
//! - `size [BOARD]` builds a board's firmware, the smallest board's if none is named, and prints how large it is.
//! - `hardware` builds the firmware of the boards that no emulator has, and says what it takes.
//! - `lint` runs clippy on every board's crate. It fails where a target is not installed.
//! - `tables` writes the tables of `boards/README.md`.
//!
//! `--from-source` takes the distribution's compiler even where rustup's targets are installed.

mod c;
mod carried;
mod cost;
mod elf;
mod emulator;
mod figures;
mod hardware;
mod layout;
mod lint;
mod model;
mod open;
mod overflow;
mod panics;
mod paths;
mod prompts;
mod selftest;
mod simulator;
mod size;
mod tables;
mod test;
mod toolchain;

use board_table::Board;
use emulator::Emulated;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: board-runner test [--from-source] [--update] [BOARD ...]
       board-runner run [--from-source] PROGRAM [MODEL]
       board-runner cost [--from-source] [--json] [--cycles] [--update] [BOARD]
       board-runner c [--from-source] [--update]
       board-runner panics [--from-source]
       board-runner size [--from-source] [BOARD]
       board-runner hardware [--from-source]
       board-runner lint
       board-runner tables";

fn main() -> ExitCode {
    let (flags, words): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let allowed = match words.first() {
        Some(&("test" | "c")) => &["--from-source", "--update"][..],
        Some(&"cost") => &["--from-source", "--json", "--cycles", "--update"],
        Some(&("run" | "panics" | "size" | "hardware")) => &["--from-source"],
        _ => &[],
    };
    let has = |name: &str| flags.iter().any(|flag| flag == name);
    let from_source = has("--from-source");
    let done = match *words {
        _ if !flags.iter().all(|flag| allowed.contains(&&**flag)) => return usage(),
        ["test", ref names @ ..] => {
            emulated(names).and_then(|boards| test::test(&boards, from_source, has("--update")))
        }
        ["cost", ref names @ ..] if names.len() < 2 => {
            let [json, cycles, update] = ["--json", "--cycles", "--update"].map(has);
            let flags = cost::Flags { json, cycles, update, from_source };
            let counted = emulated(names).and_then(|boards| cost::cost(&boards, names.is_empty(), flags));
            if update { counted.and_then(|_| tables::write()) } else { counted }
        }
        ["run", program] => open::open(program, None, from_source),
        ["run", program, model] => open::open(program, Some(Path::new(model)), from_source),
        ["c"] => c::check(from_source, has("--update")),
        ["panics"] => panics::check(from_source).map(|()| true),
        ["size"] => smallest().and_then(|board| size::print(board, from_source)),
        ["size", name] => named(name).and_then(|board| size::print(board, from_source)),
        ["hardware"] => Ok(hardware::build_all(from_source)),
        ["lint"] => Ok(lint::lint_all()),
        ["tables"] => tables::write(),
        _ => return usage(),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

/// The emulated boards of these names; without any, all.
fn emulated(names: &[&str]) -> Result<Vec<Emulated>, String> {
    let find = |name: &&str| {
        let all: Vec<_> = board_table::emulated().map(|(board, _)| &*board.name).collect();
        let found = board_table::emulated().find(|(board, _)| board.name == *name);
        found.ok_or(format!("QEMU emulates no board {name}; it does {}", all.join(", ")))
    };
    if names.is_empty() { Ok(board_table::emulated().collect()) } else { names.iter().map(find).collect() }
}

/// The board of that name.
fn named(name: &str) -> Result<&'static Board, String> {
    let all: Vec<_> = board_table::all().iter().map(|board| &*board.name).collect();
    let found = board_table::all().iter().find(|board| board.name == name);
    found.ok_or(format!("no board {name} has firmware; there are {}", all.join(", ")))
}

/// The board with the least flash for its program.
fn smallest() -> Result<&'static Board, String> {
    let board = board_table::all().iter().min_by_key(|board| board.firmware.program.bytes);
    board.ok_or("the table has no boards".into())
}
