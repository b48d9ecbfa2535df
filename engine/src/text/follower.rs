//! An answer that follows a grammar: which tokens may come next.

#[cfg(feature = "values")]
use super::converter::Converter;
#[cfg(feature = "drafts")]
use super::draft::MAX_DRAFT;
use super::grammar::{Grammar, GrammarError, Matcher};
use super::index::Located;
use super::vocabulary::Vocabulary;

/// Most bytes of a forced stretch; a longer one is several. Drafts alone make use of stretches: without them there are none.
const MAX_STRETCH: usize = if cfg!(feature = "drafts") { 64 } else { 0 };

/// The place of an answer in a grammar, in about 2 KiB, with the feature `values` 3 KiB.
///
/// A *forced stretch* is a run of bytes each of which is the only one that the grammar allows. Tokens are compared with its bytes;
/// the matcher's place is the end of the stretch.
#[derive(Clone, Debug)]
pub struct Follower {
    /// The place behind the stretch.
    matcher: Matcher,
    /// A copy of it that a token is tried on.
    trial: Matcher,
    stretch: heapless::Vec<u8, MAX_STRETCH>,
    /// Bytes of the stretch that the answer has.
    taken: usize,
    /// Bytes that may come behind the stretch: byte `b` is bit `b % 32` of word `b / 32`.
    next: [u32; 8],
    /// The text may end behind the stretch.
    may_end: bool,
    /// The next token is the first of a text that loses its leading space.
    fresh: bool,
    /// Places in the stretch behind the tokens of a draft.
    #[cfg(feature = "drafts")]
    drafted: heapless::Vec<usize, MAX_DRAFT>,
    /// The earliest place in the stretch at which trying a token failed, and that error.
    error: Option<(usize, GrammarError)>,
    /// An error found behind the last token taken: no token may follow it.
    last: Option<GrammarError>,
    /// The place of the text that is handed out.
    #[cfg(feature = "values")]
    pub(crate) converter: Converter,
}

/// The place that a token which may come next leads to.
#[derive(Clone, Copy)]
enum Place {
    /// To this place in the stretch.
    Within(usize),
    /// Beyond it, where the trial is.
    Beyond,
}

impl Follower {
    /// A follower of no grammar yet, for [`Conversation::follow`](crate::Conversation::follow).
    #[must_use]
    pub const fn new() -> Self {
        Follower {
            matcher: Matcher::nowhere(),
            trial: Matcher::nowhere(),
            stretch: heapless::Vec::new(),
            taken: 0,
            next: [0; 8],
            may_end: false,
            fresh: false,
            #[cfg(feature = "drafts")]
            drafted: heapless::Vec::new(),
            error: None,
            last: None,
            #[cfg(feature = "values")]
            converter: Converter::new(),
        }
    }

    /// Goes back to the beginning of a text, whose leading space is dropped if it is `fresh`.
    ///
    /// # Errors
    /// [`GrammarError::TooManyReadings`]: the beginning alone has them.
    pub(crate) fn restart(&mut self, grammar: &Grammar<'_>, fresh: bool) -> Result<(), GrammarError> {
        self.matcher.restart(grammar);
        #[cfg(feature = "values")]
        self.converter.restart(grammar);
        self.fresh = fresh;
        self.look(grammar);
        self.last.map_or(Ok(()), Err)
    }

    /// Finds the stretch that begins at the matcher's place, and what may come behind it. An error is kept for the next token.
    fn look(&mut self, grammar: &Grammar<'_>) {
        self.stretch.clear();
        (self.taken, self.last) = (0, None);
        if let Err(error) = self.lengthen(grammar) {
            (self.last, self.next, self.may_end) = (Some(error), [0; 8], false);
        }
    }

    /// Lengthens the stretch as far as there is one byte alone.
    fn lengthen(&mut self, grammar: &Grammar<'_>) -> Result<(), GrammarError> {
        loop {
            self.may_end = self.matcher.may_end(grammar);
            self.next = match self.matcher.next_bytes(grammar) {
                Ok(next) => next,
                // Behind a stretch it is not yet known that the answer gets there.
                Err(_) if !self.stretch.is_empty() => [u32::MAX; 8],
                Err(error) => return Err(error),
            };
            let only = if MAX_STRETCH == 0 || self.may_end { None } else { only_one(&self.next) };
            let Some(byte) = only.filter(|_| !self.stretch.is_full()) else { return Ok(()) };
            match self.matcher.take(grammar, byte) {
                Ok(true) => {
                    let _ = self.stretch.push(byte);
                }
                Ok(false) => return Ok(()),
                Err(_) if !self.stretch.is_empty() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// True if the text is complete, and nothing may follow.
    pub(crate) fn is_complete(&self) -> bool {
        self.taken == self.stretch.len() && self.may_end && self.next == [0; 8]
    }

    /// The choice of a token behind `drafted` tokens of the draft.
    pub(crate) fn choice<'c>(
        &'c mut self,
        grammar: &'c Grammar<'c>,
        vocabulary: &'c Vocabulary<'c>,
        drafted: usize,
    ) -> Choice<'c> {
        let place = self.place(drafted);
        let mut first = known(&self.stretch).get(place).map_or(self.next, |&forced| {
            let mut only = [0; 8];
            insert(&mut only, forced);
            only
        });
        if self.fresh && vocabulary.strips_space() {
            // Which byte comes behind a space is seen when the token is looked at.
            insert(&mut first, b' ');
        }
        let may_end = place == self.stretch.len() && self.may_end;
        Choice { follower: self, grammar, vocabulary, place, first, may_end, located: Located::NONE }
    }

    /// The place in the stretch behind `drafted` tokens of the draft.
    fn place(&self, drafted: usize) -> usize {
        #[cfg(feature = "drafts")]
        if let Some(&place) = drafted.checked_sub(1).and_then(|last| self.drafted.get(last)) {
            return place;
        }
        #[cfg(not(feature = "drafts"))]
        let _ = drafted;
        self.taken
    }

    /// Tries token `id` at a `place` in the stretch; `None` if it may not come there.
    fn walk(
        &mut self,
        grammar: &Grammar<'_>,
        vocabulary: &Vocabulary<'_>,
        id: u32,
        place: usize,
    ) -> Result<Option<Place>, GrammarError> {
        let Follower { matcher, trial, stretch, next, fresh, .. } = self;
        let strips = *fresh && vocabulary.strips_space();
        let stretch = known(stretch);
        let mut forced = stretch.get(place..).unwrap_or_default();
        let (mut begun, mut is_beyond, mut result) = (false, false, Ok(true));
        let looked_at = vocabulary.bytes(id, &mut |bytes, starts| {
            let mut bytes = if strips && starts { bytes.strip_prefix(b" ").unwrap_or(bytes) } else { bytes };
            while let (Ok(true), [byte, rest @ ..], [first, later @ ..]) = (result, bytes, forced) {
                (begun, result) = (true, Ok(byte == first));
                (bytes, forced) = (rest, later);
            }
            let (Ok(true), Some(&first)) = (result, bytes.first()) else { return };
            begun = true;
            if !is_beyond {
                is_beyond = true;
                if !has(next, first) {
                    result = Ok(false);
                    return;
                }
                trial.clone_from(matcher);
            }
            result = trial.take_all(grammar, bytes);
        });
        looked_at.ok_or(GrammarError::NotMapped)?;
        let step = if is_beyond { Place::Beyond } else { Place::Within(stretch.len() - forced.len()) };
        result.map(|allowed| (allowed && begun).then_some(step))
    }

    /// Goes on with token `id`, which was allowed.
    ///
    /// # Errors
    /// An error that came up behind the last token, or while tokens were tried; the place is the one before.
    pub(crate) fn take(
        &mut self,
        grammar: &Grammar<'_>,
        vocabulary: &Vocabulary<'_>,
        id: Option<u32>,
    ) -> Result<u32, GrammarError> {
        let tried = self.error.filter(|&(place, _)| place <= self.taken).map(|(_, error)| error);
        if let Some(error) = self.last.or(tried) {
            return Err(error);
        }
        let no_token = GrammarError::NoToken;
        let id = id.ok_or(no_token)?;
        if !vocabulary.is_end(id) {
            let step = self.walk(grammar, vocabulary, id, self.taken)?.ok_or(no_token)?;
            self.fresh = false;
            match step {
                Place::Within(place) if place == MAX_STRETCH => {
                    self.look(grammar);
                    self.error = self.error.map(|(_, error)| (0, error));
                }
                Place::Within(place) => self.taken = place,
                Place::Beyond => {
                    self.matcher.clone_from(&self.trial);
                    self.look(grammar);
                }
            }
        }
        Ok(id)
    }

    /// Forgets the draft, and errors behind its tokens.
    pub(crate) fn begin(&mut self) {
        self.error = None;
        #[cfg(feature = "drafts")]
        self.drafted.clear();
    }
}

#[cfg(feature = "drafts")]
impl Follower {
    /// The text that must come next, without a character that is not whole.
    pub(crate) fn forced(&self) -> &str {
        let rest = self.stretch.get(self.taken..).unwrap_or_default();
        rest.utf8_chunks().next().map_or("", |chunk| chunk.valid())
    }

    /// Takes `ids` for the draft; returns how many of them spell the forced text and leave something to be picked behind them.
    pub(crate) fn draft(&mut self, grammar: &Grammar<'_>, vocabulary: &Vocabulary<'_>, ids: &[u32]) -> usize {
        self.drafted.clear();
        let is_last = self.may_end && self.next == [0; 8];
        let mut place = self.taken;
        for &id in ids {
            match self.walk(grammar, vocabulary, id, place) {
                Ok(Some(Place::Within(end))) if !(is_last && end == self.stretch.len()) => place = end,
                _ => break,
            }
            let _ = self.drafted.push(place);
        }
        self.drafted.len()
    }
}

impl Default for Follower {
    fn default() -> Self {
        Self::new()
    }
}

/// The tokens that may come at a place.
pub(crate) struct Choice<'c> {
    follower: &'c mut Follower,
    grammar: &'c Grammar<'c>,
    vocabulary: &'c Vocabulary<'c>,
    place: usize,
    /// Bytes that a token may begin with.
    first: [u32; 8],
    /// The answer may end.
    may_end: bool,
    /// The token that was asked about last.
    located: Located,
}

impl Choice<'_> {
    /// True if token `id` may come; one that ends the answer, where the text may end. One without text may not.
    #[inline]
    pub(crate) fn allows(&mut self, id: u32) -> bool {
        // Most tokens begin otherwise, and need not be looked at as a whole.
        match self.vocabulary.first_byte(&mut self.located, id) {
            Some([first, other]) if !has(&self.first, first) && (other == first || !has(&self.first, other)) => {
                self.may_end && self.vocabulary.is_end(id)
            }
            _ => self.looks_at(id),
        }
    }

    /// True if token `id` may come, by all of its bytes.
    #[inline(never)]
    fn looks_at(&mut self, id: u32) -> bool {
        if self.vocabulary.is_end(id) {
            return self.may_end;
        }
        match self.follower.walk(self.grammar, self.vocabulary, id, self.place) {
            Ok(step) => step.is_some(),
            Err(error) => {
                if self.follower.error.is_none_or(|(first, _)| self.place < first) {
                    self.follower.error = Some((self.place, error));
                }
                false
            }
        }
    }
}

/// The bytes of a stretch: none where [`MAX_STRETCH`] is 0, so that compilers leave out what stretches need.
fn known(stretch: &[u8]) -> &[u8] {
    if MAX_STRETCH == 0 { &[] } else { stretch }
}

/// Puts `byte` into a set.
fn insert(set: &mut [u32; 8], byte: u8) {
    if let Some(word) = set.get_mut(usize::from(byte / 32)) {
        *word |= 1 << (byte % 32);
    }
}

/// True if `byte` is in a set.
fn has(set: &[u32; 8], byte: u8) -> bool {
    set.get(usize::from(byte / 32)).is_some_and(|word| word >> (byte % 32) & 1 != 0)
}

/// The byte of a set that has no other.
fn only_one(set: &[u32; 8]) -> Option<u8> {
    let mut words = (0u8..).zip(set).filter(|(_, word)| **word != 0);
    let (at, word) = words.next()?;
    (word.is_power_of_two() && words.next().is_none()).then(|| 32 * at + word.trailing_zeros() as u8)
}
