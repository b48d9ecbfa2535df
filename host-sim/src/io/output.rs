//! Standard output: text as it is made, or one JSON object.

use core::fmt::Arguments;
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

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
            self.failed = Some(failure(&error));
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

/// A long text on standard output, shown as a buffer is full and at the end.
#[derive(Debug)]
pub(crate) struct Listing(BufWriter<StdoutLock<'static>>);

impl Listing {
    pub(crate) fn new() -> Listing {
        Listing(BufWriter::with_capacity(1 << 16, io::stdout().lock()))
    }

    pub(crate) fn write(&mut self, text: Arguments<'_>) -> Result<(), Failure> {
        self.0.write_fmt(text).map_err(|error| failure(&error))
    }

    /// Shows what was written and not shown yet.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.0.flush().map_err(|error| failure(&error))
    }
}

/// The result of printing on standard output by other means.
pub(crate) fn printed(result: io::Result<()>) -> Result<(), Failure> {
    result.and_then(|()| io::stdout().flush()).map_err(|error| failure(&error))
}

/// An error of standard output.
fn failure(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::BrokenPipe => Failure::Hangup,
        _ => Failure::Fatal(Failure::io("standard output", error).to_string()),
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
