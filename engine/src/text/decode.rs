//! Tokens to text.

use crate::flash::{Flash, Source};

use super::detokenize::Detokenizer;
use super::error::TextError;
use super::spec::TokenType;
use super::tokenizer::Tokenizer;
use super::word::Alphabet;
#[cfg(feature = "bpe")]
use super::word::byte_of_char;

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Tokenizer<'_> {
    /// Decodes token `id` and hands what is complete of the text to `out`, in pieces.
    ///
    /// # Errors
    /// [`TextError::NoSuchToken`], flash failures.
    pub async fn decode<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        id: u32,
        detokenizer: &mut Detokenizer,
        out: &mut dyn FnMut(&str),
    ) -> Result<(), TextError> {
        let specials = detokenizer.shows_special();
        let string = self.tokens.locate(source, id).await?;
        let token_type = self.specials.token_type(&self.spec, source, id).await?;
        let Some(spelling) = self.spelling(token_type, string.len, specials) else { return Ok(()) };
        let mut buf = [0; PIECE];
        let mut done = 0;
        while done < string.len {
            let now = (string.len - done).min(PIECE as u64);
            // A copy, even of what is mapped: a `str` must not change after it was checked, a mapped file may.
            let bytes = buf.get_mut(..now as usize).unwrap_or_default();
            source.read(string.offset.saturating_add(done), bytes).await?;
            let mut plain = [0; PIECE];
            let (read, text) = spelling.plain(bytes, done + now == string.len, &mut plain);
            let strip = done == 0 && spelling.may_strip() && detokenizer.start() && self.spec.add_space_prefix;
            detokenizer.push(if strip { text.strip_prefix(b" ").unwrap_or(text) } else { text }, out);
            done += read.max(1) as u64;
        }
        Ok(())
    }

    /// The spelling of a token of this type, with a text of `len` bytes; `None` if it stands for no text. Control tokens stand for
    /// none unless `specials` are shown.
    pub(super) fn spelling(&self, token_type: TokenType, len: u64, specials: bool) -> Option<Spelling> {
        match (token_type, self.spec.kind.alphabet()) {
            (TokenType::Unknown | TokenType::Control, _) if !specials => None,
            (TokenType::Unused, _) => None,
            (TokenType::Byte, _) => (len == 6).then_some(Spelling::Byte),
            #[cfg(feature = "bpe")]
            (TokenType::Normal, Alphabet::Bytes) => Some(Spelling::Bytes),
            (TokenType::Normal, Alphabet::Marks) => Some(Spelling::Marks),
            _ => Some(Spelling::Plain),
        }
    }
}

/// Bytes of a token's text that are looked at together: at least those of a character.
pub(super) const PIECE: usize = 64;

/// The spelling of a token's text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    Plain,
    /// Six characters, such as `<0x0A>`, for one byte.
    Byte,
    #[cfg(feature = "bpe")]
    Bytes,
    Marks,
}

impl Spelling {
    /// True if the text may begin with a space that is dropped at the start of an answer.
    pub(super) fn may_strip(self) -> bool {
        self != Spelling::Byte
    }

    /// Reads `bytes` into `out`, at least as long; returns how many bytes were read, which may
    /// leave the start of a character for later unless this is the `last` piece, and the text.
    pub(super) fn plain<'o>(self, bytes: &'o [u8], last: bool, out: &'o mut [u8]) -> (usize, &'o [u8]) {
        match self {
            Spelling::Plain => return (bytes.len(), bytes),
            Spelling::Byte => {
                let byte = byte_token(bytes).and_then(|byte| out.split_first_mut().map(|(slot, _)| *slot = byte));
                return (bytes.len(), out.get(..usize::from(byte.is_some())).unwrap_or_default());
            }
            _ => {}
        }
        let mut read = 0;
        let mut len = 0;
        let mut put = |bytes: &[u8]| {
            for &byte in bytes {
                if let Some(slot) = out.get_mut(len) {
                    *slot = byte;
                    len += 1;
                }
            }
        };
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                let byte = match self {
                    Spelling::Marks if c == '\u{2581}' => Some(b' '),
                    #[cfg(feature = "bpe")]
                    Spelling::Bytes => byte_of_char(c),
                    _ => None,
                };
                match byte {
                    Some(byte) => put(&[byte]),
                    None => put(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            read += chunk.valid().len();
            if read + chunk.invalid().len() < bytes.len() || last {
                put(chunk.invalid());
                read += chunk.invalid().len();
            }
        }
        (read, out.get(..len).unwrap_or_default())
    }
}

/// The byte that a token such as `<0x0A>` stands for.
fn byte_token(name: &[u8]) -> Option<u8> {
    let [b'<', b'0', b'x', high, low, b'>'] = name else { return None };
    hex_byte(*high, *low)
}

/// The byte that two hexadecimal digits stand for.
pub(super) fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |d: u8| char::from(d).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}
