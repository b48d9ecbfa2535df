//! The kernels' self-test on a board.

use crate::emulator;
use board_table::{Board, Cpu, Qemu};
use core::time::Duration;
use flashlet::kernels::by_name;
use flashlet::simd::IsaName;
use std::path::Path;

const TIME_LIMIT: Duration = Duration::from_secs(900);

/// The hash of the oracle's results on this machine.
pub(crate) fn host_hash() -> Result<u64, String> {
    let scalar = by_name(IsaName::Scalar).ok_or("no scalar kernels")?;
    let mut told = String::new();
    let report = flashlet_selftest::run(&[scalar], &mut told).map_err(|error| error.to_string())?;
    if report.failed > 0 { Err(format!("the self-test fails on this machine\n{told}")) } else { Ok(report.hash) }
}

/// Runs it on one of the board's processors.
pub(crate) fn run(board: &Board, qemu: &Qemu, cpu: &Cpu, elf: &Path, hash: u64) -> Result<(), String> {
    let output = emulator::run(emulator::with_program(board, qemu, cpu, elf), TIME_LIMIT)?;
    judge(&output, &cpu.isas.join(" "), hash)
}

/// Asserts that the firmware's last line names all instruction sets, no failed check, and this machine's hash.
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
