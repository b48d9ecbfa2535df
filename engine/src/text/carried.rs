//! The grammar that a file carries.

use crate::flash::{Flash, Source};
use crate::gguf::{Array, Gguf, Value, ValueType};

use super::error::TextError;
use super::grammar::GrammarError;

/// Most bytes of tables.
const MAX_BYTES: u64 = 1 << 20;

/// The grammar that a file carries, which its answers are to follow.
///
/// | key | value |
/// |---|---|
/// | `flashlet.grammar.tables` | array of `u8`: the tables, see [`grammar`](super::grammar) |
/// | `flashlet.grammar.room` | `u32`: tokens of the longest answer, where they are known to be fewer than its bytes |
#[derive(Clone, Copy, Debug)]
pub struct CarriedGrammar {
    tables: Array,
    room: Option<u32>,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl CarriedGrammar {
    /// All keys begin so.
    pub const PREFIX: &'static str = "flashlet.grammar.";
    /// The name of the key of the tables.
    pub const TABLES_NAME: &'static str = "tables";
    /// The name of the key of the tokens of the longest answer.
    pub const ROOM_NAME: &'static str = "room";

    /// The grammar in the file of `gguf`; `None` if it has none. Its tables are read later.
    ///
    /// # Errors
    /// [`TextError::Grammar`] for what cannot be tables; flash failures.
    pub async fn read<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<Option<Self>, TextError> {
        let mut values = [None; 2];
        let names = [Self::TABLES_NAME, Self::ROOM_NAME];
        gguf.find_all(source, [Self::PREFIX, ""], &names, &mut values, &mut |_| true).await?;
        let (tables, room) = match values {
            [None, _] => return Ok(None),
            [Some(Value::Array(tables)), room] if tables.elem == ValueType::U8 && tables.len <= MAX_BYTES => {
                (tables, room)
            }
            _ => return Err(TextError::Grammar(GrammarError::UnknownFormat)),
        };
        let room = match room {
            None => None,
            Some(Value::U32(room)) if room > 0 => Some(room),
            Some(_) => return Err(TextError::Grammar(GrammarError::UnknownFormat)),
        };
        Ok(Some(CarriedGrammar { tables, room }))
    }

    /// Bytes of the tables.
    #[must_use]
    pub fn table_bytes(&self) -> usize {
        self.tables.len as usize
    }

    /// Tokens of the longest answer, if the file says so.
    #[must_use]
    pub fn room(&self) -> Option<u32> {
        self.room
    }

    /// The place of the tables in the file.
    #[must_use]
    pub fn tables(&self) -> Array {
        self.tables
    }

    /// The tables in a mapped file.
    pub(crate) fn mapped_tables<'m>(&self, file: &'m [u8]) -> &'m [u8] {
        let range = usize::try_from(self.tables.offset).ok().zip(usize::try_from(self.tables.end).ok());
        range.and_then(|(from, to)| file.get(from..to)).unwrap_or_default()
    }
}
