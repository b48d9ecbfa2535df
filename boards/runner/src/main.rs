//! Builds the boards' firmware, runs it under QEMU and compares what it says with this machine.
//!
//! `board-runner test [--from-source] [--update] [BOARD ...]` runs every board, or those named, and ends with
//! `N passed, N failed`. `--from-source` takes the distribution's compiler even where rustup's targets are installed;
//! `--update` writes the figures anew. `board-runner run [--from-source] BOARD|PROGRAM [MODEL]` opens a board's prompt;
//! as cargo's `runner` it is given a program. `board-runner size [BOARD]` builds a board's firmware, the smallest
//! board's if none is named, and prints how large it is. `board-runner hardware [--from-source]` builds the firmware of the boards in
//! `hardware`, which no emulator has, and says what it takes.

mod boards;
mod elf;
mod emulator;
mod figures;
mod hardware;
mod model;
mod open;
mod panics;
mod prompts;
mod selftest;
mod simulator;
mod size;
mod toolchain;

use boards::{BOARDS, Board};
use figures::Table;
use model::RealModel;
use prompts::Subject;
use simulator::{Simulator, root};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use toolchain::Toolchain;

const USAGE: &str = "usage: board-runner test [--from-source] [--update] [BOARD ...]
       board-runner run [--from-source] BOARD|PROGRAM [MODEL]
       board-runner size [--from-source] [BOARD]
       board-runner hardware [--from-source]";

/// The board with the least flash.
const SMALLEST: &str = "stm32f405";

/// Cargo's words for the self-test.
const SELFTEST: &[&str] = &["--features", "selftest"];

fn main() -> ExitCode {
    let (mut flags, mut words) = (Vec::new(), Vec::new());
    for arg in std::env::args().skip(1) {
        if arg.starts_with("--") { flags.push(arg) } else { words.push(arg) }
    }
    let from_source = flags.iter().any(|flag| flag == "--from-source");
    let update = flags.iter().any(|flag| flag == "--update");
    if flags.len() != usize::from(from_source) + usize::from(update) {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let done = match *words {
        ["test", ref names @ ..] => named(names).and_then(|boards| test(&boards, from_source, update)),
        ["size"] => named(&[SMALLEST]).and_then(|boards| size(&boards, from_source)),
        ["size", name] => named(&[name]).and_then(|boards| size(&boards, from_source)),
        ["hardware"] => Ok(hardware::build_all(from_source)),
        ["run", program] => open::open(program, None, from_source),
        ["run", program, model] => open::open(program, Some(Path::new(model)), from_source),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
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

/// The boards of these names; without any, all.
fn named(names: &[&str]) -> Result<Vec<&'static Board>, String> {
    let find = |name: &&str| {
        let all: Vec<_> = BOARDS.iter().map(|board| board.name).collect();
        let found = BOARDS.iter().find(|board| board.name == *name);
        found.ok_or(format!("no board {name}; there are {}", all.join(", ")))
    };
    if names.is_empty() { Ok(BOARDS.iter().collect()) } else { names.iter().map(find).collect() }
}

fn size(boards: &[&Board], from_source: bool) -> Result<bool, String> {
    for board in boards {
        size::print(board, from_source)?;
    }
    Ok(true)
}

/// How many runs went well.
#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
}

impl Tally {
    fn count(&mut self, what: &str, started: Instant, result: Result<(), String>) {
        let seconds = started.elapsed().as_secs();
        match result {
            Ok(()) => {
                self.passed += 1;
                println!("-- {what}: passed in {seconds} s");
            }
            Err(error) => {
                self.failed += 1;
                println!("-- {what}: FAILED: {error}");
            }
        }
    }
}

/// What boards are compared with.
struct References {
    selftest_hash: u64,
    simulator: Simulator,
    /// The real model, or why it is not there.
    real: Result<RealModel, String>,
}

fn test(boards: &[&Board], from_source: bool, update: bool) -> Result<bool, String> {
    let simulator = Simulator::build()?;
    let wants_real = boards.iter().any(|board| board.cpus.iter().any(|cpu| cpu.real_model));
    let real = if wants_real { RealModel::fetch(&simulator) } else { Err("it was not asked for".into()) };
    let references = References { selftest_hash: selftest::host_hash()?, simulator, real };
    println!("this machine: self-test hash {:016x}", references.selftest_hash);
    let mut tally = Tally::default();
    for (part, run) in [("prompts", prompts_of as Part), ("self-test", selftest_of)] {
        for board in boards {
            let started = Instant::now();
            println!("\n== {}: {part}", board.name);
            let result = Toolchain::find(board.target, from_source)
                .and_then(|toolchain| run(board, &toolchain, &references, update, &mut tally));
            if let Err(error) = result {
                tally.count(&format!("{}: {part}", board.name), started, Err(error));
            }
        }
    }
    let started = Instant::now();
    println!("\n== panics");
    tally.count("panics", started, panics::check(from_source));
    println!("\n{} passed, {} failed", tally.passed, tally.failed);
    Ok(tally.failed == 0)
}

/// A part of a board's tests. An error is one before anything could be counted.
type Part = fn(&Board, &Toolchain, &References, bool, &mut Tally) -> Result<(), String>;

/// What is asked over the serial line.
fn prompts_of(
    board: &Board,
    toolchain: &Toolchain,
    references: &References,
    update: bool,
    tally: &mut Tally,
) -> Result<(), String> {
    let mut table = Table::read(root().join("boards/figures.txt"), toolchain.name()?)?;
    let started = Instant::now();
    let folder = toolchain.build(board, board.profile, &[])?;
    println!("built in {} s", started.elapsed().as_secs());
    for firmware in board.firmware {
        let elf = folder.join(firmware.name);
        for cpu in board.cpus {
            let started = Instant::now();
            let subject = Subject { board, cpu, firmware, elf: &elf };
            let program =
                if board.cpus.len() > 1 { format!("{}/{}", firmware.name, cpu.name) } else { firmware.name.into() };
            let result = subject.demo(&references.simulator).and_then(|figures| {
                println!("   {figures:?}");
                if update {
                    table.set(&program, figures);
                    return table.write();
                }
                table.check(&program, figures)
            });
            tally.count(&format!("{} on {}: prompts", firmware.name, cpu.name), started, result);
        }
    }
    for cpu in board.cpus.iter().filter(|cpu| cpu.real_model) {
        let (Some(firmware), started) = (board.firmware.first(), Instant::now()) else { continue };
        let subject = Subject { board, cpu, firmware, elf: &folder.join(firmware.name) };
        let result = references.real.as_ref().map_err(String::clone).and_then(|real| subject.real(real));
        tally.count(&format!("{} on {}: the real model", firmware.name, cpu.name), started, result);
    }
    Ok(())
}

/// The kernels' self-test, where the board has it.
fn selftest_of(
    board: &Board,
    toolchain: &Toolchain,
    references: &References,
    _update: bool,
    tally: &mut Tally,
) -> Result<(), String> {
    if !board.selftest {
        println!("none: its kernels are mps2-an386's");
        return Ok(());
    }
    let started = Instant::now();
    let elf = toolchain.build(board, "release", SELFTEST)?.join(format!("{}-selftest", board.name));
    println!("built in {} s", started.elapsed().as_secs());
    for cpu in board.cpus {
        let started = Instant::now();
        let result = selftest::run(board, cpu, &elf, references.selftest_hash);
        tally.count(&format!("{} on {}: self-test", board.name, cpu.name), started, result);
    }
    Ok(())
}
