//! An answer that is being made: its tokens, one after another.

use super::conversation::{Conversation, Open};
use super::options::AnswerOptions;
use super::stats::{AnswerEnd, AnswerStats};
#[cfg(feature = "values")]
use super::values::convert;
use crate::flash::{Flash, block_on, wait};
use crate::session::error::Error;
use crate::session::run::Session;
use crate::text::Detokenizer;

/// A token of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'t> {
    /// The token.
    pub id: u32,
    /// Text that is certain since the token before: none where a character or a stop string has begun.
    pub text: &'t str,
}

/// An answer that is being made, token by token.
///
/// Dropped at any time, or with one of its futures dropped, it leaves the session as the tokens that were handed out say: all of
/// them but the last were fed.
pub struct Answer<'s, 'b, 'a, 'm, F: Flash> {
    pub(super) session: &'s mut Session<'a, 'm, F>,
    pub(super) conversation: &'s mut Conversation<'b>,
    pub(super) options: &'s AnswerOptions<'s>,
    pub(super) detokenizer: Detokenizer,
    /// The answer must have a probability, and it is not decided that it has.
    #[cfg(feature = "probabilities")]
    pub(super) is_held: bool,
    /// Tokens that the last pass picked and that were not handed out yet: the last ones of the conversation.
    pub(super) ready: usize,
    /// Tokens that the last pass picked.
    pub(super) picks: usize,
}

impl<'a, 'm, F: Flash> Answer<'_, '_, 'a, 'm, F> {
    /// Makes the next token; `None` after the last one. An answer that must have a probability comes as a single token, with the whole
    /// text or the text in its place.
    ///
    /// # Errors
    /// [`Error`]: as of [`Session::feed`] and [`Session::decode`]. The token may be asked for again. With a probability to have
    /// also [`TextError::AnswerTooLong`](crate::text::TextError::AnswerTooLong) for one that cannot be held back.
    pub async fn next(&mut self) -> Result<Option<Token<'_>>, Error> {
        #[cfg(feature = "probabilities")]
        if self.is_held {
            while self.hold().await? {}
            return wait!(self.decide());
        }
        let id = self.make().await?;
        let text = self.conversation.text.sure();
        Ok(id.map(|id| Token { id, text }))
    }

    /// Makes the next token, whose text is added; `None` after the last one.
    pub(super) async fn make(&mut self) -> Result<Option<u32>, Error> {
        while self.ready == 0 && self.end().is_none() {
            self.pass().await?;
        }
        if self.end().is_some() {
            return Ok(None);
        }
        // Nothing changes before the text is there.
        let Answer { session, conversation, options, detokenizer, ready, .. } = self;
        let Conversation { tokens, text, .. } = &mut **conversation;
        let id = tokens.nth_last(*ready);
        #[cfg(feature = "probabilities")]
        match self.is_held {
            true => text.keep(),
            false => text.release(),
        }
        #[cfg(not(feature = "probabilities"))]
        text.release();
        let ends = session.is_end(id) && !options.ignore_end;
        let mut decoded = *detokenizer;
        if !ends {
            wait!(session.decode(id, &mut decoded, &mut |piece| text.push(piece)))?;
        }
        self.hand_out(ends, decoded);
        Ok(Some(id))
    }

    /// [`next`](Self::next) on this thread, calling `idle` whenever the flash is waited for, as [`block_on`] does.
    ///
    /// # Errors
    /// Those of [`next`](Self::next).
    pub fn next_blocking(&mut self, idle: impl FnMut()) -> Result<Option<Token<'_>>, Error> {
        block_on(self.next(), idle)
    }

    /// Feeds the next chunk of the prompt, for callers with work to do between chunks or before the first token. Returns false if no
    /// chunk is left.
    ///
    /// # Errors
    /// [`Error`]: as of [`Session::feed`]. The chunk may be fed again.
    pub async fn prefill(&mut self) -> Result<bool, Error> {
        if self.reads_prompt() {
            self.pass().await?;
        }
        Ok(self.reads_prompt())
    }

    /// The text that is held back, for a caller who ends the answer here; none of one that must have a probability.
    pub fn rest(&mut self) -> &str {
        #[cfg(feature = "probabilities")]
        if self.is_held {
            return "";
        }
        let text = &mut self.conversation.text;
        text.release();
        self.detokenizer.flush(&mut |piece| text.push(piece));
        text.scan(self.options.stop, true);
        text.sure()
    }

    /// The reason why the answer ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<AnswerEnd> {
        self.conversation.stats.end
    }

    /// The figures so far.
    #[must_use]
    pub fn stats(&self) -> &AnswerStats {
        &self.conversation.stats
    }

    /// The session, such as for a snapshot of the prompt.
    #[must_use]
    pub fn session(&self) -> &Session<'a, 'm, F> {
        self.session
    }

    /// The conversation that the answer is part of.
    #[must_use]
    pub fn conversation(&self) -> &Conversation<'_> {
        self.conversation
    }

    /// True until the last chunk of the prompt was fed.
    fn reads_prompt(&self) -> bool {
        self.conversation.stats.tokens == 0 && self.ready == 0
    }

    /// Hands out the next token, whose text was added, and which `ends` the answer or not.
    fn hand_out(&mut self, ends: bool, decoded: Detokenizer) {
        self.detokenizer = decoded;
        let Answer { session, conversation, options, detokenizer, ready, picks, .. } = self;
        let Conversation {
            lanes,
            #[cfg(feature = "values")]
            tokens,
            text,
            picked,
            open,
            stats,
            #[cfg(feature = "grammar")]
            follower,
            #[cfg(feature = "probabilities")]
            logprobs,
            ..
        } = &mut **conversation;
        let lane = lanes.after(*picks - *ready);
        #[cfg(feature = "probabilities")]
        if let (Some(all), Some(lane)) = (&mut stats.logprob, &lane) {
            *all += lane.logprob;
            if let Some(slot) = logprobs.get_mut(stats.tokens) {
                *slot = lane.logprob;
            }
        }
        if let (Some(all), Some(lane)) = (&mut stats.hash, lane) {
            all.end_step_of(&lane.hash);
        }
        *ready -= 1;
        *picked += 1;
        *open = Open::Token { ends };
        stats.tokens += 1;
        // The follower is at the last token that was picked.
        #[cfg(feature = "grammar")]
        let ends = ends || *ready == 0 && follower.as_ref().is_some_and(|(_, follower)| follower.is_complete());
        #[cfg(feature = "values")]
        let is_refused = match follower {
            // The text of a token that would have ended the answer is no part of the grammar's.
            Some((grammar, follower)) if ends || !session.is_end(tokens.nth_last(*ready + 1)) => {
                convert(text, (grammar, follower), ends).is_err()
            }
            _ => false,
        };
        let stopped = text.scan(options.stop, false);
        // The position of the token that was handed out: guesses beyond it were right, but are not asked for yet.
        let position = session.position() as usize - *ready;
        stats.end = if ends {
            Some(AnswerEnd::Eos)
        } else if stopped {
            Some(AnswerEnd::Stop)
        } else if stats.tokens >= options.tokens as usize {
            Some(AnswerEnd::Length)
        } else if position >= session.plan().ctx as usize {
            Some(AnswerEnd::Context)
        } else {
            None
        };
        #[cfg(feature = "values")]
        if is_refused && !stopped {
            stats.end = Some(AnswerEnd::Value);
        }
        if stats.end.is_some() && !stopped {
            detokenizer.flush(&mut |piece| text.push(piece));
            text.scan(options.stop, true);
        }
    }
}

impl<F: Flash> Drop for Answer<'_, '_, '_, '_, F> {
    /// Takes back what was fed and picked beyond the tokens that were handed out.
    fn drop(&mut self) {
        let Conversation { tokens, stats, .. } = &mut *self.conversation;
        let before = tokens.fed().len();
        tokens.drop_last(self.ready);
        if stats.tokens == 0 {
            tokens.drop_pending();
        } else {
            tokens.unfeed_last();
        }
        let beyond = before - tokens.fed().len();
        if beyond > 0 {
            // The last chunk can always be taken back.
            let _ = self.session.rewind(self.session.position().saturating_sub(beyond as u32));
        }
    }
}
