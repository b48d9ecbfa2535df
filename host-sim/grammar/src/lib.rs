//! Grammars: JSON schemas and GBNF, compiled into the tables that the engine follows.
//!
//! [`compile_schema`] and [`compile_gbnf`] take a text, and give [`Compiled`] tables or say why the text is [`Refused`]. The command
//! `flashlet grammar` shows them; a firmware's build script can call them too.
//!
//! ```
//! let compiled = flashlet_grammar::compile_gbnf(r#"root ::= "on" | "off""#, flashlet_grammar::DEFAULT_DEPTH)?;
//! assert_eq!(compiled.open().expect("tables just made").longest(), Some(3));
//! # Ok::<(), flashlet_grammar::Refused>(())
//! ```

mod blocks;
mod bounds;
mod compile;
mod compiled;
mod dfa;
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

pub use bounds::MOST_DEPTH;
pub use compiled::Compiled;
pub use frame::{Frame, Kind, Notation};
pub use gbnf::compile_gbnf;
pub use mark::show as value_mark;
pub use refused::Refused;
pub use schema::{check_numbers, compile_framed, compile_schema};

/// Levels to which values nest in each other, unless told otherwise.
pub const DEFAULT_DEPTH: u16 = 32;
