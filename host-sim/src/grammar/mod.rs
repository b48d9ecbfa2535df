//! Grammars: JSON schemas and GBNF, compiled into the tables that the engine follows.

mod bounds;
mod compile;
mod dfa;
mod formats;
mod gbnf;
mod nfa;
mod number;
mod pattern;
mod refused;
mod schema;

pub(crate) use gbnf::compile_gbnf;
pub(crate) use refused::Refused;
pub(crate) use schema::compile_schema;

/// Levels to which values nest in each other, unless told otherwise.
pub(crate) const DEFAULT_DEPTH: u16 = 32;

/// A grammar as tables for the engine.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub(crate) tables: Vec<u8>,
}
