//! How raw bytes are spelled in a vocabulary.

use super::steps;

/// SentencePiece's mark for a space, U+2581.
pub(super) const SPACE_MARK: [u8; 3] = *b"\xe2\x96\x81";

/// How a vocabulary spells bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// Each byte as a printable character (GPT-2).
    Bytes,
    /// As they are, but a space as [`SPACE_MARK`].
    Marks,
}

impl Alphabet {
    /// The spelling of one byte.
    fn spell(self, byte: u8) -> impl Iterator<Item = u8> + Clone {
        let (bytes, len) = match (self, byte) {
            (Alphabet::Marks, b' ') => (SPACE_MARK, 3),
            (Alphabet::Marks, _) => ([byte, 0, 0], 1),
            (Alphabet::Bytes, _) => match char_of_byte(byte) {
                code @ 0..0x80 => ([code as u8, 0, 0], 1),
                code => ([0xc0 | (code >> 6) as u8, 0x80 | (code & 0x3f) as u8, 0], 2),
            },
        };
        bytes.into_iter().take(len)
    }
}

/// GPT-2's character for a byte: printable Latin-1 stands for itself, the rest is numbered from 256.
fn char_of_byte(byte: u8) -> u16 {
    let code = u16::from(byte);
    match byte {
        0x00..=0x20 => 256 + code,
        0x7f..=0xa0 => 256 + 33 + code - 0x7f,
        0xad => 256 + 33 + 34,
        _ => code,
    }
}

/// The byte that GPT-2's character stands for.
pub(super) fn byte_of_char(c: char) -> Option<u8> {
    match c as u32 {
        code @ (0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff) => Some(code as u8),
        code @ 256..=288 => Some((code - 256) as u8),
        code @ 289..=322 => Some((code - 289 + 0x7f) as u8),
        323 => Some(0xad),
        _ => None,
    }
}

/// A stretch of text that is merged on its own. Positions count raw bytes, the space that may be
/// put in front included.
#[derive(Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) alphabet: Alphabet,
    /// A space comes before the text.
    pub(super) prefix: bool,
    pub(super) text: &'t str,
}

impl<'t> Word<'t> {
    pub(super) fn len(self) -> usize {
        self.text.len() + usize::from(self.prefix)
    }

    /// The raw bytes from `start` to `end`.
    pub(super) fn raw(self, start: usize, end: usize) -> impl Iterator<Item = u8> + Clone + use<'t> {
        let shift = usize::from(self.prefix);
        let prefix = if self.prefix && start == 0 && end > 0 { Some(b' ') } else { None };
        let text = self.text.as_bytes().get(start.saturating_sub(shift)..end.saturating_sub(shift));
        prefix.into_iter().chain(text.unwrap_or_default().iter().copied())
    }

    /// As the vocabulary spells them.
    pub(super) fn spelled(self, start: usize, end: usize) -> impl Iterator<Item = u8> + Clone + use<'t> {
        self.raw(start, end).flat_map(move |byte| self.alphabet.spell(byte))
    }

    /// Bytes of each symbol that merging starts from.
    pub(super) fn symbols(self) -> impl Iterator<Item = usize> + use<'t> {
        let bytes = match self.alphabet {
            Alphabet::Bytes => self.len(),
            Alphabet::Marks => usize::from(self.prefix),
        };
        let chars = match self.alphabet {
            Alphabet::Bytes => "",
            Alphabet::Marks => self.text,
        };
        core::iter::repeat_n(1, bytes).chain(chars.chars().map(char::len_utf8))
    }
}

/// A set of bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct ByteSet([u32; 8]);

impl ByteSet {
    pub(super) fn insert(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 5)) {
            *word |= 1 << (byte & 31);
        }
    }

    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 5)).is_some_and(|word| word >> (byte & 31) & 1 != 0)
    }
}

/// Where SentencePiece text may be cut without changing its tokens: before a space that follows
/// something else, unless some token has the two next to each other, and around an ASCII
/// character that no longer token contains (often the line feed).
#[derive(Clone, Copy, Default)]
pub(super) struct Cuts {
    /// Last bytes before a space mark inside some token.
    joined: ByteSet,
    /// Bytes of tokens longer than one byte.
    inside: ByteSet,
}

impl Cuts {
    /// Both sets as a file carries them.
    pub(super) fn words(&self) -> [u32; 16] {
        let [a, b, c, d, e, f, g, h] = self.joined.0;
        let [i, j, k, l, m, n, o, p] = self.inside.0;
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
    }

    /// The sets of these words.
    #[cfg(feature = "flash-index")]
    pub(super) fn of_words(mut words: impl Iterator<Item = u32>) -> Cuts {
        let mut set = || ByteSet(core::array::from_fn(|_| words.next().unwrap_or(u32::MAX)));
        Cuts { joined: set(), inside: set() }
    }

    /// Takes note of a token's text.
    pub(super) fn learn(&mut self, state: &mut CutState, bytes: &[u8]) {
        for &byte in bytes {
            match state.len {
                0 => {}
                1 => [state.tail as u8, byte].into_iter().for_each(|byte| self.inside.insert(byte)),
                _ => self.inside.insert(byte),
            }
            state.tail = state.tail << 8 | u32::from(byte);
            state.len += 1;
            let [before, mark @ ..] = state.tail.to_be_bytes();
            if mark == SPACE_MARK {
                if state.len > 3 && state.mark_end + 3 != state.len {
                    self.joined.insert(before);
                }
                state.mark_end = state.len;
            }
        }
    }

    /// The first stretch of `text`, in bytes.
    pub(super) fn first(&self, text: &str) -> usize {
        let is_space = |c: char| matches!(c, ' ' | '\u{2581}');
        // A space is spelled as its mark, so it is not alone.
        let alone = |c: char| c.is_ascii() && c != ' ' && !self.inside.contains(c as u8);
        let mut chars = text.char_indices();
        let mut before = chars.next().map_or(' ', |(_, c)| c);
        for (at, c) in chars {
            steps::count(1);
            let last = at.checked_sub(1).and_then(|last| text.as_bytes().get(last)).copied().unwrap_or(0);
            if is_space(c) && !is_space(before) && !self.joined.contains(last) || alone(c) || alone(before) {
                return at;
            }
            before = c;
        }
        text.len()
    }
}

/// What [`Cuts::learn`] remembers of a token's bytes so far.
#[derive(Clone, Copy, Default)]
pub(super) struct CutState {
    tail: u32,
    len: u64,
    mark_end: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_own_printable_character() {
        let mut seen = std::collections::BTreeSet::new();
        for byte in 0..=255u8 {
            let spelled: std::vec::Vec<u8> = Alphabet::Bytes.spell(byte).collect();
            let text = core::str::from_utf8(&spelled).expect("a character is spelled in UTF-8");
            let c = text.chars().next().expect("one character");
            assert_eq!(text.chars().count(), 1);
            assert!(!c.is_whitespace() && !c.is_control());
            assert_eq!(byte_of_char(c), Some(byte));
            seen.insert(c);
        }
        assert_eq!(seen.len(), 256);
        // As published: a space is Ġ, a line feed Ċ.
        assert!(Alphabet::Bytes.spell(b' ').eq("Ġ".bytes()));
        assert!(Alphabet::Bytes.spell(b'\n').eq("Ċ".bytes()));
        assert_eq!(byte_of_char('\u{144}'), None);
    }

    #[test]
    fn text_is_cut_before_spaces_unless_a_token_joins_them() {
        let mut cuts = Cuts::default();
        cuts.learn(&mut CutState::default(), b"abcdef");
        assert_eq!(cuts.first("  ab  cd"), 4);
        cuts.learn(&mut CutState::default(), "▁▁ab▁".as_bytes());
        assert_eq!(cuts.first("  ab  cd ef"), 8);
        assert_eq!(cuts.first("a▁b"), 1);
        let mut only_marks = Cuts::default();
        only_marks.learn(&mut CutState::default(), "▁▁▁".as_bytes());
        assert_eq!(only_marks.first("é é"), 2);
    }

    #[test]
    fn text_is_cut_around_characters_that_no_token_holds_with_others() {
        let mut cuts = Cuts::default();
        cuts.learn(&mut CutState::default(), b"ab");
        cuts.learn(&mut CutState::default(), b"\n");
        assert_eq!(cuts.first("ab\nab"), 2);
        assert_eq!(cuts.first("\nab"), 1);
        cuts.learn(&mut CutState::default(), b"\n\n");
        assert_eq!(cuts.first("ab\nab"), 5);
    }
}
