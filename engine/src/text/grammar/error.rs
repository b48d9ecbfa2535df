//! Errors of grammars.

use core::fmt::{self, Display, Formatter};

/// Tables that cannot be used, or a text with more readings than a [`Matcher`](super::Matcher) holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum GrammarError {
    /// The tables are of another format or version.
    UnknownFormat,
    /// The tables' length is not the one that their header says.
    Length {
        /// Bytes that the header makes necessary.
        need: usize,
        /// Bytes of the tables.
        have: usize,
    },
    /// A number in the tables is out of range.
    OutOfRange {
        /// Its offset in the tables, in bytes.
        offset: usize,
    },
    /// More nesting than a matcher can hold.
    TooDeep {
        /// Frames that the grammar asks for.
        need: usize,
        /// Frames that can be kept.
        have: usize,
    },
    /// The text can be read in more ways than a matcher can hold.
    TooManyReadings {
        /// Readings that can be kept.
        have: usize,
    },
    /// The vocabulary does not lie in memory or mapped flash, where tokens can be looked at while logits come. A file that carries
    /// a grammar, or one that is planned to follow one, needs no mapping.
    NotMapped,
    /// The grammar has [values](crate::text::grammar#values), and the engine's feature `values` is off.
    Values,
    /// The grammar allows no token of the vocabulary, and its text is not complete.
    NoToken,
}

impl Display for GrammarError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            GrammarError::UnknownFormat => f.write_str("the grammar's tables are of an unknown format"),
            GrammarError::Length { need, have } => {
                write!(f, "the grammar's tables need {need} bytes and have {have}")
            }
            GrammarError::OutOfRange { offset } => {
                write!(f, "a number at offset {offset} of the grammar's tables is out of range")
            }
            GrammarError::TooDeep { need, have } => {
                write!(f, "the grammar nests {need} deep, at most {have} are supported: make its rules nest less")
            }
            GrammarError::TooManyReadings { have } => {
                write!(f, "the text can be read in more than {have} ways: make the grammar less ambiguous")
            }
            GrammarError::NotMapped => {
                f.write_str("a grammar needs a model that is mapped or carries it, or a plan with the option `follow`")
            }
            GrammarError::Values => f.write_str("the grammar has values: turn on feature `values`"),
            GrammarError::NoToken => f.write_str("no token of the vocabulary goes on as the grammar demands"),
        }
    }
}

impl core::error::Error for GrammarError {}
