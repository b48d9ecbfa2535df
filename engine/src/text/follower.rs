//! An answer that follows a grammar: which tokens may come next.

#[cfg(feature = "values")]
use super::converter::Converter;
use super::error::TextError;
use super::grammar::{Grammar, GrammarError, Matcher};
use super::vocabulary::Vocabulary;

/// The place of an answer in a grammar, in about 2 KiB, with the feature `values` 3 KiB.
#[derive(Clone, Debug)]
pub struct Follower {
    matcher: Matcher,
    /// A copy of it that a token is tried on.
    trial: Matcher,
    /// Bytes that may come next: byte `b` is bit `b % 32` of word `b / 32`.
    next: [u32; 8],
    may_end: bool,
    /// The next token is the first of a text that loses its leading space.
    fresh: bool,
    /// The first error that came up while tokens were tried.
    error: Option<TextError>,
    /// The place of the text that is handed out.
    #[cfg(feature = "values")]
    pub(crate) converter: Converter,
}

impl Follower {
    /// A follower of no grammar yet, for [`Conversation::follow`](crate::Conversation::follow).
    #[must_use]
    pub const fn new() -> Self {
        Follower {
            matcher: Matcher::nowhere(),
            trial: Matcher::nowhere(),
            next: [0; 8],
            may_end: false,
            fresh: false,
            error: None,
            #[cfg(feature = "values")]
            converter: Converter::new(),
        }
    }

    /// Goes back to the beginning of a text, whose leading space is dropped if it is `fresh`.
    ///
    /// # Errors
    /// [`TextError::Grammar`]: the beginning alone has too many readings.
    pub(crate) fn restart(&mut self, grammar: &Grammar<'_>, fresh: bool) -> Result<(), TextError> {
        self.matcher.restart(grammar);
        #[cfg(feature = "values")]
        self.converter.restart(grammar);
        (self.fresh, self.error) = (fresh, None);
        self.look(grammar)
    }

    /// Finds what may come next.
    fn look(&mut self, grammar: &Grammar<'_>) -> Result<(), TextError> {
        self.may_end = self.matcher.may_end(grammar);
        self.next = self.matcher.next_bytes(grammar).map_err(TextError::Grammar)?;
        Ok(())
    }

    /// True if the text is complete, and nothing may follow.
    pub(crate) fn is_complete(&self) -> bool {
        self.may_end && self.next == [0; 8]
    }

    /// True if token `id` may come next; one that ends the answer, where the text may end. One without text may not.
    pub(crate) fn allows(&mut self, grammar: &Grammar<'_>, vocabulary: &Vocabulary<'_>, id: u32) -> bool {
        if vocabulary.is_end(id) {
            return self.may_end;
        }
        match self.walk(grammar, vocabulary, id) {
            Ok(allowed) => allowed,
            Err(error) => {
                self.error.get_or_insert(error);
                false
            }
        }
    }

    /// Tries token `id`.
    fn walk(&mut self, grammar: &Grammar<'_>, vocabulary: &Vocabulary<'_>, id: u32) -> Result<bool, TextError> {
        if vocabulary.text.is_none() {
            return Err(TextError::Grammar(GrammarError::NotMapped));
        }
        let Follower { matcher, trial, next, fresh, .. } = self;
        let strips = *fresh && vocabulary.strips_space();
        let (mut begun, mut result) = (false, Ok(true));
        vocabulary.bytes(id, &mut |bytes, starts| {
            let bytes = if strips && starts { bytes.strip_prefix(b" ").unwrap_or(bytes) } else { bytes };
            let (Ok(true), Some(&first)) = (result, bytes.first()) else { return };
            if !begun {
                begun = true;
                let may_begin = next.get(usize::from(first / 32)).is_some_and(|word| word >> (first % 32) & 1 != 0);
                if !may_begin {
                    result = Ok(false);
                    return;
                }
                trial.clone_from(matcher);
            }
            result = trial.accepts_bytes(grammar, bytes);
        })?;
        result.map(|allowed| allowed && begun).map_err(TextError::Grammar)
    }

    /// Goes on with token `id`, which was allowed.
    ///
    /// # Errors
    /// An error that came up while tokens were tried, or now.
    pub(crate) fn take(
        &mut self,
        grammar: &Grammar<'_>,
        vocabulary: &Vocabulary<'_>,
        id: Option<u32>,
    ) -> Result<u32, TextError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let id = id.ok_or(TextError::Grammar(GrammarError::NoToken))?;
        if !vocabulary.is_end(id) {
            if !self.walk(grammar, vocabulary, id)? {
                return Err(TextError::Grammar(GrammarError::NoToken));
            }
            self.matcher.clone_from(&self.trial);
            self.fresh = false;
            self.look(grammar)?;
        }
        Ok(id)
    }
}

impl Default for Follower {
    fn default() -> Self {
        Self::new()
    }
}
