//! A pass of an answer: tokens are fed, and the next ones are picked.

use super::conversation::Conversation;
use super::lane::{Asked, Lane};
use super::next::Answer;
use super::stats::AnswerEnd;
use crate::flash::Flash;
use crate::model::Want;
use crate::session::error::Error;
#[cfg(feature = "drafts")]
use crate::text::MAX_DRAFT;
#[cfg(feature = "grammar")]
use crate::text::Vocabulary;

impl<F: Flash> Answer<'_, '_, '_, '_, F> {
    /// Feeds the next chunk of the prompt, or the last token with a draft. If nothing is left to be fed then, picks the next token,
    /// and one more for each token of the draft that was right.
    pub(super) async fn pass(&mut self) -> Result<(), Error> {
        let chunk = self.session.plan().chunk.max(1) as usize;
        let left = self.conversation.tokens.pending().len();
        let n = left.min(chunk);
        let drafted = if self.conversation.stats.tokens > 0 { self.draft(chunk) } else { 0 };
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
            probability: stats.logprob.is_some(),
        };
        #[cfg(feature = "grammar")]
        let mut sink = |vocabulary: &Vocabulary<'_>, position: u32, id: u32, logits: &[f32]| {
            let Some(lane) = lanes.noting(position.saturating_sub(first), asked, logits) else { return };
            match follower {
                Some((grammar, follower)) => {
                    lane.sampler.push_allowed(id, logits, &mut |id| follower.allows(grammar, vocabulary, id));
                }
                None => lane.sampler.push(id, logits),
            }
        };
        #[cfg(not(feature = "grammar"))]
        let mut sink = |position: u32, id: u32, logits: &[f32]| {
            if let Some(lane) = lanes.noting(position.saturating_sub(first), asked, logits) {
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
        #[cfg(feature = "grammar")]
        if self.conversation.follower.is_some() {
            return self.pick_allowed();
        }
        let Conversation { tokens, lanes, stats, .. } = &mut *self.conversation;
        let mut right = 0;
        let id = loop {
            let id = lanes.after(right).map_or(0, Lane::pick);
            if right == drafted || !tokens.accept(id) {
                break id;
            }
            right += 1;
        };
        // There is room, as others were fed.
        let _ = tokens.push(id);
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
}

#[cfg(feature = "grammar")]
impl<F: Flash> Answer<'_, '_, '_, '_, F> {
    /// Picks the next token among those that the grammar allows.
    fn pick_allowed(&mut self) -> Result<(), Error> {
        let Conversation { tokens, lanes, stats, follower, .. } = &mut *self.conversation;
        let picked = lanes.after(0).and_then(Lane::pick_allowed);
        if let Some((grammar, follower)) = follower {
            let id = follower.take(grammar, &self.session.vocabulary(), picked)?;
            // There is room, as others were fed.
            let _ = tokens.push(id);
            (self.picks, self.ready) = (1, 1);
        }
        if stats.tokens == 0 && self.options.tokens == 0 {
            stats.end = Some(AnswerEnd::Length);
        }
        Ok(())
    }
}

#[cfg(feature = "drafts")]
impl<F: Flash> Answer<'_, '_, '_, '_, F> {
    /// Puts a draft behind the last token; returns how many tokens it has. One pass takes both, and the answer is not drafted
    /// beyond its end.
    fn draft(&mut self, chunk: usize) -> usize {
        // The tokens that a grammar allows are known for the next place alone.
        #[cfg(feature = "grammar")]
        if self.conversation.follower.is_some() {
            return 0;
        }
        let Conversation { tokens, lanes, drafter, stats, .. } = &mut *self.conversation;
        let Some(drafter) = drafter else { return 0 };
        let left = (self.options.tokens as usize).saturating_sub(stats.tokens);
        let room = self.session.plan().ctx.saturating_sub(self.session.position()) as usize;
        let most = left.min(room).min(chunk).saturating_sub(1).min(lanes.longest_draft()).min(MAX_DRAFT);
        // Wrong tokens are taken back.
        #[cfg(feature = "_recurrent")]
        let most = match self.session.plan().keep as usize {
            0 => most,
            keep => most.min(keep),
        };
        let (known, draft) = tokens.draft(most);
        drafter.draft(known, draft)
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
    fn draft(&mut self, _chunk: usize) -> usize {
        0
    }
}
