//! The memory of the grammar that a file carries.

use super::error::Error;
use crate::arena::{Arena, Region};
use crate::flash::{Flash, Source};
use crate::text::grammar::Grammar;
use crate::text::{CarriedGrammar, Span, TextError};

/// The grammar that a file carries: where the file is not mapped, with copies of its tables and of the vocabulary, which are looked
/// at while logits come.
pub(super) struct GrammarMemory<'a> {
    tables: &'a mut [u8],
    vocabulary: &'a mut [u8],
    /// The place of the vocabulary in the file.
    first: u64,
    grammar: Option<Grammar<'a>>,
}

impl<'a> GrammarMemory<'a> {
    /// Memory for the copies of a grammar; none without one to be copied.
    pub(super) fn take(copied: Option<&CarriedGrammar>, arena: &mut Arena<'a>) -> Self {
        let [tables, vocabulary] = copied.map_or([0; 2], CarriedGrammar::copied_bytes);
        GrammarMemory {
            tables: arena.take(Region::TokenizerIndex, tables),
            vocabulary: arena.take(Region::TokenizerIndex, vocabulary),
            first: copied.map_or(0, CarriedGrammar::vocabulary_offset),
            grammar: None,
        }
    }

    /// Reads what is copied, and checks the tables.
    pub(super) async fn fill<'m: 'a, F: Flash>(
        &mut self,
        carried: &CarriedGrammar,
        source: &mut Source<'m, F>,
    ) -> Result<(), Error> {
        let tables: &'a [u8] = match source.mapped.filter(|file| self.first == 0 && carried.is_within(file.len())) {
            Some(file) => carried.mapped_tables(file),
            None => {
                source.read(self.first, self.vocabulary).await?;
                source.read(carried.tables().offset, self.tables).await?;
                let tables: &'a mut [u8] = core::mem::take(&mut self.tables);
                tables
            }
        };
        let grammar = Grammar::open(tables).map_err(TextError::Grammar)?;
        self.grammar = Some(carried.room().map_or(grammar, |room| grammar.with_room(room)));
        Ok(())
    }

    /// The grammar that was read.
    pub(super) fn grammar(&self) -> Option<Grammar<'a>> {
        self.grammar
    }

    /// The bytes that the vocabulary's tokens are looked up in: a copy, or the `mapped` file.
    pub(super) fn vocabulary<'v>(&'v self, mapped: Option<&'v [u8]>) -> Option<Span<'v>> {
        match self.first {
            0 => mapped.map(|bytes| Span { bytes, first: 0 }),
            first => Some(Span { bytes: self.vocabulary, first }),
        }
    }
}
