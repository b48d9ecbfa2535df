//! A grammar ready for the engine.

use flashlet::text::grammar::{Grammar, GrammarError};

/// A grammar as tables for the engine.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The tables, for [`Grammar::open`].
    pub tables: Vec<u8>,
    /// Tokens of the longest answer, where the model's file says so.
    pub room: Option<u32>,
}

impl Compiled {
    /// The grammar, as the engine reads it.
    ///
    /// # Errors
    /// [`GrammarError`]: the tables were not made here.
    pub fn open(&self) -> Result<Grammar<'_>, GrammarError> {
        Grammar::open(&self.tables)
    }
}
