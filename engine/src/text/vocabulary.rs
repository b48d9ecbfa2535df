//! The bytes of tokens, at once: of a vocabulary in mapped flash, or of a copy.

use super::decode::{PIECE, hex_byte};
use super::index::Located;
use super::spec::TokenType;
use super::tokenizer::Tokenizer;
use crate::gguf::Value;

/// A part of the model file in memory.
#[derive(Clone, Copy)]
pub(crate) struct Span<'v> {
    pub(crate) bytes: &'v [u8],
    /// The place of its first byte in the file.
    pub(crate) first: u64,
}

impl<'v> Span<'v> {
    /// Its bytes from `offset` in the file on; none if they are not part of it.
    fn from(&self, offset: u64) -> &'v [u8] {
        let from = offset.checked_sub(self.first).and_then(|from| usize::try_from(from).ok());
        from.and_then(|from| self.bytes.get(from..)).unwrap_or_default()
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
        let tokens = text.map_or(&[][..], |text| text.from(tokenizer.tokens.start()));
        Vocabulary { tokenizer, text, tokens }
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
        match *self.tokenizer.tokens.text(self.tokens, last, id)? {
            [b'<', b'0', b'x', high, low, b'>'] => Some([hex_byte(high, low)?, b'<']),
            [first @ 0..0x80, ..] => Some([first; 2]),
            // U+0120 and U+2581, or the same of a token that is spelled as it is.
            [first @ 0xc4, 0xa0, ..] | [first @ 0xe2, 0x96, 0x81, ..] => Some([b' ', first]),
            _ => None,
        }
    }

    /// Hands the bytes of token `id` to `out`, in pieces, with true for a first one that may begin with a space of its own. `None` if
    /// they are not at hand.
    pub(crate) fn bytes(&self, id: u32, out: &mut dyn FnMut(&[u8], bool)) -> Option<()> {
        let mut string = self.tokenizer.tokens.text(self.tokens, &mut { Located::NONE }, id)?;
        let token_type = self.token_type(id)?;
        let Some(spelling) = self.tokenizer.spelling(token_type, string.len() as u64, false) else { return Some(()) };
        let mut may_strip = spelling.may_strip();
        while !string.is_empty() {
            // A copy: a mapped file may change, and a `str` must not after its UTF-8 was checked.
            let (mut copy, mut plain) = ([0; PIECE], [0; PIECE]);
            copy.iter_mut().zip(string).for_each(|(slot, &byte)| *slot = byte);
            let piece = copy.get(..string.len()).unwrap_or(&copy);
            let (read, text) = spelling.plain(piece, piece.len() == string.len(), &mut plain);
            out(text, may_strip);
            may_strip = false;
            string = string.get(read.max(1)..).unwrap_or_default();
        }
        Some(())
    }

    /// The type of token `id`.
    fn token_type(&self, id: u32) -> Option<TokenType> {
        let tokenizer = self.tokenizer;
        if tokenizer.specials.is_known(id) {
            return Some(TokenType::Control);
        }
        let Some(types) = tokenizer.spec.types else { return Some(TokenType::Normal) };
        let offset = types.offset.saturating_add(4 * u64::from(id));
        let word = self.text?.from(offset).first_chunk()?;
        Some(TokenType::from_value(Value::U32(u32::from_le_bytes(*word))))
    }
}
