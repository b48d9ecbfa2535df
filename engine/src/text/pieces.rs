//! Chat templates as pieces: the markup around system texts, users' texts and answers, which `flashlet pack` derives from a
//! model's template.

use crate::flash::{Flash, Source};
use crate::gguf::{Gguf, Str, Value};

use super::chat::Turn;
use super::error::{Key, PIECES_PREFIX, TextError};
use super::marker::bars;
use super::markup::{Content, MAX_THOUGHTS_END, Markup, Segment, Trims};
use super::tokenizer::{Encode, Tokenizer};
use super::turn_text::TurnText;

/// The version of the pieces.
const VERSION: u64 = 1;
/// Most bytes of one piece of markup.
const MAX_MARKUP: u64 = 4096;

/// The pieces of a file's chat template, which `flashlet pack` derives and writes as metadata. Their texts stay in flash.
///
/// | key, after [`PREFIX`](Self::PREFIX) | value |
/// |---|---|
/// | `version` | `u32`, 1: other pieces are not read |
/// | `first` | string: in front of the first user's text, the template's own system text included |
/// | `first_without_system` | string: the same where the system text is stated to be empty; `first` if absent |
/// | `before_system`, `after_system` | strings: around a stated system text; absent where there is no place for one |
/// | `after_user` | string: from a user's text to the answer that the model is to give |
/// | `after_earlier_user` | string: the same in front of an earlier answer; `after_user` if absent |
/// | `after_user_without_thinking` | string: `after_user` where the model is asked not to think first; absent if it cannot be |
/// | `after_answer` | string: from an answer to the next user's text |
/// | `trims` | `u32`: [`Trims::bits`]; 0 if absent |
/// | `thoughts_end` | string: earlier answers are rendered from behind the last such text on; whole if absent |
///
/// A string has at most 4096 bytes, the end of thoughts at most 64. Markup and texts are encoded as one string, and
/// [`MarkerKind`](super::MarkerKind) says which special tokens a user's text may contain. Where a system text is stated, neither it nor the
/// first user's text is to be blank: templates differ in what they leave out then.
#[derive(Clone, Copy, Debug)]
pub struct ChatPieces {
    markup: [Option<Str>; Markup::ALL.len()],
    pub(super) trims: Trims,
    pub(super) thoughts_end: Option<Str>,
    /// The template that they are made of.
    template: Option<Str>,
    /// The model may think before it answers.
    thinks: bool,
}

/// Names of the keys that are no markup, after [`ChatPieces::PREFIX`].
const OTHER_NAMES: [&str; 3] = [ChatPieces::VERSION_NAME, ChatPieces::TRIMS_NAME, ChatPieces::THOUGHTS_END_NAME];

#[cfg_attr(feature = "blocking", macros::blocking)]
impl ChatPieces {
    /// All keys begin so.
    pub const PREFIX: &'static str = PIECES_PREFIX;
    /// The version that this engine reads.
    pub const VERSION: u32 = VERSION as u32;
    /// The name of the version's key.
    pub const VERSION_NAME: &'static str = "version";
    /// The name of the key of [`Trims`].
    pub const TRIMS_NAME: &'static str = "trims";
    /// The name of the key of the text that ends thoughts.
    pub const THOUGHTS_END_NAME: &'static str = "thoughts_end";

    /// The pieces of the file that `gguf` describes; `None` if it has none.
    ///
    /// # Errors
    /// [`TextError::UnusablePieces`] for pieces of another version, that lack something or that are no such texts; flash
    /// failures.
    pub async fn read<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<Option<Self>, TextError> {
        let mut others = [None; OTHER_NAMES.len()];
        gguf.find_all(source, [Self::PREFIX, ""], &OTHER_NAMES, &mut others, &mut |_| true).await?;
        let [version, trims, thoughts_end] = others;
        let Some(version) = version else { return Ok(None) };
        if version.as_uint() != Some(VERSION) {
            return Err(TextError::UnusablePieces(Self::VERSION_NAME));
        }
        let bits = trims.map_or(Some(0), |value| value.as_uint()).and_then(|bits| u32::try_from(bits).ok());
        let unusable_trims = TextError::UnusablePieces(Self::TRIMS_NAME);
        let mut pieces = ChatPieces {
            markup: [None; Markup::ALL.len()],
            trims: bits.and_then(Trims::from_bits).ok_or(unusable_trims)?,
            thoughts_end: text(thoughts_end, MAX_THOUGHTS_END as u64, Self::THOUGHTS_END_NAME)?,
            template: None,
            thinks: true,
        };
        let mut values = [None; Markup::ALL.len()];
        gguf.find_all(source, [Self::PREFIX, ""], &Markup::ALL.map(Markup::name), &mut values, &mut |_| true).await?;
        for ((markup, slot), value) in Markup::ALL.into_iter().zip(&mut pieces.markup).zip(values) {
            *slot = text(value, MAX_MARKUP, markup.name())?;
        }
        // What a conversation without a system text is made of.
        for needed in [Markup::First, Markup::AfterUser, Markup::AfterAnswer] {
            pieces.place(needed)?;
        }
        let mut template = [None];
        gguf.find_all(source, ["", ""], &[Key::ChatTemplate.name()], &mut template, &mut |_| true).await?;
        pieces.template = template[0].and_then(|value| value.as_str());
        Ok(Some(pieces))
    }

    /// The same pieces, which let the model think before it answers, or ask it not to where the template can.
    #[must_use]
    pub fn with_thinking(self, thinks: bool) -> ChatPieces {
        ChatPieces { thinks, ..self }
    }

    /// True if an earlier answer may be rendered otherwise than it was made: without thoughts or white space, or behind other
    /// markup.
    #[must_use]
    pub fn rewrites_earlier_answers(&self) -> bool {
        self.thoughts_end.is_some()
            || self.at(Markup::AfterEarlierUser).is_some()
            || self.trims.apply(Content::Answer, " ").is_empty()
    }

    /// Encodes `turn` into `out`, up to where the model answers; returns how many ids there are. `room` is for the turn's
    /// text. Where the turn is not the first, an answer was before it, without the token that ended it.
    ///
    /// # Errors
    /// [`TextError::TurnTooLong`] when `room` is too short, [`TextError::TooManyMarkers`], [`TextError::NoSystemText`],
    /// [`TextError::UnusablePieces`], and those of [`Tokenizer::encode`].
    pub async fn encode<F: Flash>(
        &self,
        tokenizer: &mut Tokenizer<'_>,
        source: &mut Source<'_, F>,
        turn: &Turn<'_>,
        room: &mut [u8],
        out: &mut [u32],
    ) -> Result<usize, TextError> {
        self.encode_behind(tokenizer, source, TurnText::new(room), turn, out).await
    }

    /// Encodes `text` with `turn` behind it, as [`encode`](Self::encode) does.
    pub(super) async fn encode_behind<F: Flash>(
        &self,
        tokenizer: &mut Tokenizer<'_>,
        source: &mut Source<'_, F>,
        mut text: TurnText<'_>,
        turn: &Turn<'_>,
        out: &mut [u32],
    ) -> Result<usize, TextError> {
        // Borrowed: the end of an owning iterator of heapless is a panic in the compiler's eyes.
        for &segment in &self.trims.segments(turn) {
            match segment {
                Segment::Markup(markup) => text.markup(source, self.place(markup)?, markup).await?,
                Segment::Text(written) => text.user(written)?,
            }
        }
        let last = if self.thinks { Markup::AfterUser } else { Markup::AfterUserWithoutThinking };
        text.markup(source, self.place(last)?, last).await?;
        let (text, texts) = text.parts();
        let barred = bars(tokenizer, source, self.template, text, texts).await?;
        let options =
            Encode { bos: turn.first, special: true, continues: !turn.first, barred: &barred, ..Encode::default() };
        let mut n = tokenizer.encode(source, text, options, out).await?;
        // A template may write the BOS token that the tokenizer puts first by itself.
        while turn.first
            && let Some([first, second, ..]) = out.get(..n)
            && first == second
            && tokenizer.spec().bos() == Some(*first)
        {
            for at in 1..n {
                let id = out.get(at).copied().unwrap_or_default();
                out.get_mut(at - 1).into_iter().for_each(|slot| *slot = id);
            }
            n -= 1;
        }
        Ok(n)
    }

    pub(super) fn at(&self, markup: Markup) -> Option<Str> {
        self.markup.get(markup as usize).copied().flatten()
    }

    /// The place of `markup` in flash, or of its substitute.
    pub(super) fn place(&self, markup: Markup) -> Result<Str, TextError> {
        let found = self.at(markup).or_else(|| self.at(markup.substitute()?));
        found.ok_or(match markup {
            Markup::BeforeSystem | Markup::AfterSystem => TextError::NoSystemText,
            _ => TextError::UnusablePieces(markup.name()),
        })
    }
}

/// A text of the file, of at most `most` bytes.
fn text(value: Option<Value>, most: u64, name: &'static str) -> Result<Option<Str>, TextError> {
    match value {
        None => Ok(None),
        Some(Value::Str(text)) if text.len <= most => Ok(Some(text)),
        Some(_) => Err(TextError::UnusablePieces(name)),
    }
}
