//! The reasons why a file cannot be packed.

use core::fmt::{self, Display};
use std::io;

use flashlet::flash::FlashError;
use flashlet::gguf::{GgufError, MAX_ALIGNMENT};
use flashlet::text::TextError;

/// A file that cannot be packed.
#[derive(Debug)]
#[non_exhaustive]
pub enum PackError {
    /// It is no model that the engine runs.
    Model(Box<flashlet::session::Named>),
    /// Its metadata or directory cannot be read.
    Gguf(GgufError),
    /// It cannot be read.
    Flash(FlashError),
    /// The page is no power of two from 8 to 16 MiB.
    Page(u32),
    /// The room of a grammar's answers is given, but there is no grammar.
    NoGrammar,
    /// Its vocabulary cannot be indexed.
    Text(TextError),
    /// A tensor that does not match the checksum that the file has of it.
    Damaged(String),
    /// More than this machine can address.
    TooLarge,
    /// The packed file cannot be written.
    Write(io::Error),
}

impl Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PackError::Model(error) => error.fmt(f),
            PackError::Gguf(error) => error.fmt(f),
            PackError::Flash(error) => error.fmt(f),
            PackError::Page(page) => write!(f, "a page of {page} bytes is no power of two from 8 to {MAX_ALIGNMENT}"),
            PackError::NoGrammar => {
                f.write_str("the room for answers by a grammar is given, but the file carries no grammar and gets none")
            }
            PackError::Text(error) => error.fmt(f),
            PackError::Damaged(name) => {
                write!(f, "{name} does not match its checksum: the file is damaged, pack the original again")
            }
            PackError::TooLarge => f.write_str("the metadata are larger than this machine can address"),
            PackError::Write(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PackError {}
