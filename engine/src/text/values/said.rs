//! What was said, word by word.

/// Names of the numbers below twenty.
const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

/// Names of the tens from twenty on.
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// The rest of what was said. A copy is a place to come back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'t> {
    rest: &'t [u8],
}

impl<'t> Said<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Said { rest: text }
    }

    /// Skips spaces.
    fn skip(&mut self) {
        while let [b' ', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// True if nothing but spaces is left.
    pub(super) fn is_at_end(mut self) -> bool {
        self.skip();
        self.rest.is_empty()
    }

    /// Takes `byte` behind spaces, if it is next.
    pub(super) fn sign(&mut self, byte: u8) -> bool {
        let mut ahead = *self;
        ahead.skip();
        let is_next = ahead.here(byte);
        if is_next {
            *self = ahead;
        }
        is_next
    }

    /// Takes `byte`, if it is next and no space stands before it.
    pub(super) fn here(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes the next word, all letters up to something else, if `is` is true of it.
    fn word_that<T>(&mut self, is: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        let mut ahead = *self;
        ahead.skip();
        let len = ahead.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (word, rest) = ahead.rest.split_at_checked(len)?;
        let found = is(word)?;
        self.rest = rest;
        Some(found)
    }

    /// Takes the next word, if it is one of `words`: its index among them.
    pub(super) fn one_of(&mut self, words: &[&str]) -> Option<usize> {
        self.word_that(|word| words.iter().position(|known| known.as_bytes().eq_ignore_ascii_case(word)))
    }

    /// Takes `word`, if it is next.
    pub(super) fn word(&mut self, word: &str) -> bool {
        self.one_of(&[word]).is_some()
    }

    /// Takes `parts`, words and single signs, if all of them are next; no space stands before a sign.
    pub(super) fn phrase(&mut self, parts: &[&str]) -> bool {
        let mut ahead = *self;
        let is_next = parts.iter().all(|part| match part.as_bytes() {
            &[sign] if !sign.is_ascii_alphabetic() => ahead.here(sign),
            _ => ahead.word(part),
        });
        if is_next {
            *self = ahead;
        }
        is_next
    }

    /// Takes digits: the number, and how many there are. More than fit are a number that is out of every range.
    pub(super) fn digits(&mut self) -> Option<(u64, usize)> {
        let mut ahead = *self;
        ahead.skip();
        let (mut number, mut n) = (0u64, 0);
        while let [digit @ b'0'..=b'9', rest @ ..] = ahead.rest {
            number = number.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
            (n, ahead.rest) = (n + 1, rest);
        }
        if n == 0 {
            return None;
        }
        *self = ahead;
        Some((number, n))
    }

    /// Takes a number below a hundred in words.
    pub(super) fn number_word(&mut self) -> Option<u64> {
        if let Some(small) = self.one_of(&SMALL) {
            return Some(small as u64);
        }
        let tens = (self.one_of(&TENS)? as u64 + 2) * 10;
        let mut ahead = *self;
        ahead.here(b'-');
        match ahead.one_of(&SMALL) {
            Some(small @ 1..=9) => {
                *self = ahead;
                Some(tens + small as u64)
            }
            _ => Some(tens),
        }
    }

    /// Takes a whole number, in digits or in words.
    pub(super) fn number(&mut self) -> Option<u64> {
        self.digits().map(|(number, _)| number).or_else(|| self.number_word())
    }
}
