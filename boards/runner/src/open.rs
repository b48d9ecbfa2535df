//! A board's prompt in this terminal.

use crate::boards::Board;
use crate::prompts::demo_model;
use crate::simulator::target_dir;
use crate::toolchain::Toolchain;
use std::path::{Path, PathBuf};

/// Runs a board, which is built first, or a program that was built, with the demo model or another. Returns whether the
/// emulator ended well.
pub(crate) fn open(what: &str, model: Option<&Path>, from_source: bool) -> Result<bool, String> {
    let path = Path::new(what);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(what);
    let board = Board::of_firmware(name).ok_or(format!("{name} is no board's program"))?;
    let selftest = name.ends_with("-selftest");
    let elf = if path.is_file() {
        path.to_owned()
    } else {
        let toolchain = Toolchain::find(board.target, from_source)?;
        let folder = toolchain.build(board, if selftest { "selftest" } else { "" })?;
        folder.join(name)
    };
    let cpu = board.cpus.last().ok_or(format!("{} has no processor", board.name))?;
    let mut emulator = if selftest {
        let mut emulator = board.emulator(cpu, &elf);
        emulator.args(["-semihosting-config", "enable=on,target=native"]);
        emulator
    } else {
        let model = model.map_or_else(demo_model, PathBuf::from);
        let bytes = model.metadata().map_err(|error| format!("{}: {error}", model.display()))?.len();
        if bytes > board.model_bytes as u64 {
            return Err(format!("{}: {bytes} bytes do not fit the flash's {}", model.display(), board.model_bytes));
        }
        let log = target_dir().join(format!("{name}.defmt"));
        eprintln!("{name}: Ctrl-A X leaves the emulator; the log goes to {} (defmt-print)", log.display());
        let mut emulator = board.with_model(cpu, &elf, &model, &log);
        emulator.args(["-serial", "mon:stdio"]);
        emulator
    };
    let status = emulator.status().map_err(|error| format!("{:?}: {error}", emulator.get_program()))?;
    Ok(status.success())
}
