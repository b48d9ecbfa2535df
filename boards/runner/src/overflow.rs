//! Programs with too little stack: they must say so on the console and end.

use crate::emulator;
use crate::paths::test_model;
use board_table::{Board, Cpu, Qemu};
use core::time::Duration;
use std::path::Path;
use std::process::ExitStatus;

/// Bytes of stack with which no program comes far, and with which none answers a prompt.
pub(crate) const TOO_FEW: [usize; 2] = [8 << 10, 12 << 10];

const TIME_LIMIT: Duration = Duration::from_secs(300);

/// Runs a program that was built with `bytes` of stack on one of the board's processors, and asks it for an answer.
pub(crate) fn run(board: &Board, qemu: &Qemu, cpu: &Cpu, elf: &Path, bytes: usize) -> Result<(), String> {
    let emulator = emulator::with_model(board, qemu, cpu, elf, &test_model(), Path::new("/dev/null"));
    let (said, status) = emulator::run_console(emulator, "is the garage door open?\r", TIME_LIMIT)?;
    judge(&said, status, bytes)
}

/// Asserts that the board's last line names the overflow, and that the program ended with a failure.
fn judge(said: &str, status: ExitStatus, bytes: usize) -> Result<(), String> {
    let line = format!("error: stack overflow: {bytes} bytes reserved; raise `stack` in boards.toml");
    if said.lines().last() != Some(&line) {
        return Err(format!("it should end with {line:?}, and says {said:?}"));
    }
    if status.code() == Some(1) { Ok(()) } else { Err(format!("it should end with status 1, not {status}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn the_line_and_the_status_count() {
        let good = "ready\r\n> \r\nerror: stack overflow: 64 bytes reserved; raise `stack` in boards.toml\r\n";
        let (failure, success) = (ExitStatus::from_raw(1 << 8), ExitStatus::from_raw(0));
        assert_eq!(judge(good, failure, 64), Ok(()));
        assert!(judge(good, failure, 65).is_err());
        assert!(judge(good, success, 64).is_err());
        assert!(judge("ready\r\n> ", failure, 64).is_err());
    }
}
