//! Text of an answer on its way to the caller.

#[cfg(feature = "probabilities")]
use crate::text::TextError;

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
}
