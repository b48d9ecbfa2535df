//! A pass of an answer: tokens are fed, and the next ones are picked.

use super::conversation::Conversation;
use super::lane::{Asked, Lane};
use super::next::Answer;
use super::stats::AnswerEnd;
use crate::flash::{Flash, wait};
use crate::model::Want;
use crate::session::error::Error;
#[cfg(all(feature = "drafts", feature = "grammar"))]
use crate::text::Encode;
#[cfg(feature = "grammar")]
use crate::text::{TextError, Vocabulary};

impl<F: Flash> Answer<'_, '_, '_, '_, F> {
    /// Feeds the next chunk of the prompt, or the last token with a draft. If nothing is left to be fed then, picks the next token,
    /// and one more for each token of the draft that was right.
    pub(super) async fn pass(&mut self) -> Result<(), Error> {
        let chunk = self.session.plan().chunk.max(1) as usize;
        let left = self.conversation.tokens.pending().len();
        if left == 0 {
            // The last pass fed all tokens and failed to pick one. Picking again returns its error.
            return self.pick(0, 0);
        }
        let n = left.min(chunk);
        #[cfg(feature = "grammar")]
        if let Some((_, follower)) = &mut self.conversation.follower {
            follower.begin();
        }
        let drafted = if self.conversation.stats.tokens > 0 { wait!(self.draft(chunk)) } else { 0 };
        let want = match drafted {
            _ if n < left => Want::None,
            0 => Want::Last,
            _ => Want::All,
        };
        self.begin(drafted);
        let first = self.session.position() + n as u32 - 1;
        let began = (self.options.now)();
        self.feed(n + drafted, want, first).await?;
        self.fed(n, drafted, (self.options.now)().saturating_sub(began))
    }

    /// Feeds the next `n` tokens. Logits of positions from `first` on go to the lanes.
    async fn feed(&mut self, n: usize, want: Want, first: u32) -> Result<(), Error> {
        let Conversation {
            tokens,
            lanes,
            stats,
            #[cfg(feature = "grammar")]
            follower,
            ..
        } = &mut *self.conversation;
        let asked = Asked {
            hash: stats.hash.is_some(),
            #[cfg(feature = "probabilities")]
            probability: stats.logprob.map(|_| self.session.kernels),
            #[cfg(not(feature = "probabilities"))]
            probability: None,
        };
        #[cfg(feature = "grammar")]
        let mut sink = |vocabulary: &Vocabulary<'_>, position: u32, id: u32, logits: &[f32]| {
            let drafted = position.saturating_sub(first);
            let Some(lane) = lanes.noting(drafted, asked, id, logits) else { return };
            match follower {
                Some((grammar, follower)) => {
                    let mut choice = follower.choice(grammar, vocabulary, drafted as usize);
                    lane.sampler.push_allowed(id, logits, &mut |id| choice.allows(id));
                }
                None => lane.sampler.push(id, logits),
            }
        };
        #[cfg(not(feature = "grammar"))]
        let mut sink = |position: u32, id: u32, logits: &[f32]| {
            if let Some(lane) = lanes.noting(position.saturating_sub(first), asked, id, logits) {
                lane.sampler.push(id, logits);
            }
        };
        self.session.feed_chunk_to(tokens.next(n), want, &mut sink).await
    }

    /// Counts `n` tokens as fed, by a pass that took so long; picks the next ones if there are no more.
    fn fed(&mut self, n: usize, drafted: usize, took: u64) -> Result<(), Error> {
        let Conversation { tokens, stats, .. } = &mut *self.conversation;
        tokens.feed(n);
        let spent = if stats.tokens > 0 { &mut stats.decode_time } else { &mut stats.prefill_time };
        *spent = spent.saturating_add(took);
        if tokens.pending().is_empty() { self.pick(drafted, took) } else { Ok(()) }
    }

    /// Makes lanes ready for the tokens after the known ones and after each of `drafted` ones.
    fn begin(&mut self, drafted: usize) {
        let Conversation { tokens, lanes, picked, .. } = &mut *self.conversation;
        for n in 0..=drafted {
            if let Some(lane) = lanes.after(n) {
                lane.begin(*picked + n as u64, tokens.with_draft(n));
            }
        }
    }

    /// Picks the next tokens after a pass with `drafted` ones, and takes back those that were wrong.
    fn pick(&mut self, drafted: usize, took: u64) -> Result<(), Error> {
        let mut right = 0;
        let picked = loop {
            let id = match self.pick_after(right) {
                Ok(id) => id,
                Err(error) if right == 0 => return Err(error),
                Err(_) => break None,
            };
            if right == drafted || !self.conversation.tokens.accept(id) {
                break Some(id);
            }
            right += 1;
        };
        let Conversation { tokens, stats, .. } = &mut *self.conversation;
        match picked {
            // There is room, as others were fed.
            Some(id) => _ = tokens.push(id),
            // The tokens before the error go out first: the last of them is fed again, and the error comes back.
            None => {
                tokens.unfeed_last();
                right -= 1;
            }
        }
        (self.picks, self.ready) = (right + 1, right + 1);
        if stats.tokens == 0 && self.options.tokens == 0 {
            stats.end = Some(AnswerEnd::Length);
        }
        #[cfg(feature = "drafts")]
        self.learn(drafted, right, took)?;
        #[cfg(not(feature = "drafts"))]
        let _ = took;
        Ok(())
    }

    /// Picks the token behind the first `drafted` ones of the draft, which were right: with a grammar one that it allows.
    fn pick_after(&mut self, drafted: usize) -> Result<u32, Error> {
        let Conversation {
            lanes,
            #[cfg(feature = "grammar")]
            follower,
            ..
        } = &mut *self.conversation;
        let lane = lanes.after(drafted);
        #[cfg(feature = "grammar")]
        if let Some((grammar, follower)) = follower {
            let picked = lane.and_then(Lane::pick_allowed);
            let taken = follower.take(grammar, &self.session.vocabulary(), picked);
            return Ok(taken.map_err(TextError::Grammar)?);
        }
        Ok(lane.map_or(0, Lane::pick))
    }
}

#[cfg(feature = "drafts")]
impl<F: Flash> Answer<'_, '_, '_, '_, F> {
    /// Puts a draft behind the last token; returns how many tokens it has. One pass takes both, and the answer is not drafted
    /// beyond its end.
    #[cfg_attr(feature = "blocking", macros::blocking)]
    async fn draft(&mut self, chunk: usize) -> usize {
        let Conversation { lanes, drafter: Some(drafter), stats, .. } = &*self.conversation else { return 0 };
        let left = (self.options.tokens as usize).saturating_sub(stats.tokens);
        let room = self.session.plan().ctx.saturating_sub(self.session.position()) as usize;
        let most = left.min(room).min(chunk).saturating_sub(1).min(lanes.longest_draft()).min(drafter.most());
        // Wrong tokens are taken back.
        #[cfg(feature = "_recurrent")]
        let most = match self.session.plan().keep as usize {
            0 => most,
            keep => most.min(keep),
        };
        if most == 0 {
            return 0;
        }
        #[cfg(feature = "grammar")]
        if self.conversation.follower.is_some() {
            return self.draft_forced(most).await;
        }
        let Conversation { tokens, drafter, .. } = &mut *self.conversation;
        let (known, draft) = tokens.draft(most);
        drafter.as_mut().map_or(0, |drafter| drafter.draft(known, draft))
    }

    /// Puts the text that the grammar forces behind the last token, at most `most` tokens of it, as the tokenizer divides it: the
    /// model may divide it otherwise. Returns how many tokens there are; no more of the answer is known for sure.
    #[cfg(feature = "grammar")]
    #[cfg_attr(feature = "blocking", macros::blocking)]
    async fn draft_forced(&mut self, most: usize) -> usize {
        let Conversation { tokens, follower, .. } = &mut *self.conversation;
        let Some((grammar, follower)) = follower else { return 0 };
        let (_, room) = tokens.draft(most);
        let continues = Encode { continues: true, ..Encode::default() };
        let n = match self.session.encode(follower.forced(), continues, room).await {
            Ok(n) => n,
            Err(Error::Text(TextError::TooLong { have, .. })) => have,
            Err(_) => 0,
        };
        follower.draft(grammar, &self.session.vocabulary(), room.get(..n).unwrap_or_default())
    }

    /// Takes back the tokens of a draft of which only the first `right` were right, and takes note of what the pass was worth.
    fn learn(&mut self, drafted: usize, right: usize, took: u64) -> Result<(), Error> {
        let wrong = drafted - right;
        if wrong > 0 {
            self.session.rewind(self.session.position().saturating_sub(wrong as u32))?;
        }
        let Conversation { drafter, stats, .. } = &mut *self.conversation;
        if let Some(drafter) = drafter.as_mut().filter(|_| stats.tokens > 0) {
            drafter.took(1 + drafted, u32::try_from(took / 256).unwrap_or(u32::MAX));
            drafter.verified(drafted, right);
            stats.drafted += drafted;
            stats.drafted_right += right;
        }
        Ok(())
    }
}

#[cfg(not(feature = "drafts"))]
impl<F: Flash> Answer<'_, '_, '_, '_, F> {
    /// No draft.
    #[cfg_attr(not(feature = "blocking"), expect(clippy::unused_async, reason = "with drafts it waits"))]
    #[cfg_attr(feature = "blocking", macros::blocking)]
    async fn draft(&mut self, _chunk: usize) -> usize {
        0
    }
}
