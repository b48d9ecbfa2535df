//! Texts that a grammar allows, told byte by byte.
//!
//! A [`Grammar`] is a view of tables that were compiled elsewhere: an automaton over bytes whose states call rules, with a count
//! in each call. A [`Matcher`] is a place in a text. A text that can be read in several ways is read in all of them, up to
//! [`MAX_READINGS`]; what does not fit is an error, never a wrong answer.
//!
//! # Values
//! A grammar may mark rules as values: an answer's text has seconds, or a time of day, in place of what the rule's text says. The
//! compiler has proved that where a value begins and ends is never in doubt. With the feature `values`, `text::values` has the language;
//! without it tables that have values are refused.

mod error;
mod matcher;
mod tables;

pub use error::GrammarError;
pub use matcher::{MAX_READINGS, Matcher};
pub use tables::{Grammar, HEADER, MAX_DEPTH};
