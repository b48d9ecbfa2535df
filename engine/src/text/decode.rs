//! Tokens to text.

use crate::flash::{Flash, ReadAt, Source};

use super::detokenize::Detokenizer;
use super::error::TextError;
use super::spec::TokenType;
use super::tokenizer::Tokenizer;
use super::word::Alphabet;
#[cfg(feature = "bpe")]
use super::word::byte_of_char;

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
        let mut put = |bytes: &[u8], starts: bool| {
            let strip = starts && detokenizer.start() && self.spec.add_space_prefix;
            let bytes = if strip { bytes.strip_prefix(b" ").unwrap_or(bytes) } else { bytes };
            detokenizer.push(bytes, out);
        };
        self.bytes(source, id, specials, &mut put).await
    }

    /// Hands the bytes of token `id` to `out`, in pieces; true for the first piece of a token that may begin with a space of its
    /// own. Control tokens have none unless `specials` are shown.
    ///
    /// # Errors
    /// [`TextError::NoSuchToken`], flash failures.
    pub(super) async fn bytes(
        &self,
        source: &mut impl ReadAt,
        id: u32,
        specials: bool,
        out: &mut dyn FnMut(&[u8], bool),
    ) -> Result<(), TextError> {
        let string = self.tokens.locate(source, id).await?;
        let token_type = self.specials.token_type(&self.spec, source, id).await?;
        match token_type {
            TokenType::Unknown | TokenType::Control if !specials => return Ok(()),
            TokenType::Unused => return Ok(()),
            TokenType::Byte => {
                let mut name = [0; 6];
                if string.len == 6 {
                    source.read_at(string.offset, &mut name).await?;
                }
                if let Some(byte) = byte_token(name) {
                    out(&[byte], false);
                }
                return Ok(());
            }
            _ => {}
        }
        let spelling = match (token_type, self.spec.kind.alphabet()) {
            #[cfg(feature = "bpe")]
            (TokenType::Normal, Alphabet::Bytes) => Spelling::Bytes,
            (TokenType::Normal, Alphabet::Marks) => Spelling::Marks,
            _ => Spelling::Plain,
        };
        let mut buf = [0; 64];
        let mut done = 0;
        while done < string.len {
            let now = (string.len - done).min(buf.len() as u64);
            // A copy, even of what is mapped: a `str` must not change after it was checked, a mapped file may.
            let bytes = buf.get_mut(..now as usize).unwrap_or_default();
            source.read_at(string.offset.saturating_add(done), bytes).await?;
            let last = done + now == string.len;
            let mut plain = [0; 64];
            let (read, text) = spelling.plain(bytes, last, &mut plain);
            out(text, done == 0);
            done += read.max(1) as u64;
        }
        Ok(())
    }
}

/// The spelling of a token's text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Plain,
    #[cfg(feature = "bpe")]
    Bytes,
    Marks,
}

impl Spelling {
    /// Reads `bytes` into `out`, at least as long; returns how many bytes were read, which may
    /// leave the start of a character for later unless this is the `last` piece, and the text.
    fn plain<'o>(self, bytes: &'o [u8], last: bool, out: &'o mut [u8]) -> (usize, &'o [u8]) {
        if self == Spelling::Plain {
            return (bytes.len(), bytes);
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
fn byte_token(name: [u8; 6]) -> Option<u8> {
    let [b'<', b'0', b'x', high, low, b'>'] = name else { return None };
    hex_byte(high, low)
}

/// The byte that two hexadecimal digits stand for.
pub(super) fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |d: u8| char::from(d).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}
