//! The bytes of tokens, at once: of a vocabulary in mapped flash.

use super::error::TextError;
use super::tokenizer::Tokenizer;
use crate::flash::{SliceFlash, Source, block_on};

/// A vocabulary whose tokens can be looked at without waiting.
#[derive(Clone, Copy)]
pub(crate) struct Vocabulary<'v> {
    pub(crate) tokenizer: &'v Tokenizer<'v>,
    /// The model file, if it is mapped.
    pub(crate) mapped: Option<&'v [u8]>,
}

impl Vocabulary<'_> {
    /// True if the token ends an answer.
    pub(crate) fn is_end(&self, id: u32) -> bool {
        self.tokenizer.is_end(id)
    }

    /// True if a text's first token loses a space.
    pub(crate) fn strips_space(&self) -> bool {
        self.tokenizer.spec.add_space_prefix
    }

    /// Hands the bytes of token `id` to `out`, in pieces, with true for a first one that may begin with a space of its own.
    pub(crate) fn bytes(&self, id: u32, out: &mut dyn FnMut(&[u8], bool)) -> Result<(), TextError> {
        let bytes = self.mapped.unwrap_or_default();
        let mut source = Source::with_mapping(SliceFlash(bytes), bytes);
        block_on(self.tokenizer.bytes(&mut source, id, false, out), || {})
    }
}
