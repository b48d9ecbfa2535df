//! Grammars: JSON schemas and GBNF, compiled into the tables that the engine follows.

mod blocks;
mod bounds;
mod compile;
mod compiled;
mod dfa;
mod figures;
mod formats;
mod frame;
mod gbnf;
mod longest;
mod mark;
mod nfa;
mod number;
mod pattern;
mod readings;
mod refused;
mod schema;
mod tables;
mod values;

pub(crate) use bounds::MOST_DEPTH;
pub(crate) use compiled::Compiled;
pub(crate) use figures::Figures;
pub(crate) use frame::{Frame, Kind, Notation};
pub(crate) use gbnf::compile_gbnf;
pub(crate) use refused::Refused;
pub(crate) use schema::{compile_framed, compile_schema};

/// Levels to which values nest in each other, unless told otherwise.
pub(crate) const DEFAULT_DEPTH: u16 = 32;
