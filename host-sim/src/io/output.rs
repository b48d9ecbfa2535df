//! Standard output: text as it is made, or one JSON object.

use std::io::{self, ErrorKind, StdoutLock, Write};

use serde::Serialize;

use crate::failure::Failure;

/// Standard output. Its first failure is kept, so that callbacks can write without a result.
#[derive(Debug)]
pub(crate) struct Output {
    out: StdoutLock<'static>,
    failed: Option<Failure>,
    at_line_start: bool,
}

impl Output {
    pub(crate) fn new() -> Output {
        Output { out: io::stdout().lock(), failed: None, at_line_start: true }
    }

    /// Writes `text` and shows it at once.
    pub(crate) fn write(&mut self, text: &str) {
        if self.failed.is_some() || text.is_empty() {
            return;
        }
        self.at_line_start = text.ends_with('\n');
        if let Err(error) = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            self.failed = Some(match error.kind() {
                ErrorKind::BrokenPipe => Failure::Hangup,
                _ => Failure::io("standard output", &error),
            });
        }
    }

    /// Ends the line, if one was begun.
    pub(crate) fn end_line(&mut self) {
        if !self.at_line_start {
            self.write("\n");
        }
    }

    /// The failure of an earlier write.
    pub(crate) fn check(&mut self) -> Result<(), Failure> {
        self.failed.take().map_or(Ok(()), Err)
    }
}

/// Prints `text`.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = Output::new();
    out.write(text);
    out.check()
}

/// Prints `value` as one JSON object on a line.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string(value).map_err(|error| Failure::about("JSON", error))?;
    text.push('\n');
    print(&text)
}

/// Prints `text` on standard error; if that is closed, nobody wants it.
pub(crate) fn note(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Prints a warning on standard error.
pub(crate) fn warn(text: &str) {
    note(&format!("warning: {text}\n"));
}
