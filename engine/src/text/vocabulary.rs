//! The bytes of tokens, at once: of a vocabulary in mapped flash, or of a copy.

use super::error::TextError;
use super::tokenizer::Tokenizer;
use crate::flash::{FlashError, ReadAt, block_on};

/// A part of the model file in memory.
#[derive(Clone, Copy)]
pub(crate) struct Span<'v> {
    pub(crate) bytes: &'v [u8],
    /// The place of its first byte in the file.
    pub(crate) first: u64,
}

impl ReadAt for Span<'_> {
    async fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        let end = self.first.saturating_add(self.bytes.len() as u64);
        let error = FlashError::OutOfBounds { offset, bytes: dst.len() as u64, size: end };
        let from = offset.checked_sub(self.first).and_then(|from| usize::try_from(from).ok()).ok_or(error)?;
        let bytes = self.bytes.get(from..).and_then(|bytes| bytes.get(..dst.len())).ok_or(error)?;
        dst.iter_mut().zip(bytes).for_each(|(slot, &byte)| *slot = byte);
        Ok(())
    }
}

/// A vocabulary whose tokens can be looked at without waiting.
#[derive(Clone, Copy)]
pub(crate) struct Vocabulary<'v> {
    pub(crate) tokenizer: &'v Tokenizer<'v>,
    /// The mapped model file, or a copy of its vocabulary.
    pub(crate) text: Option<Span<'v>>,
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

    /// The first byte of token `id`, where it can be told at once: of text in ASCII that is neither a space nor a marker's beginning.
    pub(crate) fn first_byte(&self, id: u32) -> Option<u8> {
        let mut text = self.text?;
        let first = block_on(self.tokenizer.first_byte(&mut text, id), || {}).ok()?;
        Some(first).filter(|first| first.is_ascii_graphic() && *first != b'<')
    }

    /// Hands the bytes of token `id` to `out`, in pieces, with true for a first one that may begin with a space of its own.
    pub(crate) fn bytes(&self, id: u32, out: &mut dyn FnMut(&[u8], bool)) -> Result<(), TextError> {
        let mut text = self.text.unwrap_or(Span { bytes: &[], first: 0 });
        block_on(self.tokenizer.bytes(&mut text, id, false, out), || {})
    }
}
