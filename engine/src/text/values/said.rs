//! The text of a value as the model wrote it, read word by word.

/// Names of the numbers below twenty.
const SMALL: &str = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen \
    eighteen nineteen";

/// Names of the tens from twenty on.
const TENS: &str = "twenty thirty forty fifty sixty seventy eighty ninety";

/// A number that does not fit, which is out of every range.
pub(super) const TOO_MUCH: u32 = u32::MAX;

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

    /// Takes the next word, all letters up to something else, if it is one of `words`, between which are spaces: its index.
    pub(super) fn one_of(&mut self, words: &str) -> Option<u32> {
        self.known(words.as_bytes())
    }

    // One copy of it is small, and nobody waits for it.
    #[inline(never)]
    fn known(&mut self, words: &[u8]) -> Option<u32> {
        let mut ahead = *self;
        ahead.skip();
        let len = ahead.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (word, rest) = ahead.rest.split_at_checked(len)?;
        let mut known = words.split(|&byte| byte == b' ');
        let at = known.position(|known| known.eq_ignore_ascii_case(word))?;
        self.rest = rest;
        Some(at as u32)
    }

    /// Takes `parts`, words and single signs between which are spaces, if all of them are next; no space stands before a sign.
    #[inline(never)]
    pub(super) fn phrase(&mut self, parts: &str) -> bool {
        let mut ahead = *self;
        let is_next = parts.as_bytes().split(|&byte| byte == b' ').all(|part| match part {
            &[sign] if !sign.is_ascii_alphabetic() => ahead.here(sign),
            _ => ahead.known(part).is_some(),
        });
        if is_next {
            *self = ahead;
        }
        is_next
    }

    /// Takes digits: the number, or [`TOO_MUCH`], and how many there are.
    #[inline(never)]
    pub(super) fn digits(&mut self) -> Option<(u32, u32)> {
        let mut ahead = *self;
        ahead.skip();
        let (mut number, mut n) = (0u32, 0);
        while let [digit @ b'0'..=b'9', rest @ ..] = ahead.rest {
            number = number.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
            (n, ahead.rest) = (n + 1, rest);
        }
        if n == 0 {
            return None;
        }
        *self = ahead;
        Some((number, n))
    }

    /// Takes `n` digits, if they are next and no space stands before them.
    pub(super) fn digits_here(&mut self, n: u32) -> Option<u32> {
        let mut ahead = *self;
        let found = if ahead.here(b' ') { None } else { ahead.digits() };
        let (number, _) = found.filter(|&(_, found)| found == n)?;
        *self = ahead;
        Some(number)
    }

    /// Takes a number below a hundred in words.
    #[inline(never)]
    pub(super) fn number_word(&mut self) -> Option<u32> {
        if let Some(small) = self.one_of(SMALL) {
            return Some(small);
        }
        let tens = (self.one_of(TENS)? + 2) * 10;
        let mut ahead = *self;
        ahead.here(b'-');
        match ahead.one_of(SMALL) {
            Some(small @ 1..=9) => {
                *self = ahead;
                Some(tens + small)
            }
            _ => Some(tens),
        }
    }

    /// Takes a whole number, in digits or in words.
    pub(super) fn number(&mut self) -> Option<u32> {
        self.digits().map(|(number, _)| number).or_else(|| self.number_word())
    }
}
