//! Markers: texts that stand for one special token each. In a chat they come from the template alone, never from a user.

use core::ops::Range;

use crate::flash::{Flash, Source};
use crate::gguf::{Str, Value};

use super::error::TextError;
use super::spec::TokenType;
use super::special::{self, MAX_BYTES};
use super::tokenizer::Tokenizer;

/// The use of a special token in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// Ordinary text, such as runs of spaces and HTML's tags, which vocabularies have as tokens too.
    Text,
    /// Markup.
    Marker,
    /// Markup where the chat template contains it, else ordinary text.
    IfInTemplate,
}

impl MarkerKind {
    /// The use of the token `text`, of a type as `tokenizer.ggml.token_type` numbers them. Control tokens are markers. So are
    /// tokens of other types that look like one: files often give markers another type, and the tokenizer takes some for
    /// control tokens by their text.
    #[must_use]
    pub fn of(text: &str, token_type: u64) -> MarkerKind {
        let token_type = TokenType::from_value(Value::U64(token_type));
        match token_type {
            _ if text.trim().chars().nth(1).is_none() => MarkerKind::Text,
            TokenType::Unknown | TokenType::Control => MarkerKind::Marker,
            _ if special::is_well_known(text) => MarkerKind::Marker,
            _ if text.starts_with("<|") && text.as_bytes().windows(2).any(|pair| pair == b"|>") => MarkerKind::Marker,
            _ if text.contains(char::is_whitespace) => MarkerKind::Text,
            _ if is_bracketed(text) && !is_tag(text) => MarkerKind::Marker,
            _ if is_bracketed(text) => MarkerKind::IfInTemplate,
            TokenType::UserDefined
                if text.contains(is_of_words) && text.contains(|c: char| c.is_ascii_punctuation()) =>
            {
                MarkerKind::IfInTemplate
            }
            _ => MarkerKind::Text,
        }
    }
}

/// True for letters and digits; all characters that are not ASCII count, as the tables of those take a check that can panic.
fn is_of_words(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii()
}

/// True for `<...>`, `[...]` and `_<...>`.
fn is_bracketed(text: &str) -> bool {
    let text = text.strip_prefix('_').unwrap_or(text);
    [('<', '>'), ('[', ']')].into_iter().any(|(open, close)| {
        let inner = text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
        inner.is_some_and(|inner| inner.contains(is_of_words))
    })
}

/// True for a plain tag, as HTML has them: `<b>`, `</h1>`.
fn is_tag(text: &str) -> bool {
    let name = text.trim_start_matches('<').trim_start_matches('/').trim_end_matches('>');
    text.starts_with('<') && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Most markers that a user's text may contain.
const MAX_BARS: usize = 64;

/// Offsets in a text that no special token may span.
pub(super) type Bars = heapless::Vec<usize, MAX_BARS>;

/// The offsets in `text`, a rendered turn, that keep what users wrote at `users` from becoming a marker: one inside of each
/// marker that a user wrote, and the ends of a user's text where it makes up a marker together with the markup. `template` is
/// the chat template.
#[cfg_attr(feature = "blocking", macros::blocking)]
pub(super) async fn bars<F: Flash>(
    tokenizer: &Tokenizer<'_>,
    source: &mut Source<'_, F>,
    template: Option<Str>,
    text: &str,
    users: &[Range<usize>],
) -> Result<Bars, TextError> {
    let mut bars = Bars::new();
    let mut bar = |at| bars.push(at).map_err(|_| TextError::TooManyMarkers { have: MAX_BARS });
    for user in users {
        let written = text.get(user.clone()).unwrap_or_default();
        let start = user.start + (written.len() - written.trim_start().len());
        let ends = [start, start + written.trim().len()];
        for at in user.start.saturating_sub(MAX_BYTES - 1)..user.end {
            let Some(rest) = text.get(at..).filter(|rest| tokenizer.specials.may_begin(rest)) else { continue };
            for len in (1..=MAX_BYTES.min(rest.len())).filter(|&len| tokenizer.specials.may_have(len)) {
                let end = at + len;
                let Some(marker) = rest.get(..len).filter(|_| end > user.start) else { continue };
                let Some(id) = tokenizer.specials.find(&tokenizer.tokens, source, marker).await? else { continue };
                if !is_marker(tokenizer, source, template, marker, id).await? {
                    continue;
                }
                if at >= user.start && end <= user.end {
                    bar(at + marker.chars().next().map_or(1, char::len_utf8))?;
                }
                for edge in ends.into_iter().filter(|edge| (at + 1..end).contains(edge)) {
                    bar(edge)?;
                }
            }
        }
    }
    Ok(bars)
}

/// True if token `id`, whose text is `marker`, is markup.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn is_marker<F: Flash>(
    tokenizer: &Tokenizer<'_>,
    source: &mut Source<'_, F>,
    template: Option<Str>,
    marker: &str,
    id: u32,
) -> Result<bool, TextError> {
    let token_type = match tokenizer.spec.types {
        Some(types) => types.scalar(source, id.into()).await?.as_uint().unwrap_or(0),
        None => 0,
    };
    Ok(match (MarkerKind::of(marker, token_type), template) {
        (MarkerKind::Text, _) | (MarkerKind::IfInTemplate, None) => false,
        (MarkerKind::Marker, _) => true,
        (MarkerKind::IfInTemplate, Some(template)) => contains(source, template, marker.as_bytes()).await?,
    })
}

/// True if the string of the file contains `needle`, of 1 to [`MAX_BYTES`] bytes.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn contains<F: Flash>(source: &mut Source<'_, F>, string: Str, needle: &[u8]) -> Result<bool, TextError> {
    let mut buf = [0; 2 * MAX_BYTES];
    let mut at = 0;
    while string.len.saturating_sub(at) >= needle.len() as u64 {
        let now = (string.len - at).min(buf.len() as u64);
        let bytes = source.view(string.offset.saturating_add(at), now as usize, &mut buf).await?;
        if bytes.windows(needle.len().max(1)).any(|window| window == needle) {
            return Ok(true);
        }
        // The needle may lie across the end of what was looked at.
        at += (now - needle.len() as u64).saturating_add(1);
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORMAL: u64 = 1;
    const CONTROL: u64 = 3;
    const USER_DEFINED: u64 = 4;

    #[test]
    fn a_marker_is_known_by_its_type_or_its_look() {
        for (kind, tokens) in [
            (
                MarkerKind::Marker,
                &[
                    ("<b>", CONTROL),
                    ("word", CONTROL),
                    ("<|im_start|>", USER_DEFINED),
                    ("<|im_start|>user\n", USER_DEFINED),
                    ("<|im_start|>user\n", CONTROL),
                    ("<start_of_turn>", USER_DEFINED),
                    ("[INST]", USER_DEFINED),
                    ("<|im_end|>", NORMAL),
                    ("</s>", NORMAL),
                ][..],
            ),
            (
                MarkerKind::IfInTemplate,
                &[("<think>", USER_DEFINED), ("USER:", USER_DEFINED), ("<b>", USER_DEFINED), ("</h1>", USER_DEFINED)],
            ),
            (
                MarkerKind::Text,
                &[
                    ("\n\n", CONTROL),
                    ("  ", USER_DEFINED),
                    ("[]", NORMAL),
                    ("a", CONTROL),
                    ("the", NORMAL),
                    ("", CONTROL),
                ],
            ),
        ] {
            for &(text, token_type) in tokens {
                assert_eq!(MarkerKind::of(text, token_type), kind, "{text:?} of type {token_type}");
            }
        }
    }
}
