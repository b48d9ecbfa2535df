//! Spellings of raw bytes in vocabularies.

use super::steps;

/// SentencePiece's mark for a space, U+2581.
pub(super) const SPACE_MARK: [u8; 3] = *b"\xe2\x96\x81";

/// The spelling of bytes in a vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// Each byte as a printable character (GPT-2).
    #[cfg(feature = "bpe")]
    Bytes,
    /// Bytes as they are, but a space as [`SPACE_MARK`].
    Marks,
}

/// Bytes as a vocabulary spells them: what a string of the vocabulary is compared with.
#[derive(Clone)]
pub(super) struct Spelled<'t> {
    /// None: as they are.
    alphabet: Option<Alphabet>,
    /// A space comes before the raw bytes.
    prefix: bool,
    raw: &'t [u8],
    /// Raw bytes left before the space that parts the two halves of a merge.
    before_gap: usize,
    /// The rest of a character that was begun, the next byte lowest; none of its bytes is 0.
    rest: u16,
}

/// A [`Spelled::before_gap`] that no text reaches.
const NO_GAP: usize = usize::MAX;

impl<'t> Spelled<'t> {
    /// Bytes that are spelled as they are.
    pub(super) fn plain(raw: &'t [u8]) -> Self {
        Spelled { alphabet: None, prefix: false, raw, before_gap: NO_GAP, rest: 0 }
    }

    fn next_raw(&mut self) -> Option<u8> {
        if core::mem::take(&mut self.prefix) {
            return Some(b' ');
        }
        let (&byte, raw) = self.raw.split_first()?;
        self.raw = raw;
        Some(byte)
    }
}

impl Iterator for Spelled<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.rest != 0 {
            let byte = self.rest as u8;
            self.rest >>= 8;
            return Some(byte);
        }
        if self.before_gap == 0 {
            self.before_gap = NO_GAP;
            return Some(b' ');
        }
        let byte = self.next_raw()?;
        self.before_gap = self.before_gap.wrapping_sub(1);
        match self.alphabet {
            Some(Alphabet::Marks) if byte == b' ' => {
                let [first, rest @ ..] = SPACE_MARK;
                self.rest = u16::from_le_bytes(rest);
                Some(first)
            }
            #[cfg(feature = "bpe")]
            Some(Alphabet::Bytes) => match char_of_byte(byte) {
                code @ 0..0x80 => Some(code as u8),
                code => {
                    self.rest = 0x80 | code & 0x3f;
                    Some(0xc0 | (code >> 6) as u8)
                }
            },
            Some(Alphabet::Marks) | None => Some(byte),
        }
    }
}

/// GPT-2's character for a byte: printable Latin-1 stands for itself, the rest is numbered from 256.
#[cfg(feature = "bpe")]
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
#[cfg(feature = "bpe")]
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

    /// The raw bytes from `start` to `end`, as the vocabulary spells them.
    pub(super) fn spelled(self, start: usize, end: usize) -> Spelled<'t> {
        let shift = usize::from(self.prefix);
        let raw = self.text.as_bytes().get(start.saturating_sub(shift)..end.saturating_sub(shift)).unwrap_or_default();
        let prefix = self.prefix && start == 0 && end > 0;
        Spelled { alphabet: Some(self.alphabet), prefix, raw, before_gap: NO_GAP, rest: 0 }
    }

    /// A merge as a vocabulary lists it: both halves with a space between, which no half contains.
    #[cfg(feature = "bpe")]
    pub(super) fn merge(self, start: usize, middle: usize, end: usize) -> Spelled<'t> {
        Spelled { before_gap: middle - start, ..self.spelled(start, end) }
    }

    /// Bytes of each symbol that merging starts from.
    pub(super) fn symbols(self) -> impl Iterator<Item = usize> + use<'t> {
        let (bytes, chars) = match self.alphabet {
            #[cfg(feature = "bpe")]
            Alphabet::Bytes => (self.len(), ""),
            Alphabet::Marks => (usize::from(self.prefix), self.text),
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

/// The places where SentencePiece text may be cut without changing its tokens: before a space that follows
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
                // Neither the token's first bytes nor right behind another mark.
                if state.mark_end + 3 != state.len {
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

/// The state of [`Cuts::learn`] between the bytes of a token.
#[derive(Clone, Copy, Default)]
pub(super) struct CutState {
    tail: u32,
    len: u64,
    mark_end: u64,
}

#[cfg(test)]
#[cfg(feature = "bpe")]
mod tests {
    use super::*;

    fn spell(raw: &[u8]) -> Spelled<'_> {
        Spelled { alphabet: Some(Alphabet::Bytes), ..Spelled::plain(raw) }
    }

    #[test]
    fn words_are_spelled_from_any_byte_to_any_other() {
        let is = |spelled: Spelled<'_>, want: &str| assert_eq!(spelled.collect::<std::vec::Vec<u8>>(), want.as_bytes());
        let word = Word { alphabet: Alphabet::Marks, prefix: true, text: "a bc" };
        is(word.spelled(0, 5), "▁a▁bc");
        is(word.spelled(0, 1), "▁");
        is(word.spelled(0, 0), "");
        is(word.spelled(1, 3), "a▁");
        is(word.spelled(3, 5), "bc");
        let word = Word { alphabet: Alphabet::Bytes, prefix: false, text: " aé" };
        is(word.spelled(0, 4), "ĠaÃ©");
        is(word.merge(0, 1, 4), "Ġ aÃ©");
        is(word.merge(1, 3, 4), "aÃ ©");
    }

    #[test]
    fn every_byte_has_its_own_printable_character() {
        let mut seen = std::collections::BTreeSet::new();
        for byte in 0..=255u8 {
            let spelled: std::vec::Vec<u8> = spell(&[byte]).collect();
            let text = core::str::from_utf8(&spelled).expect("a character is spelled in UTF-8");
            let c = text.chars().next().expect("one character");
            assert_eq!(text.chars().count(), 1);
            assert!(!c.is_whitespace() && !c.is_control());
            assert_eq!(byte_of_char(c), Some(byte));
            seen.insert(c);
        }
        assert_eq!(seen.len(), 256);
        // As published: a space is Ġ, a line feed Ċ.
        assert!(spell(b" ").eq("Ġ".bytes()));
        assert!(spell(b"\n").eq("Ċ".bytes()));
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
        assert_eq!(only_marks.first("Á é"), 2, "a character that ends in a mark's last byte");
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
