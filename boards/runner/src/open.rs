//! A board's prompt in this terminal.

use crate::emulator::{SEMIHOSTING, with_model, with_program};
use crate::paths::{demo_model, target_dir};
use crate::toolchain::Toolchain;
use board_table::{Program, Qemu};
use std::path::{Path, PathBuf};

/// The program of that name that QEMU can run: a board's, one of its variants, or its self-test.
fn find(name: &str) -> Option<(Program<'static>, &'static Qemu)> {
    let programs = board_table::emulated().flat_map(|(board, qemu)| {
        board.programs().into_iter().chain(board.selftest()).map(move |program| (program, qemu))
    });
    programs.into_iter().find(|(program, _)| program.label == name)
}

/// Builds and runs a program with the demo model or another. Returns whether the emulator ended well.
pub(crate) fn open(name: &str, model: Option<&Path>, from_source: bool) -> Result<bool, String> {
    let (program, qemu) = find(name).ok_or_else(|| {
        format!("no emulated board has a program {name}; `flashlet run --help` and boards/README.md list the boards, `board-runner hardware` builds the others")
    })?;
    let board = program.board;
    eprintln!("{name}: building the firmware");
    let elf = Toolchain::find(&board.firmware.target, from_source)?.build(&program)?;
    let cpu = qemu.cpus.last().ok_or(format!("{} has no processor", board.name))?;
    let is_selftest = board.selftest().is_some_and(|selftest| selftest.name == name);
    let mut emulator = if is_selftest {
        let mut emulator = with_program(board, qemu, cpu, &elf);
        emulator.args(SEMIHOSTING);
        emulator
    } else {
        let model = model.map_or_else(demo_model, PathBuf::from);
        let bytes = model.metadata().map_err(|error| format!("{}: {error}", model.display()))?.len();
        if bytes > board.model_bytes as u64 {
            return Err(format!("{}: {bytes} bytes do not fit the flash's {}", model.display(), board.model_bytes));
        }
        let log = target_dir().join(format!("{name}.defmt"));
        eprintln!("{name}: Ctrl-A X leaves the emulator; the log goes to {} (defmt-print)", log.display());
        let mut emulator = with_model(board, qemu, cpu, &elf, &model, &log);
        emulator.args(["-serial", "mon:stdio"]);
        emulator
    };
    let status = emulator.status().map_err(|error| format!("{:?}: {error}", emulator.get_program()))?;
    Ok(status.success())
}
