//! Answers that are held back until their probability is known.

use super::conversation::Conversation;
use super::next::{Answer, Token};
use super::options::AnswerOptions;
use super::stats::AnswerEnd;
use crate::flash::Flash;
use crate::session::error::Error;
use crate::session::run::Session;
use crate::text::{TextError, Threshold};

impl<F: Flash> Session<'_, '_, F> {
    /// The probability that an answer of `options` must have.
    pub(super) fn threshold(&self, options: &AnswerOptions<'_>) -> Threshold {
        options.min_prob.map_or(self.threshold, |min_prob| self.threshold.with_min_prob(min_prob))
    }
}

impl<F: Flash> Answer<'_, '_, '_, '_, F> {
    /// Makes one token of an answer that is held back, for callers with work to do between tokens. Returns false if the answer is
    /// complete or not held back; [`next`](Self::next) then hands it out.
    ///
    /// # Errors
    /// Those of [`next`](Self::next). The token may be made again.
    pub async fn hold(&mut self) -> Result<bool, Error> {
        if !self.is_held {
            return Ok(false);
        }
        self.conversation.text.check()?;
        self.make().await?;
        self.conversation.text.check()?;
        Ok(self.end().is_none())
    }

    /// Hands out an answer that is whole, or else what comes in its place.
    #[cfg_attr(feature = "blocking", macros::blocking)]
    pub(super) async fn decide(&mut self) -> Result<Option<Token<'_>>, Error> {
        let asked = self.session.threshold(self.options);
        let Answer { session, conversation, is_held, ready, .. } = self;
        let Conversation { tokens, text, stats, .. } = &mut **conversation;
        if stats.tokens == 0 {
            *is_held = false;
            return Ok(None);
        }
        if !matches!(stats.end, Some(AnswerEnd::Unsure | AnswerEnd::Value)) {
            let need = asked.need(&mut session.source, text.sure().as_bytes()).await?;
            // One that is not a number is refused.
            let is_sure = libm::expf(stats.logprob.unwrap_or(f32::NEG_INFINITY)) >= need;
            stats.end = if is_sure { stats.end } else { Some(AnswerEnd::Unsure) };
        }
        if matches!(stats.end, Some(AnswerEnd::Unsure | AnswerEnd::Value)) {
            let place = asked.unsure();
            let (need, have) = (place.map_or(0, |place| place.len as usize), text.capacity());
            let room = text.replace(need).ok_or(TextError::AnswerTooLong { need, have })?;
            if let Some(place) = place {
                session.source.read(place.offset, room).await?;
            }
        }
        *is_held = false;
        Ok(Some(Token { id: tokens.nth_last(1 + *ready), text: text.sure() }))
    }
}
