//! Runs of the emulator.

use board_table::{Board, Cpu, Qemu};
use core::ops::Range;
use core::time::Duration;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

/// A board with its machine in QEMU.
pub(crate) type Emulated = (&'static Board, &'static Qemu);

/// Options that send semihosting's output to the emulator's own standard error.
pub(crate) const SEMIHOSTING: [&str; 2] = ["-semihosting-config", "enable=on,target=native"];

/// Those options, with a command line for the firmware.
fn semihosting_with(command_line: &str) -> [String; 2] {
    let [option, value] = SEMIHOSTING;
    [option.into(), format!("{value},arg={}", command_line.replace(' ', ",arg="))]
}

/// The emulator with a program on one of the board's processors. It counts instructions, a nanosecond each.
pub(crate) fn with_program(board: &Board, qemu: &Qemu, cpu: &Cpu, elf: &Path) -> Command {
    let mut command = Command::new(board.emulator());
    command.args(["-M", &qemu.machine]).args(&qemu.options).args(["-cpu", &cpu.name]);
    command.args(["-nodefaults", "-display", "none", "-icount", "shift=0", "-kernel"]).arg(elf);
    command
}

/// The emulator with a model's image in the flash too, and the log in a file.
pub(crate) fn with_model(board: &Board, qemu: &Qemu, cpu: &Cpu, elf: &Path, image: &Path, log: &Path) -> Command {
    let mut command = with_program(board, qemu, cpu, elf);
    let model_at = board.firmware.model_at.unwrap_or_default();
    command.arg("-device").arg(format!("loader,file={},addr={model_at:#x},force-raw=on", image.display()));
    command.arg("-chardev").arg(format!("file,id=log,path={}", log.display()));
    command.args(["-semihosting-config", "enable=on,target=native,chardev=log"]);
    command
}

/// Runs the emulator for at most `limit`, shows what the firmware says through semihosting, and returns it.
pub(crate) fn run(mut emulator: Command, limit: Duration) -> Result<String, String> {
    emulator.args(SEMIHOSTING);
    said(emulator, limit, true)
}

/// Runs the emulator for at most `limit` with a command line for the firmware, and returns what that says.
pub(crate) fn run_quietly(mut emulator: Command, command_line: &str, limit: Duration) -> Result<String, String> {
    emulator.args(semihosting_with(command_line));
    said(emulator, limit, false)
}

fn said(mut emulator: Command, limit: Duration, show: bool) -> Result<String, String> {
    // Semihosting writes to standard error.
    emulator.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = spawn(&mut emulator)?;
    let stderr = child.stderr.take().ok_or("no pipe to the emulator")?;
    let (output, status) = until_end(child, &listen(stderr), limit, show)?;
    if status.success() { Ok(output) } else { Err(format!("it ended with {status}")) }
}

/// Runs the emulator with a command line for the firmware, an instruction at a time, and hands the address of each one that
/// lies in `ranges` to `executed`. Returns what the firmware says.
pub(crate) fn trace(
    mut emulator: Command,
    command_line: &str,
    ranges: &[Range<u64>],
    mut executed: impl FnMut(u64),
) -> Result<String, String> {
    let ranges: Vec<_> = ranges.iter().map(|range| format!("{:#x}..{:#x}", range.start, range.end - 1)).collect();
    emulator.args(semihosting_with(command_line)).args(["-singlestep", "-d", "exec,nochain", "-D", "/dev/stdout"]);
    emulator.args(["-dfilter", &ranges.join(",")]);
    emulator.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(&mut emulator)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = stdout.zip(stderr).ok_or("no pipes to the emulator")?;
    let said = listen(stderr);
    let mut next = None;
    for line in BufReader::new(stdout).lines() {
        // Trace 0: 0x7fb8e8000100 [00800408/00000400/00000110/ff020201] Reset
        let line = line.map_err(|error| error.to_string())?;
        if line.starts_with("Stopped execution") {
            // An interrupt came before the instruction, which is named once more when it is executed.
            next = None;
        } else if let Some(rest) = line.strip_prefix("Trace ") {
            next.into_iter().for_each(&mut executed);
            next = rest.split('/').nth(1).and_then(|address| u64::from_str_radix(address, 16).ok());
        }
    }
    next.into_iter().for_each(executed);
    let status = child.wait().map_err(|error| error.to_string())?;
    let said = said.into_iter().flatten().collect::<Vec<_>>();
    let said = String::from_utf8_lossy(&said).into_owned();
    if status.success() { Ok(said) } else { Err(format!("it ended with {status}, and said {said:?}")) }
}

/// Runs the emulator with `typed` on the board's serial line, shows what the board says, and returns it with the status
/// that the emulator ended with, within `limit`.
pub(crate) fn run_console(mut emulator: Command, typed: &str, limit: Duration) -> Result<(String, ExitStatus), String> {
    emulator.args(["-serial", "stdio"]);
    emulator.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = spawn(&mut emulator)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (mut stdin, stdout) = stdin.zip(stdout).ok_or("no pipes to the emulator")?;
    // The board may have ended already; what it said tells.
    let _ = stdin.write_all(typed.as_bytes());
    until_end(child, &listen(stdout), limit, true)
}

fn spawn(emulator: &mut Command) -> Result<Child, String> {
    emulator.spawn().map_err(|error| format!("{:?}: {error}", emulator.get_program()))
}

/// Waits until the emulator ends, and returns what was said with the emulator's status. It is shown too, if asked for.
fn until_end(
    mut child: Child,
    said: &Receiver<Vec<u8>>,
    limit: Duration,
    show: bool,
) -> Result<(String, ExitStatus), String> {
    let end = Instant::now() + limit;
    let mut output = Vec::new();
    loop {
        match said.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(part) => {
                if show {
                    print!("{}", String::from_utf8_lossy(&part));
                }
                output.extend_from_slice(&part);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("not done after {} s", limit.as_secs()));
            }
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    Ok((String::from_utf8_lossy(&output).into_owned(), status))
}

/// Reads a pipe in a thread of its own, part by part.
fn listen(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(n @ 1..) = pipe.read(&mut part) {
            if sender.send(part[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The text that a board prints when it waits for a line.
const PROMPT: &[u8] = b"\n> ";

/// A board's serial line.
pub(crate) struct Serial {
    child: Child,
    stdin: ChildStdin,
    said: Receiver<Vec<u8>>,
    end: Instant,
}

impl Serial {
    /// Starts the emulator; everything must be done within `limit`. Returns the line and what the board says before
    /// it asks for a prompt.
    pub(crate) fn open(mut emulator: Command, limit: Duration) -> Result<(Serial, String), String> {
        emulator.args(["-serial", "stdio"]);
        emulator.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = spawn(&mut emulator)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (stdin, stdout) = stdin.zip(stdout).ok_or("no pipes to the emulator")?;
        let mut serial = Serial { child, stdin, said: listen(stdout), end: Instant::now() + limit };
        let greeting = serial.until_prompt(b"")?;
        Ok((serial, greeting))
    }

    /// The board's output until it asks for a line, after the output before.
    fn until_prompt(&mut self, before: &[u8]) -> Result<String, String> {
        let mut all = before.to_vec();
        while !all.ends_with(PROMPT) {
            match self.said.recv_timeout(self.end.saturating_duration_since(Instant::now())) {
                Ok(part) => all.extend_from_slice(&part),
                Err(error) => {
                    let why = match error {
                        RecvTimeoutError::Timeout => "the time is over",
                        RecvTimeoutError::Disconnected => "the emulator ended",
                    };
                    return Err(format!("{why}; the board said last: {:?}", tail(&all)));
                }
            }
        }
        all.truncate(all.len() - PROMPT.len() + 1);
        Ok(String::from_utf8_lossy(&all).replace('\r', ""))
    }

    /// Types `bytes` as they are.
    pub(crate) fn type_bytes(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stdin
            .write_all(bytes)
            .and_then(|()| self.stdin.flush())
            .map_err(|error| format!("the serial line: {error}"))
    }

    fn type_line(&mut self, line: &str) -> Result<String, String> {
        self.type_bytes(line.as_bytes())?;
        without_echo(&self.until_prompt(b"")?)
    }

    /// Types a line and returns what the board says to it, without the line's echo.
    pub(crate) fn ask(&mut self, line: &str) -> Result<String, String> {
        self.type_line(&format!("{line}\r"))
    }

    /// Types `line` with Ctrl-C right behind it and returns what the board says, without the line's echo. Typed later, Ctrl-C may
    /// come after a short answer on a busy machine.
    pub(crate) fn ask_and_interrupt(&mut self, line: &str) -> Result<String, String> {
        self.type_line(&format!("{line}\r\x03"))
    }

    /// Types `line` and, once `bytes` of the answer have come, Ctrl-C; returns what the board says, without the line's echo.
    pub(crate) fn interrupt_after(&mut self, line: &str, bytes: usize) -> Result<String, String> {
        self.type_bytes(format!("{line}\r").as_bytes())?;
        let mut all: Vec<u8> = Vec::new();
        let echo = line.len() + 2;
        while all.len() < echo + bytes {
            let part = self.said.recv_timeout(self.end.saturating_duration_since(Instant::now()));
            all.extend(part.map_err(|_| format!("no answer; the board said last: {:?}", tail(&all)))?);
        }
        self.type_bytes(b"\x03")?;
        let said = self.until_prompt(&all)?;
        without_echo(&said)
    }
}

/// Removes the echo of the typed line from the board's output and returns the rest.
fn without_echo(said: &str) -> Result<String, String> {
    said.split_once('\n').map(|(_, said)| said.to_owned()).ok_or("the board does not echo the line".into())
}

fn tail(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(300)..]).into_owned()
}

impl Drop for Serial {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
