//! JSON schemas as grammars of the JSON texts that are valid by them.
//!
//! A schema becomes a list of alternatives, each of which says for every type what its values must be. What must be valid by
//! several schemas is one set of them, so that `allOf`, `oneOf`, `not` and conditions come out exactly, or are refused by name.

mod alternative;
mod doc;
mod emit;
mod emitter;
mod exact;
mod expand;
mod member;
mod object;
mod restrict;
mod restriction;
mod sets;

pub use exact::check_numbers;

use super::compiled::Compiled;
use super::frame::{Frame, Kind};
use super::refused::Refused;

/// Compiles the JSON texts that are valid by the schema in `text`. Values nest up to `depth` deep.
///
/// # Errors
/// [`Refused`]: the text is no schema, or one with a keyword or a size that is not supported.
pub fn compile_schema(text: &str, depth: u16) -> Result<Compiled, Refused> {
    let value = serde_json::from_str(text)
        .map_err(|error| Refused::new(format!("the schema is no JSON that is supported: {error}")))?;
    check_numbers(text)?;
    emit::emit(doc::Doc::new(&value), depth)
}

/// Compiles texts of values in the frame, each of one of `kinds`, whose schemas are parts of `schema`.
///
/// # Errors
/// [`Refused`]: as of [`compile_schema`].
pub fn compile_framed(
    schema: &serde_json::Value,
    kinds: &[Kind],
    frame: &Frame,
    depth: u16,
) -> Result<Compiled, Refused> {
    emit::emit_framed(doc::Doc::new(schema), kinds, frame, depth)
}
