//! Values of an answer: what was said is held back, and written as a number once it is whole.

use heapless::Vec;

use super::grammar::{Grammar, Matcher};
use super::values::{ValueError, Written};

/// What becomes of a byte of a text.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// It stays.
    Keep,
    /// It is part of a value, and left out.
    Hold,
    /// It stays behind a value, which was whole before it.
    KeepBehind(Written),
}

/// The place in a text whose values are converted, in about 1 KiB.
#[derive(Clone, Debug)]
pub struct Converter {
    place: Matcher,
    /// The number of the value that `said` is the beginning of; 0 for none.
    value: u8,
    said: Vec<u8, { Converter::MOST_SAID }>,
}

impl Converter {
    /// The most bytes that are said for a value.
    pub const MOST_SAID: usize = 64;

    /// A place in no text yet.
    #[must_use]
    pub const fn new() -> Self {
        Converter { place: Matcher::nowhere(), value: 0, said: Vec::new() }
    }

    /// Goes to the beginning of a text.
    pub fn restart(&mut self, grammar: &Grammar<'_>) {
        self.place.restart(grammar);
        self.said.clear();
        self.value = 0;
    }

    /// Takes the next `byte` of the text.
    ///
    /// # Errors
    /// [`ValueError`]: the value that was whole before it is refused, more is said than [`MOST_SAID`](Self::MOST_SAID) bytes, or the
    /// grammar does not allow the byte. The text ends before the value.
    pub fn take(&mut self, grammar: &Grammar<'_>, byte: u8) -> Result<Step, ValueError> {
        if self.place.accepts(grammar, byte) != Ok(true) {
            return Err(ValueError::Unreadable);
        }
        let (before, now) = (self.value, self.place.value());
        let written = if before != 0 && now != before { Some(self.write(grammar)?) } else { None };
        self.value = now;
        if now != 0 {
            self.said.push(byte).map_err(|_| ValueError::Unreadable)?;
        }
        Ok(match written {
            _ if now != 0 => Step::Hold,
            Some(written) => Step::KeepBehind(written),
            None => Step::Keep,
        })
    }

    /// Ends the text, and writes the value that it ends with, if there is one.
    ///
    /// # Errors
    /// [`ValueError`]: that value is refused.
    pub fn end(&mut self, grammar: &Grammar<'_>) -> Result<Option<Written>, ValueError> {
        if self.value == 0 { Ok(None) } else { self.write(grammar).map(Some) }
    }

    fn write(&mut self, grammar: &Grammar<'_>) -> Result<Written, ValueError> {
        let number = core::mem::take(&mut self.value);
        let value = grammar.values().nth(usize::from(number).saturating_sub(1)).ok_or(ValueError::Unreadable)?;
        let written = value.write(&self.said);
        self.said.clear();
        written
    }
}

impl Default for Converter {
    fn default() -> Self {
        Self::new()
    }
}
