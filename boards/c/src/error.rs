//! Reasons why calls fail.

use core::fmt;
use engine::Error;
use engine::session::Named;

/// Why a call failed.
#[derive(Clone, Copy)]
pub(crate) enum Failure {
    /// The engine says why.
    Engine(Named),
    /// The call's own reason: one of the codes from 900 on.
    Call(i32),
}

impl Failure {
    /// The code that C sees.
    pub(crate) fn code(&self) -> i32 {
        match self {
            Failure::Engine(named) => named.error.code().into(),
            Failure::Call(code) => *code,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Engine(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Engine(named) => named.fmt(f),
            Failure::Call(code) => write!(f, "the call was refused with code {code}"),
        }
    }
}
