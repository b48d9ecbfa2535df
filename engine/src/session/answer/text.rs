//! Text of an answer on its way to the caller.

#[cfg(feature = "values")]
use crate::text::Converter;
#[cfg(feature = "probabilities")]
use crate::text::TextError;
#[cfg(feature = "values")]
use crate::text::{
    Step,
    grammar::Grammar,
    values::{ValueError, Written},
};

/// Text in the caller's memory. What may be the beginning of a stop string is held back.
pub(super) struct Text<'b> {
    bytes: &'b mut [u8],
    /// Bytes of text that are kept.
    len: usize,
    /// Bytes of it that are certain to be part of the answer.
    sure: usize,
    /// Bytes of it, the last ones, that are held back.
    held: usize,
    /// Bytes that would have been needed for text that was lost; 0 if none was.
    #[cfg(feature = "probabilities")]
    lost: usize,
}

impl<'b> Text<'b> {
    pub(super) fn new(bytes: &'b mut [u8]) -> Self {
        Text {
            bytes,
            len: 0,
            sure: 0,
            held: 0,
            #[cfg(feature = "probabilities")]
            lost: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        (self.len, self.sure, self.held) = (0, 0, 0);
        #[cfg(feature = "probabilities")]
        {
            self.lost = 0;
        }
    }

    /// Forgets what the caller has, and what was added since the last [`scan`](Self::scan); keeps what is held back.
    pub(super) fn release(&mut self) {
        let sure = core::mem::take(&mut self.sure);
        for at in 0..self.held {
            let byte = self.bytes.get(sure + at).copied().unwrap_or(0);
            if let Some(slot) = self.bytes.get_mut(at) {
                *slot = byte;
            }
        }
        self.len = self.held;
    }

    /// Forgets what was added since the last [`scan`](Self::scan), and keeps all else for a later one.
    #[cfg(feature = "probabilities")]
    pub(super) fn keep(&mut self) {
        self.len = self.sure + self.held;
    }

    /// Asserts that no text was lost since it was cleared.
    #[cfg(feature = "probabilities")]
    pub(super) fn check(&self) -> Result<(), TextError> {
        let (need, have) = (self.lost, self.capacity());
        if need > 0 { Err(TextError::AnswerTooLong { need, have }) } else { Ok(()) }
    }

    /// Bytes that there is room for.
    #[cfg(feature = "probabilities")]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Room for a text of `len` bytes in place of all text, and which is certain; `None` if there is not enough.
    #[cfg(feature = "probabilities")]
    pub(super) fn replace(&mut self, len: usize) -> Option<&mut [u8]> {
        self.clear();
        let room = self.bytes.get_mut(..len)?;
        (self.len, self.sure) = (len, len);
        Some(room)
    }

    /// Adds `text`, as much of it as there is room for.
    pub(super) fn push(&mut self, text: &str) {
        let room = self.bytes.len() - self.len;
        let mut fits = text.len().min(room);
        #[cfg(feature = "probabilities")]
        if fits < text.len() {
            self.lost = self.len.saturating_add(text.len());
        }
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        for (slot, byte) in self.bytes.iter_mut().skip(self.len).zip(text.bytes().take(fits)) {
            *slot = byte;
        }
        self.len += fits;
    }

    /// Writes values in place of what was said for them, in what was added since the last [`scan`](Self::scan).
    ///
    /// # Errors
    /// [`ValueError`]: a value is refused, or there is no room for it. The text ends in front of it.
    #[cfg(feature = "values")]
    pub(super) fn convert(&mut self, grammar: &Grammar<'_>, converter: &mut Converter) -> Result<(), ValueError> {
        let mut from = self.sure + self.held;
        let mut to = from;
        while from < self.len {
            let byte = self.bytes.get(from).copied().unwrap_or(0);
            from += 1;
            match converter.take(grammar, byte) {
                Ok(Step::Hold) => {}
                Ok(Step::Keep) => to = self.put(to, byte),
                Ok(Step::KeepBehind(written)) => {
                    // It may be longer than what was said of it in this token.
                    let need = to + written.as_bytes().len() + 1;
                    from += self.widen(from, need.saturating_sub(from));
                    match self.put_value(to, &written) {
                        Ok(end) => to = self.put(end, byte),
                        Err(error) => {
                            self.len = to;
                            return Err(error);
                        }
                    }
                }
                Err(error) => {
                    self.len = to;
                    return Err(error);
                }
            }
        }
        self.len = to;
        Ok(())
    }

    /// Puts a byte in a place; returns the next one.
    #[cfg(feature = "values")]
    fn put(&mut self, at: usize, byte: u8) -> usize {
        match self.bytes.get_mut(at) {
            Some(slot) => {
                *slot = byte;
                at + 1
            }
            None => at,
        }
    }

    /// Adds a value.
    ///
    /// # Errors
    /// [`ValueError::TooLong`]: there is no room for all of it, so none of it is added.
    #[cfg(feature = "values")]
    pub(super) fn push_value(&mut self, written: &Written) -> Result<(), ValueError> {
        self.len = self.put_value(self.len, written)?;
        Ok(())
    }

    /// Puts a value in a place; returns the next one.
    #[cfg(feature = "values")]
    fn put_value(&mut self, at: usize, written: &Written) -> Result<usize, ValueError> {
        let end = at + written.as_bytes().len();
        match self.bytes.get_mut(at..end) {
            Some(room) => {
                room.iter_mut().zip(written.as_bytes()).for_each(|(slot, byte)| *slot = *byte);
                Ok(end)
            }
            None => {
                #[cfg(feature = "probabilities")]
                {
                    self.lost = end;
                }
                Err(ValueError::TooLong)
            }
        }
    }

    /// Moves text from `from` on by `more` bytes; returns by how many it was moved. What there is no room for is lost.
    #[cfg(feature = "values")]
    fn widen(&mut self, from: usize, more: usize) -> usize {
        #[cfg(feature = "probabilities")]
        if self.len.saturating_add(more) > self.bytes.len() {
            self.lost = self.len.saturating_add(more);
        }
        let more = more.min(self.bytes.len().saturating_sub(from));
        self.len = self.len.saturating_add(more).min(self.bytes.len());
        for at in (from + more..self.len).rev() {
            let byte = self.bytes.get(at - more).copied().unwrap_or(0);
            self.put(at, byte);
        }
        more
    }

    /// Looks for the first of the strings `stops`; true if there is one: what is certain ends before it. Otherwise that is all but
    /// what may be the beginning of one, and all of it at the `last` call. Empty strings never occur.
    pub(super) fn scan(&mut self, stops: &[&str], last: bool) -> bool {
        let text = self.bytes.get(..self.len).unwrap_or_default();
        let stops = || stops.iter().map(|stop| stop.as_bytes()).filter(|stop| !stop.is_empty());
        let begins = |at: usize, stop: &[u8]| text.get(at..).is_some_and(|rest| rest.starts_with(stop));
        let found = (0..text.len()).find(|&at| stops().any(|stop| begins(at, stop)));
        self.sure = match found {
            Some(at) => at,
            None if last => text.len(),
            None => {
                let may_begin =
                    |at: &usize| stops().any(|stop| text.get(*at..).is_some_and(|rest| stop.starts_with(rest)));
                (0..text.len()).find(may_begin).unwrap_or(text.len())
            }
        };
        self.held = if found.is_some() { 0 } else { self.len - self.sure };
        found.is_some()
    }

    /// Text that is certain.
    pub(super) fn sure(&self) -> &str {
        let bytes = self.bytes.get(..self.sure).unwrap_or_default();
        // It is whole: characters are added and held back as a whole.
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    /// The text that comes out of `pieces`; true if a stop string ended it.
    fn run(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let (mut bytes, mut out) = ([0; 16], String::new());
        let mut text = Text::new(&mut bytes);
        for piece in pieces {
            text.release();
            text.push(piece);
            let stopped = text.scan(stops, false);
            out.push_str(text.sure());
            if stopped {
                return (out, true);
            }
        }
        text.release();
        text.scan(stops, true);
        out.push_str(text.sure());
        (out, false)
    }

    #[test]
    fn text_ends_before_the_first_stop_string() {
        assert_eq!(run(&["END"], &["one E", "N", "D two"]), ("one ".into(), true));
        assert_eq!(run(&["END", "e E"], &["one E", "ND"]), ("on".into(), true));
        assert_eq!(run(&["aab"], &["a", "a", "a", "b", "c"]), ("a".into(), true));
        assert_eq!(run(&["né\n"], &["caf n", "é", "\nx"]), ("caf ".into(), true));
    }

    #[test]
    fn what_only_looked_like_a_stop_string_is_kept() {
        assert_eq!(run(&["END"], &["EN", "E", "N"]), ("ENEN".into(), false));
        assert_eq!(run(&[""], &["all", " of it"]), ("all of it".into(), false));
        assert_eq!(run(&[], &["é"]), ("é".into(), false));
    }

    #[test]
    fn certain_text_is_handed_on_at_once() {
        let mut bytes = [0; 16];
        let mut text = Text::new(&mut bytes);
        text.push("a#b#");
        assert!(!text.scan(&["###"], false));
        assert_eq!(text.sure(), "a#b");
    }

    #[test]
    fn text_without_room_is_cut_at_a_character() {
        assert_eq!(run(&[], &["0123456789abcdeé", "f"]), ("0123456789abcdef".into(), false));
    }

    /// The text that comes out of `pieces` with values, in memory of `room` bytes.
    #[cfg(feature = "values")]
    fn run_with_values(pieces: &[&str], room: usize) -> Result<String, ValueError> {
        let tables = crate::text::tables_of_a_value(0, 0, 90_000);
        let grammar = Grammar::open(&tables).expect("they are tables");
        let (mut bytes, mut out, mut converter) = (std::vec![0; room], String::new(), Converter::new());
        let mut text = Text::new(&mut bytes);
        converter.restart(&grammar);
        for piece in pieces {
            text.release();
            text.push(piece);
            let converted = text.convert(&grammar, &mut converter);
            text.scan(&["s"], false);
            out.push_str(text.sure());
            converted?;
        }
        Ok(out)
    }

    #[cfg(feature = "values")]
    #[test]
    fn values_take_the_place_of_what_was_said_however_tokens_divide_it() {
        for (said, want) in [("(2h)", "(7200)"), ("(1d)", "(86400)"), ("(00000000001s)", "(1)")] {
            for first in 0..=said.len() {
                for second in first..=said.len() {
                    let pieces = [&said[..first], &said[first..second], &said[second..]];
                    assert_eq!(run_with_values(&pieces, 16), Ok(want.into()), "{pieces:?}");
                }
            }
        }
        assert_eq!(run_with_values(&["(2", "d)"], 16), Err(ValueError::OutOfRange));
    }

    #[cfg(feature = "values")]
    #[test]
    fn a_value_without_room_is_refused() {
        for room in 0..8 {
            for pieces in [&["(1d)"][..], &["(", "1d", ")"], &["(1", "d)"]] {
                let whole = run_with_values(pieces, room);
                // Never a part of a number.
                assert!(
                    whole.is_err() || whole.is_ok_and(|text| ["", "(", "(86400", "(86400)"].contains(&text.as_str())),
                    "{room} {pieces:?}"
                );
            }
        }
        let mut bytes = [0; 5];
        let mut text = Text::new(&mut bytes);
        let tables = crate::text::tables_of_a_value(0, 0, 90_000);
        let grammar = Grammar::open(&tables).expect("they are tables");
        let mut converter = Converter::new();
        converter.restart(&grammar);
        text.push("(1d)");
        assert_eq!(text.convert(&grammar, &mut converter), Err(ValueError::TooLong));
        #[cfg(feature = "probabilities")]
        assert!(text.check().is_err(), "an answer that is held back knows that text was lost");
    }
}
