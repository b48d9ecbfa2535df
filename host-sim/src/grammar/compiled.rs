//! A grammar ready for the engine.

use flashlet::flash::{Flash, Source};
use flashlet::gguf::{Gguf, Value, ValueType};
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

/// Most bytes of tables that are read.
const MAX_BYTES: u64 = 1 << 20;

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
        let mut find = |name| {
            let found = wait(gguf.find(source, &[CarriedGrammar::PREFIX, name]));
            found.map_err(|error| Failure::new(error.to_string()))
        };
        let array = match find(CarriedGrammar::TABLES_NAME)? {
            None => return Ok(None),
            Some(Value::Array(array)) if array.elem == ValueType::U8 && array.len <= MAX_BYTES => array,
            Some(_) => return Err(Failure::new("the grammar that the file carries has no tables")),
        };
        let room = find(CarriedGrammar::ROOM_NAME)?.and_then(|value| value.as_uint());
        let mut tables = vec![0; array.len as usize];
        wait(source.read(array.offset, &mut tables)).map_err(|error| Failure::new(error.to_string()))?;
        Ok(Some(Compiled { tables, room: room.and_then(|room| u32::try_from(room).ok()) }))
    }
}
