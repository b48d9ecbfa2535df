//! The reasons why a command ends early.

use core::fmt::{self, Display};
use std::io;

use flashlet::Error;
use flashlet::text::grammar::GrammarError;
use flashlet::weights::{PassError, PassStep};

use crate::io::printable::printable;

/// A reason why a command ends early.
#[derive(Debug)]
pub enum Failure {
    /// One message for the user; exit code 1. `chat` takes it as one line's and goes on.
    Error(String),
    /// A message about what the command needs throughout: weights that cannot be read or computed with, standard output. Exit
    /// code 1.
    Fatal(String),
    /// The command was used wrongly; exit code 2.
    Usage(String),
    /// The user stopped it; `chat` goes on.
    Interrupted,
    /// Whoever read standard output has gone; nothing is left to say.
    Hangup,
}

impl Failure {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure::Error(message.into())
    }

    /// An error with `what` it concerns in front.
    pub fn about(what: impl Display, error: impl Display) -> Failure {
        Failure::Error(format!("{what}: {error}"))
    }

    /// An input or output error on the file or device `what`.
    pub fn io(what: impl Display, error: &io::Error) -> Failure {
        let text = error.to_string();
        // "Permission denied (os error 13)": the number helps nobody.
        let text = text.split(" (os error").next().unwrap_or(&text);
        Failure::Error(format!("{what}: {}", text.to_lowercase()))
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // One line, whatever the names in it are made of.
            Failure::Error(message) | Failure::Fatal(message) | Failure::Usage(message) => {
                f.write_str(&printable(message))
            }
            Failure::Interrupted => f.write_str("interrupted"),
            Failure::Hangup => f.write_str("standard output was closed"),
        }
    }
}

impl core::error::Error for Failure {}

impl From<GrammarError> for Failure {
    fn from(error: GrammarError) -> Failure {
        Failure::new(error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Pass(PassError::NotFinite { step: PassStep::Head, .. }) => {
                Failure::Fatal(format!("{error} (run and eval look for it in every layer with --find-nan)"))
            }
            Error::Pass(_) => Failure::Fatal(error.to_string()),
            _ => Failure::new(error.to_string()),
        }
    }
}
