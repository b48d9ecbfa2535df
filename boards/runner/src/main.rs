//! Builds the boards' firmware, runs it under QEMU and compares what it says with this machine.
//!
//! `board-runner test [--from-source] [BOARD ...]` runs every board, or those named, and ends with
//! `N passed, N failed`. `board-runner hardware [--from-source]` builds the firmware of the boards in `hardware`, which no
//! emulator has, and says what it takes. `--from-source` takes the distribution's compiler even where rustup's targets
//! are installed.

mod boards;
mod emulator;
mod hardware;
mod toolchain;

use boards::{BOARDS, Board};
use core::time::Duration;
use flashlet::kernels::by_name;
use flashlet::simd::IsaName;
use std::process::ExitCode;
use std::time::Instant;
use toolchain::Toolchain;

const USAGE: &str =
    "usage: board-runner test [--from-source] [BOARD ...]\n       board-runner hardware [--from-source]";
const TIME_LIMIT: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next();
    if command.as_deref() == Some("hardware") {
        match (args.next().as_deref(), args.next()) {
            (None, None) => return hardware::build_all(false),
            (Some("--from-source"), None) => return hardware::build_all(true),
            _ => {}
        }
    }
    if command.as_deref() != Some("test") {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let (mut from_source, mut named) = (false, Vec::new());
    for arg in args {
        match BOARDS.iter().find(|board| board.name == arg) {
            Some(board) => named.push(board),
            None if arg == "--from-source" => from_source = true,
            None => {
                let names: Vec<_> = BOARDS.iter().map(|board| board.name).collect();
                eprintln!("no board {arg}; there are {}\n{USAGE}", names.join(", "));
                return ExitCode::from(2);
            }
        }
    }
    if named.is_empty() {
        named = BOARDS.iter().collect();
    }
    test(&named, from_source)
}

/// What the oracle's results hash to on this machine.
fn host_hash() -> Result<u64, String> {
    let scalar = by_name(IsaName::Scalar).ok_or("no scalar kernels")?;
    let mut told = String::new();
    let report = flashlet_selftest::run(&[scalar], &mut told).map_err(|error| error.to_string())?;
    if report.failed > 0 { Err(format!("the self-test fails on this machine\n{told}")) } else { Ok(report.hash) }
}

fn test(boards: &[&Board], from_source: bool) -> ExitCode {
    let hash = match host_hash() {
        Ok(hash) => hash,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("this machine: hash {hash:016x}");
    let (mut passed, mut failed) = (0, 0);
    for board in boards {
        let started = Instant::now();
        let firmware = Toolchain::find(board.target, from_source).and_then(|toolchain| toolchain.build(board));
        println!("\n== {}: built in {} s", board.name, started.elapsed().as_secs());
        for cpu in board.cpus {
            let run = firmware.as_ref().map_err(String::clone).and_then(|elf| {
                let output = emulator::run(board.emulator(cpu, elf), TIME_LIMIT)?;
                judge(&output, cpu.isas, hash)
            });
            match run {
                Ok(()) => {
                    passed += 1;
                    println!("-- {} {}: passed", board.name, cpu.name);
                }
                Err(error) => {
                    failed += 1;
                    println!("-- {} {}: FAILED: {error}", board.name, cpu.name);
                }
            }
        }
    }
    println!("\n{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the firmware's last line names all instruction sets, no failed check, and this machine's hash.
fn judge(output: &str, isas: &str, hash: u64) -> Result<(), String> {
    let line = output.lines().rev().find(|line| line.starts_with("selftest:")).ok_or("it does not say how it ended")?;
    let begins = format!("selftest: {isas}: ");
    let ends = format!(", 0 failed, hash {hash:016x}");
    let rest = line.strip_prefix(&begins).ok_or(format!("other instruction sets than {isas} were tested"))?;
    rest.strip_suffix(&ends).map(drop).ok_or(format!("it should end in {ends:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_must_name_the_sets_and_the_hash() {
        let good = "noise\nselftest: scalar dsp: 12 passed, 0 failed, hash 00000000000000ab\n";
        assert!(judge(good, "scalar dsp", 0xAB).is_ok());
        assert!(judge(good, "scalar", 0xAB).is_err());
        assert!(judge(good, "scalar dsp helium", 0xAB).is_err());
        assert!(judge(good, "scalar dsp", 0xAC).is_err());
        assert!(judge(&good.replace(" 0 failed", " 1 failed"), "scalar dsp", 0xAB).is_err());
        assert!(judge("", "scalar dsp", 0xAB).is_err());
    }
}
