//! A grammar ready for the engine.

/// A grammar as tables for the engine.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub(crate) tables: Vec<u8>,
}
