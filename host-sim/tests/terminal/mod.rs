//! Runs the binary at a pseudo-terminal, as a person does.

use core::ptr::null_mut;
use core::time::Duration;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

/// Enough for a slow machine; a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// `flashlet` with a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    keys: File,
    screen: Receiver<Vec<u8>>,
    /// All that the terminal showed.
    shown: String,
    /// Bytes of that which were waited for.
    seen: usize,
}

impl Terminal {
    /// Starts it without a history.
    pub(crate) fn start(args: &[&str]) -> Terminal {
        Terminal::start_with_history("", args)
    }

    /// Starts it with the history in the file at `history`.
    pub(crate) fn start_with_history(history: &str, args: &[&str]) -> Terminal {
        let (mut ours, mut theirs) = (0, 0);
        // SAFETY: it writes the two descriptors; the other arguments may be null.
        let opened = unsafe { libc::openpty(&raw mut ours, &raw mut theirs, null_mut(), null_mut(), null_mut()) };
        assert_eq!(opened, 0, "there are pseudo-terminals");
        // SAFETY: both descriptors are new, and nobody else closes them.
        let (ours, theirs) = unsafe { (OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) };
        // Closed in the child, so that the child gets a hang-up when the test ends, even by a panic.
        // SAFETY: the descriptor is open.
        unsafe { libc::fcntl(ours.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
        let copy = || theirs.try_clone().expect("a descriptor is left");
        let mut command = Command::new(env!("CARGO_BIN_EXE_flashlet"));
        command
            .args(args)
            .env("TERM", "xterm")
            .env("FLASHLET_HISTORY", history)
            .stdin(copy())
            .stdout(copy())
            .stderr(copy());
        let descriptor = theirs.as_raw_fd();
        // SAFETY: both functions are async-signal-safe. The terminal becomes the child's, so that Ctrl-C reaches it.
        unsafe {
            command.pre_exec(move || {
                libc::setsid();
                libc::ioctl(descriptor, libc::TIOCSCTTY, 0);
                Ok(())
            });
        }
        let child = command.spawn().expect("the binary starts");
        drop(command);
        let mut output = File::from(ours.try_clone().expect("a descriptor is left"));
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A terminal that the child has left reports an error.
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                if sender.send(bytes[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal { child, keys: File::from(ours), screen, shown: String::new(), seen: 0 }
    }

    pub(crate) fn press(&mut self, keys: impl AsRef<[u8]>) {
        self.keys.write_all(keys.as_ref()).expect("the terminal is open");
    }

    /// Waits until the terminal shows `text`, behind what was waited for before.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            match self.screen.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => unreachable!("{text:?} does not come: {:?}", self.shown),
            }
        }
    }

    /// Waits until an answer shows `text`. The answer begins after the escape sequence that ends the editing of a line, which may show the
    /// line several times.
    #[track_caller]
    pub(crate) fn wait_for_answer(&mut self, text: &str) {
        self.wait_for("\x1b[?2004l");
        self.wait_for(text);
    }

    /// Waits for the prompt, presses `keys`, and Enter.
    #[track_caller]
    pub(crate) fn say(&mut self, keys: impl AsRef<[u8]>) {
        self.wait_for("> ");
        self.press(keys);
        self.press("\r");
    }

    /// All that was shown up to the end of the program, and its exit code.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        while let Ok(bytes) = self.screen.recv_timeout(PATIENCE) {
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        // One that goes on would be waited for in vain.
        let _ = self.child.kill();
        let code = self.child.wait().expect("it ends").code();
        (code, self.shown)
    }
}
