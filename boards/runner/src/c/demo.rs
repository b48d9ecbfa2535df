//! The demo in C on an emulated Cortex-M4F: its answer, and its size beside that of the firmware in Rust.

use super::library::{PROMPT, TOKENS, build, folder, run, shown};
use crate::elf;
use crate::emulator;
use crate::paths::{target_dir, test_model};
use crate::simulator::Simulator;
use crate::toolchain::Toolchain;
use core::time::Duration;
use std::path::Path;
use std::process::Command;

/// The demo's board, and the features and the profile that its Makefile names.
const BOARD: &str = "mps2-an386";
const FEATURES: &str = "small,blocking,isa-dsp,engine/kv_q8_0,engine/q4_k,engine/q6_k";
const PROFILE: &str = "size";
/// The board whose firmware has the same formats, profile and cache.
const LIKE: &str = "stm32f405";
/// Bytes of flash that the demo may take beyond that firmware.
const MARGIN: u64 = 10 << 10;

const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Builds the demo, runs it, and compares it with the simulator and with the firmware in Rust.
pub(crate) fn check(simulator: &Simulator, from_source: bool) -> Result<String, String> {
    let (board, qemu) = board_table::emulated().find(|(board, _)| board.name == BOARD).ok_or("no such board")?;
    let target = &board.firmware.target;
    let toolchain = Toolchain::find(target, from_source)?;
    let library = build(&toolchain, target, PROFILE, FEATURES)?.join(PROFILE).join("libflashlet.a");
    let out = target_dir().join("c-demo");
    let variables = [format!("BUILD={}", shown(&out)), format!("LIBRARY={}", shown(&library))];
    run(Command::new("make").arg("-C").arg(folder().join("demo")).args(variables).arg("all"))?;
    let program = out.join("demo.elf");

    let cpu = qemu.cpus.last().ok_or("the board has no processor")?;
    let emulator = emulator::with_model(board, qemu, cpu, &program, &test_model(), Path::new("/dev/null"));
    let (said, status) = emulator::run_console(emulator, "", TIME_LIMIT)?;
    let want = simulator.house("q8_0", &["--chat", "--temp", "0", "-n", TOKENS, PROMPT])?;
    let line = format!("{}\n[stats] hash={} ", want.text, want.logits_hash);
    if !status.success() || !said.starts_with(&line) {
        return Err(format!("it says {said:?} and ends with {status}; the simulator has {line:?}"));
    }
    let flash = in_flash(&program)?;
    let rust = board_table::all().iter().find(|board| board.name == LIKE).ok_or("no such board")?;
    let toolchain = Toolchain::find(&rust.firmware.target, from_source)?;
    let like = in_flash(&toolchain.build(&rust.program())?)?;
    if flash > like + MARGIN {
        return Err(format!("{flash} bytes of flash; {LIKE}'s firmware has {like}"));
    }
    Ok(format!(", {flash} bytes of flash; {LIKE}'s firmware has {like}"))
}

/// Bytes of code, constants, and what is copied to RAM at the start.
fn in_flash(program: &Path) -> Result<u64, String> {
    Ok(elf::sections(program)?.iter().filter(|section| section.in_flash).map(|section| section.bytes).sum())
}
