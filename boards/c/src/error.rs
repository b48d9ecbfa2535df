//! Reasons why calls fail.

use crate::types::{
    FLASHLET_ERROR_ALIGNMENT, FLASHLET_ERROR_ARENA_TOO_SMALL, FLASHLET_ERROR_BUSY, FLASHLET_ERROR_FEATURE_OFF,
    FLASHLET_ERROR_MODEL, FLASHLET_ERROR_NO_ANSWER, FLASHLET_ERROR_NO_GRAMMAR, FLASHLET_ERROR_NOT_OPEN,
    FLASHLET_ERROR_NULL, FLASHLET_ERROR_OPTION, FLASHLET_ERROR_SESSION, FLASHLET_ERROR_UTF8,
};
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
            Failure::Call(code) => f.write_str(of_call(*code).unwrap_or_default()),
        }
    }
}

/// The meaning of a code of the library's own.
pub(crate) fn of_call(code: i32) -> Option<&'static str> {
    Some(match code {
        FLASHLET_ERROR_NULL => "a pointer is NULL that must not be",
        FLASHLET_ERROR_SESSION => "this is no session",
        FLASHLET_ERROR_ALIGNMENT => "the arena is not aligned",
        FLASHLET_ERROR_ARENA_TOO_SMALL => "the arena is smaller than what a session takes besides the model",
        FLASHLET_ERROR_MODEL => "the model has neither bytes in memory nor a function that reads",
        FLASHLET_ERROR_OPTION => "a number or a flag is none of those that are allowed",
        FLASHLET_ERROR_BUSY => "another call runs on the session",
        FLASHLET_ERROR_NOT_OPEN => "the session could not be opened",
        FLASHLET_ERROR_NO_ANSWER => "there is no answer to go on with",
        FLASHLET_ERROR_UTF8 => "a text is not UTF-8",
        FLASHLET_ERROR_FEATURE_OFF => "the library was built without the feature that this takes",
        FLASHLET_ERROR_NO_GRAMMAR => "the file carries no grammar",
        _ => return None,
    })
}
