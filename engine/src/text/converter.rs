//! Values of an answer: what was said is held back, and written as a number once it is whole.

use heapless::Vec;

use super::grammar::{Grammar, Matcher};
use super::values::{ValueError, Written};

/// The handling of a byte of an answer's text.
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
        if self.place.take(grammar, byte) != Ok(true) {
            return Err(ValueError::Unreadable);
        }
        let (before, now) = (self.value, self.place.value());
        let written = if before != 0 && now != before { Some(self.write(grammar)?) } else { None };
        self.value = now;
        if now != 0 {
            self.said.push(byte).map_err(|_| ValueError::TooLong)?;
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::text::grammar::{GrammarError, HEADER};
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// Tables of `(` any small letters or digits `)`, of which those between are a value.
    pub(crate) fn tables(action: u8, least: u32, most: u32) -> Vec<u8> {
        let words = [[b'(', b'(', 1, 0], [1, 0, 0, 0], [2, 0, 3, 0], [0; 4], [b'0', b'z', 2, 0], [b')', b')', 4, 0]];
        let firsts = [(0u8, 0u8), (1, 2 | 1 << 2), (4, 1), (5, 0), (6, 1), (6, 0)];
        let mut bytes = b"FGR2".to_vec();
        bytes.extend([5, 0, 0, 0, 6, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
        firsts.iter().for_each(|&(first, flags)| bytes.extend([first, 0, 0, flags]));
        words.iter().for_each(|word| bytes.extend(word));
        bytes.extend([1, 0, 0, 0, 2, 0, action, 0]);
        bytes.extend(least.to_le_bytes());
        bytes.extend(most.to_le_bytes());
        bytes
    }

    fn convert(tables: &[u8], text: &str) -> Result<String, ValueError> {
        let grammar = Grammar::open(tables).expect("they are tables");
        let (mut converter, mut out) = (Converter::new(), String::new());
        converter.restart(&grammar);
        for byte in text.bytes() {
            match converter.take(&grammar, byte)? {
                Step::Hold => continue,
                Step::Keep => {}
                Step::KeepBehind(written) => out += core::str::from_utf8(written.as_bytes()).expect("it is ASCII"),
            }
            out.push(byte.into());
        }
        Ok(out)
    }

    #[test]
    fn what_is_said_is_held_back_until_it_is_whole() {
        let tables = tables(0, 1, 9000);
        assert_eq!(convert(&tables, "(2h"), Ok("(".to_string()));
        assert_eq!(convert(&tables, "(2h)"), Ok("(7200)".to_string()));
        assert_eq!(convert(&tables, "(9000s)"), Ok("(9000)".to_string()));
        assert_eq!(convert(&tables, "(9001s)"), Err(ValueError::OutOfRange));
        assert_eq!(convert(&tables, "(9001s"), Ok("(".to_string()));
        assert_eq!(convert(&tables, "(x)"), Err(ValueError::Unreadable));
        assert_eq!(convert(&tables, "[2h)"), Err(ValueError::Unreadable));
        assert_eq!(convert(&tables, &std::format!("({}1s)", "0".repeat(62))), Ok("(1)".to_string()));
        assert_eq!(convert(&tables, &std::format!("({}1s", "0".repeat(63))), Err(ValueError::TooLong));
    }

    #[test]
    fn broken_values_are_refused() {
        let good = tables(1, 0, 86_399);
        assert_eq!(Grammar::open(&good).expect("they are tables").values().count(), 1);
        for len in 0..good.len() {
            assert!(Grammar::open(&good[..len]).is_err(), "{len}");
        }
        let record = good.len() - 12;
        for (at, byte) in
            [(record, 5), (record + 1, 1), (record + 2, 2), (record + 3, 1), (record + 10, 9), (record + 11, 1)]
        {
            let mut bytes = good.clone();
            bytes[at] = byte;
            assert_eq!(Grammar::open(&bytes).err(), Some(GrammarError::OutOfRange { offset: record }), "{at}");
        }
        assert!(Grammar::open(&tables(0, 2, 1)).is_err());
        for (at, byte, error) in [
            (14, 0, GrammarError::OutOfRange { offset: 14 }),
            (3, b'3', GrammarError::UnknownFormat),
            (3, b'1', GrammarError::Length { need: HEADER + 48, have: HEADER + 64 }),
            (record - 4, 2, GrammarError::Length { need: HEADER + 76, have: HEADER + 64 }),
            (record - 1, 255, GrammarError::Length { need: HEADER + 52 + 12 * 0xFF00_0001, have: HEADER + 64 }),
        ] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            assert_eq!(Grammar::open(&bytes).err(), Some(error), "{at}");
        }
    }
}
