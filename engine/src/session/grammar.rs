//! The memory of grammars in the arena.

use super::error::Error;
use super::model::Model;
use crate::arena::{Arena, Region};
use crate::flash::{Flash, Source};
use crate::text::grammar::Grammar;
use crate::text::{Span, TextError};

/// The grammar that a file carries, and the vocabulary, whose tokens are looked at while logits come: copies of both where the file
/// is not mapped.
pub(super) struct GrammarMemory<'a> {
    tables: &'a mut [u8],
    vocabulary: &'a mut [u8],
    /// The place of the copied vocabulary in the file; 0 without a copy.
    first: u64,
    grammar: Option<Grammar<'a>>,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl<'a> GrammarMemory<'a> {
    /// Memory of a grammar, if it `copies` what `model` has.
    pub(super) fn take(model: &Model, copies: bool, arena: &mut Arena<'a>) -> Self {
        let tables = model.grammar.map_or(0, |carried| carried.table_bytes());
        let vocabulary = model.spec.vocabulary();
        let bytes = usize::try_from(vocabulary.end.saturating_sub(vocabulary.start)).unwrap_or(usize::MAX);
        let mut copy = |bytes| arena.take(Region::TokenizerIndex, if copies { bytes } else { 0 });
        GrammarMemory {
            tables: copy(tables),
            vocabulary: copy(bytes),
            first: if copies { vocabulary.start } else { 0 },
            grammar: None,
        }
    }

    /// Reads what is copied, and checks the tables.
    pub(super) async fn fill<'m: 'a, F: Flash>(
        &mut self,
        model: &Model,
        source: &mut Source<'m, F>,
    ) -> Result<(), Error> {
        let tables_at = model.grammar.map_or(0, |carried| carried.tables().offset);
        for (offset, copy) in [(self.first, &mut *self.vocabulary), (tables_at, &mut *self.tables)] {
            source.read(offset, copy).await?;
        }
        let Some(carried) = model.grammar else { return Ok(()) };
        let tables: &'a [u8] = match source.mapped.filter(|_| self.first == 0) {
            Some(file) => carried.mapped_tables(file),
            None => {
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

impl Model {
    /// True if the mapped part of the file holds the vocabulary, and the grammar's tables if it carries one.
    pub(super) fn grammar_is_mapped<F>(&self, source: &Source<'_, F>) -> bool {
        let tables = self.grammar.map_or(0, |carried| carried.tables().end);
        source.mapped.is_some_and(|file| file.len() as u64 >= tables.max(self.spec.vocabulary().end))
    }
}
