//! A grammar ready for the engine.

use flashlet::flash::{Flash, Source};
use flashlet::gguf::Gguf;
use flashlet::text::CarriedGrammar;
use flashlet::text::grammar::Grammar;

use crate::failure::Failure;
use crate::sim::wait;

/// A grammar as tables for the engine.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub(crate) tables: Vec<u8>,
    /// Tokens of the longest answer, where the model's file says so.
    pub(crate) room: Option<u32>,
}

impl Compiled {
    /// The grammar, as the engine reads it.
    pub(crate) fn open(&self) -> Result<Grammar<'_>, Failure> {
        Grammar::open(&self.tables).map_err(|error| Failure::new(error.to_string()))
    }

    /// The grammar that the file of `gguf` carries; `None` if it has none.
    ///
    /// # Errors
    /// Metadata that cannot be a grammar's tables, a file that cannot be read.
    pub(crate) fn carried<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<Option<Compiled>, Failure> {
        let Some(carried) =
            wait(CarriedGrammar::read(gguf, source)).map_err(|error| Failure::new(error.to_string()))?
        else {
            return Ok(None);
        };
        let mut tables = vec![0; carried.table_bytes()];
        wait(source.read(carried.tables().offset, &mut tables)).map_err(|error| Failure::new(error.to_string()))?;
        Ok(Some(Compiled { tables, room: carried.room() }))
    }
}
