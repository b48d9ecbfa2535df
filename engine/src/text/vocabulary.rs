//! The bytes of tokens, at once: of a vocabulary in mapped flash, or of a copy.

use super::decode::hex_byte;
use super::error::TextError;
use super::index::Located;
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
    tokenizer: &'v Tokenizer<'v>,
    /// The mapped model file, or a copy of its vocabulary.
    text: Option<Span<'v>>,
    /// The part of it from the tokens on.
    tokens: &'v [u8],
}

impl<'v> Vocabulary<'v> {
    pub(crate) fn new(tokenizer: &'v Tokenizer<'v>, text: Option<Span<'v>>) -> Self {
        let tokens = text.and_then(|text| {
            let start = tokenizer.tokens.start().checked_sub(text.first)?;
            text.bytes.get(usize::try_from(start).ok()?..)
        });
        Vocabulary { tokenizer, text, tokens: tokens.unwrap_or_default() }
    }

    /// True if there are texts to look at.
    pub(crate) fn is_at_hand(&self) -> bool {
        self.text.is_some()
    }

    /// True if the token ends an answer.
    pub(crate) fn is_end(&self, id: u32) -> bool {
        self.tokenizer.is_end(id)
    }

    /// True if a text's first token loses a space.
    pub(crate) fn strips_space(&self) -> bool {
        self.tokenizer.spec.add_space_prefix
    }

    /// The byte that token `id` begins with: one of two, as a token's type may change its spelling. Only where it can be told at once,
    /// as of text in ASCII, of a space's sign and of `<0x0A>`; `last` is the token that was asked for before.
    #[inline]
    pub(crate) fn first_byte(&self, last: &mut Located, id: u32) -> Option<[u8; 2]> {
        let (at, len) = self.tokenizer.tokens.locate_at_once(last, id)?;
        let at = at as usize;
        match *self.tokens.get(at..at.checked_add(len.into())?)? {
            [b'<', b'0', b'x', high, low, b'>'] => Some([hex_byte(high, low)?, b'<']),
            [first @ 0..0x80, ..] => Some([first; 2]),
            // U+0120 and U+2581, or the same of a token that is spelled as it is.
            [first @ 0xc4, 0xa0, ..] | [first @ 0xe2, 0x96, 0x81, ..] => Some([b' ', first]),
            _ => None,
        }
    }

    /// Hands the bytes of token `id` to `out`, in pieces, with true for a first one that may begin with a space of its own.
    pub(crate) fn bytes(&self, id: u32, out: &mut dyn FnMut(&[u8], bool)) -> Result<(), TextError> {
        let mut text = self.text.unwrap_or(Span { bytes: &[], first: 0 });
        block_on(self.tokenizer.bytes(&mut text, id, false, out), || {})
    }
}
