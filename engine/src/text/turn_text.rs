//! The text of a turn as it is put together, in the caller's memory.

use core::ops::Range;

use crate::flash::{Flash, Source};
use crate::gguf::Str;

use super::detokenize::Detokenizer;
use super::error::TextError;
use super::markup::{MAX_THOUGHTS_END, Markup, Trims};
use super::tokenizer::Tokenizer;

/// The text of a turn as it is put together.
pub(super) struct TurnText<'b> {
    bytes: &'b mut [u8],
    len: usize,
    /// The places of texts that are no markup: a system text or an earlier answer, and a user's text.
    texts: heapless::Vec<Range<usize>, 2>,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl<'b> TurnText<'b> {
    /// No text yet, in `bytes`.
    pub(super) fn new(bytes: &'b mut [u8]) -> Self {
        TurnText { bytes, len: 0, texts: heapless::Vec::new() }
    }

    /// The whole text, and the places of what is no markup.
    pub(super) fn parts(&self) -> (&str, &[Range<usize>]) {
        let text = self.bytes.get(..self.len).and_then(|bytes| str::from_utf8(bytes).ok());
        (text.unwrap_or_default(), &self.texts)
    }

    /// Room for `n` bytes more.
    fn grow(&mut self, n: usize) -> Result<&mut [u8], TextError> {
        let (start, have) = (self.len, self.bytes.len());
        let need = start.saturating_add(n);
        self.len = need;
        self.bytes.get_mut(start..need).ok_or(TextError::TurnTooLong { need, have })
    }

    /// Adds `markup`, which lies at `place`.
    pub(super) async fn markup<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        place: Str,
        markup: Markup,
    ) -> Result<(), TextError> {
        let bytes = self.grow(place.len as usize)?;
        source.read(place.offset, bytes).await?;
        str::from_utf8(bytes).map(|_| ()).map_err(|_| TextError::UnusablePieces(markup.name()))
    }

    /// Adds what a user wrote, or a system text.
    pub(super) fn user(&mut self, text: &str) -> Result<(), TextError> {
        let start = self.len;
        self.grow(text.len())?.iter_mut().zip(text.bytes()).for_each(|(slot, byte)| *slot = byte);
        self.took(start);
        Ok(())
    }

    /// Takes note of a text that is no markup and goes from `start` to the end.
    fn took(&mut self, start: usize) {
        // There is room for the two that a turn has.
        let _ = self.texts.push(start..self.len);
    }
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl TurnText<'_> {
    /// Adds the text of the tokens `answer` as a template with these `trims` renders an earlier answer: from behind the last text
    /// like that at `thoughts_end` on.
    pub(super) async fn answer<F: Flash>(
        &mut self,
        (tokenizer, source): (&Tokenizer<'_>, &mut Source<'_, F>),
        answer: &[u32],
        trims: Trims,
        thoughts_end: Option<Str>,
    ) -> Result<Added, TextError> {
        let mut buf = [0; MAX_THOUGHTS_END];
        let (offset, len) = thoughts_end.map_or((0, 0), |end| (end.offset, end.len as usize));
        let thoughts_end = buf.get_mut(..len).unwrap_or_default();
        source.read(offset, thoughts_end).await?;
        let start = self.len;
        let mut text = Thoughts { turn: self, start, thoughts_end, begins_late: false, is_cut: false };
        let mut detokenizer = Detokenizer::new();
        for &id in answer {
            tokenizer.decode(source, id, &mut detokenizer, &mut |piece| text.push(piece.as_bytes())).await?;
        }
        detokenizer.flush(&mut |piece| text.push(piece.as_bytes()));
        let Thoughts { begins_late, is_cut, .. } = text;
        if is_cut {
            return Ok(Added::Nothing);
        }
        let trimmed = self.trim(start, |text| trims.rest_of_answer(text, begins_late));
        self.took(start);
        Ok(if begins_late || trimmed { Added::Other } else { Added::Same })
    }

    /// Leaves of the text from `start` on what `trim` leaves; true if that is less.
    fn trim(&mut self, start: usize, trim: impl Fn(&str) -> &str) -> bool {
        let text = self.bytes.get(start..self.len).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default();
        let kept = trim(text);
        let (from, n) = (start + kept.as_ptr().addr().saturating_sub(text.as_ptr().addr()), kept.len());
        let before = self.len;
        self.move_to(start, from, n);
        self.len < before
    }

    /// Moves the `n` bytes at `from` to `start`, before which they do not lie, as the end of the text.
    fn move_to(&mut self, start: usize, from: usize, n: usize) {
        for at in 0..n {
            let byte = self.bytes.get(from + at).copied().unwrap_or_default();
            self.bytes.get_mut(start + at).into_iter().for_each(|slot| *slot = byte);
        }
        self.len = start + n;
    }
}

/// The outcome of adding an earlier answer to the text of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// Its text as it was made.
    Same,
    /// Its text without thoughts or white space.
    Other,
    /// The text does not fit, and is of no use.
    Nothing,
}

/// The text of an earlier answer, of which what is behind the end of thoughts is kept.
struct Thoughts<'t, 'b> {
    turn: &'t mut TurnText<'b>,
    /// The answer's place in the text.
    start: usize,
    /// The text that ends thoughts; none if it is empty.
    thoughts_end: &'t [u8],
    /// Thoughts were left out.
    begins_late: bool,
    /// Text was left out that may not be thoughts.
    is_cut: bool,
}

impl Thoughts<'_, '_> {
    fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.turn.grow(1).is_err() {
                // The end of thoughts may have begun.
                let keep =
                    self.thoughts_end.len().saturating_sub(1).min(self.turn.bytes.len().saturating_sub(self.start));
                self.turn.move_to(self.start, self.turn.bytes.len() - keep, keep);
                self.is_cut = true;
                if self.turn.grow(1).is_err() {
                    self.turn.len = self.turn.bytes.len();
                    return;
                }
            }
            if let Some(slot) = self.turn.bytes.get_mut(self.turn.len - 1) {
                *slot = byte;
            }
            let text = self.turn.bytes.get(self.start..self.turn.len).unwrap_or_default();
            if !self.thoughts_end.is_empty() && text.ends_with(self.thoughts_end) {
                self.turn.len = self.start;
                (self.begins_late, self.is_cut) = (true, false);
            }
        }
    }
}
