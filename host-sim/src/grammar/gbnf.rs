//! Grammars in GBNF, the notation of llama.cpp.

use super::{Compiled, Refused};

/// Compiles the texts of rule `root` of a grammar in GBNF. Rules that contain themselves nest up to `depth` deep.
pub(crate) fn compile_gbnf(_text: &str, _depth: u16) -> Result<Compiled, Refused> {
    Err(Refused::new("GBNF is not supported yet"))
}
