//! The grammar that a model's file carries.

use flashlet::flash::{Flash, Source};
use flashlet::gguf::Gguf;
use flashlet::text::CarriedGrammar;
use flashlet_grammar::Compiled;

use crate::failure::Failure;
use crate::sim::wait;

/// The grammar that the file of `gguf` carries; `None` if it has none.
///
/// # Errors
/// Metadata that cannot be a grammar's tables, a file that cannot be read.
pub(crate) fn carried_grammar<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<Option<Compiled>, Failure> {
    let Some(carried) = wait(CarriedGrammar::read(gguf, source)).map_err(|error| Failure::new(error.to_string()))?
    else {
        return Ok(None);
    };
    let mut tables = vec![0; carried.table_bytes()];
    wait(source.read(carried.tables().offset, &mut tables)).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Some(Compiled { tables, room: carried.room() }))
}
