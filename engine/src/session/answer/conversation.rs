//! A conversation: tokens so far, samplers and drafts, which outlive an answer.

use super::lane::{Lane, Lanes};
use super::stats::AnswerStats;
use super::text::Text;
use super::tokens::Tokens;
use crate::flash::Flash;
use crate::session::run::Session;
#[cfg(feature = "drafts")]
use crate::text::Drafter;
#[cfg(feature = "grammar")]
use crate::text::{Follower, grammar::Grammar};
use crate::text::{SamplerConfig, TextError};

/// The memory of a conversation, which is the caller's.
pub struct Buffers<'b> {
    /// The prompt's tokens and the answer's. With fewer than the context has the oldest are forgotten, by drafts and the
    /// repetition penalty.
    pub tokens: &'b mut [u32],
    /// The sampler of an answer's tokens.
    pub lane: &'b mut Lane,
    /// More of them, one for each token of the longest draft, also of the text that a grammar forces; none without the feature
    /// `drafts`.
    pub drafts: &'b mut [Lane],
    /// Memory for text that is handed out at once, or held back as the possible beginning of a stop string. Needs the bytes of the
    /// longest token (256 for most vocabularies), those of the longest stop string, and 10 more where a grammar has values; text of a
    /// token beyond it is lost. An answer that must have a probability is held back whole: then it needs the bytes of the longest
    /// answer and of the text in its place, and one that does not fit is an error.
    pub text: &'b mut [u8],
}

/// The state of a conversation between two answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// There is no answer to continue.
    No,
    /// The last answer's last token waits to be fed; `ends` is true if it ended the answer.
    Token { ends: bool },
}

/// Prompts and answers that follow each other.
pub struct Conversation<'b> {
    pub(super) tokens: Tokens<'b>,
    pub(super) lanes: Lanes<'b>,
    #[cfg(feature = "drafts")]
    pub(super) drafter: Option<Drafter>,
    /// The grammar that answers follow.
    #[cfg(feature = "grammar")]
    pub(super) follower: Option<(Grammar<'b>, &'b mut Follower)>,
    /// Logarithms of the probabilities of the last answer's tokens, as many as there is room for.
    #[cfg(feature = "probabilities")]
    pub(super) logprobs: &'b mut [f32],
    pub(super) text: Text<'b>,
    /// Tokens that were picked: the next one's place among the seed's.
    pub(super) picked: u64,
    pub(super) open: Open,
    pub(super) stats: AnswerStats,
}

#[cfg(feature = "drafts")]
impl<F: Flash> Session<'_, '_, F> {
    /// A drafter with an estimate of what a further token of a pass costs: less where weights are streamed.
    #[must_use]
    pub fn drafter(&self) -> Drafter {
        Drafter::new(if self.plan().residency.streamed_bytes > 0 { 3 } else { 5 })
    }
}

impl<'b> Conversation<'b> {
    /// A conversation in `buffers` without any token yet, whose tokens are picked as `sampling` says.
    #[must_use]
    pub fn new(buffers: Buffers<'b>, sampling: SamplerConfig) -> Self {
        let Buffers { tokens, lane, drafts, text } = buffers;
        let mut conversation = Conversation {
            tokens: Tokens::new(tokens),
            lanes: Lanes::new(lane, drafts),
            #[cfg(feature = "drafts")]
            drafter: None,
            #[cfg(feature = "grammar")]
            follower: None,
            #[cfg(feature = "probabilities")]
            logprobs: &mut [],
            text: Text::new(text),
            picked: 0,
            open: Open::No,
            stats: AnswerStats::NONE,
        };
        conversation.restart(sampling);
        conversation
    }

    /// Forgets all tokens and begins the random numbers of the seed anew. For a session that is [reset](Session::reset).
    pub fn restart(&mut self, sampling: SamplerConfig) {
        self.tokens.drop_last(usize::MAX);
        (self.picked, self.open, self.stats) = (0, Open::No, AnswerStats::NONE);
        self.lanes.restart(sampling);
    }

    /// Drafts tokens from now on, for which [`Buffers::drafts`] and [`Options::draft`](crate::Options::draft) have room,
    /// or no longer. The answers are the same in fewer passes.
    #[cfg(feature = "drafts")]
    pub fn draft_with(&mut self, drafter: Option<Drafter>) {
        self.drafter = drafter;
    }

    /// Lets answers from the next one on follow a grammar, or none: they are what they would be if all other tokens had a logit of
    /// minus infinity. An answer that can only end does so without a token for it. With a drafter the text that the grammar forces is
    /// drafted, as far as [`Buffers::drafts`] has room, and nothing else is. The model must be mapped, carry the
    /// [grammar](Session::grammar), or be planned to [follow](crate::Options::follow) one. Where the grammar's texts are finite, a
    /// prompt behind which the context has no room for the longest is an error.
    ///
    /// A grammar may have [values](crate::text::grammar#values): the text that is handed out then has the converted numbers, while tokens,
    /// probabilities and hash are those of the model's own words. A value is held back until it is complete, and is left out if the
    /// answer is cut within it.
    #[cfg(feature = "grammar")]
    pub fn follow(&mut self, follower: Option<(Grammar<'b>, &'b mut Follower)>) {
        self.follower = follower;
    }

    /// Goes back to the beginning of the grammar's texts, whose leading space is dropped if they are `fresh`.
    #[cfg(feature = "grammar")]
    pub(super) fn restart_grammar(&mut self, fresh: bool) -> Result<(), TextError> {
        let Some((grammar, follower)) = &mut self.follower else { return Ok(()) };
        follower.restart(grammar, fresh).map_err(TextError::Grammar)
    }

    /// Keeps the logarithms of the probabilities of the tokens of answers from the next one on, if its options ask for them: of
    /// the first ones, as many as `room` holds.
    #[cfg(feature = "probabilities")]
    pub fn keep_logprobs(&mut self, room: &'b mut [f32]) {
        self.logprobs = room;
    }

    /// The logarithms of the probabilities of the last answer's tokens, as far as they were [kept](Self::keep_logprobs).
    #[cfg(feature = "probabilities")]
    #[must_use]
    pub fn logprobs(&self) -> &[f32] {
        let n = self.stats.logprob.map_or(0, |_| self.stats.tokens.min(self.logprobs.len()));
        self.logprobs.get(..n).unwrap_or_default()
    }

    /// The most tokens of the next answer, if its grammar allows no longer ones.
    #[must_use]
    pub fn longest(&self) -> Option<u32> {
        #[cfg(feature = "grammar")]
        {
            self.follower.as_ref().and_then(|(grammar, _)| grammar.longest())
        }
        #[cfg(not(feature = "grammar"))]
        None
    }

    /// True if tokens are drafted.
    #[cfg(feature = "drafts")]
    #[must_use]
    pub fn drafts(&self) -> bool {
        self.drafter.is_some()
    }

    /// Takes `session` back to its first `tokens` tokens, if it has more, or to none where its caches have moved on; random numbers go
    /// on. Returns how many tokens are left.
    pub fn rewind<F: Flash>(&mut self, session: &mut Session<'_, '_, F>, tokens: u32) -> u32 {
        let before = session.position();
        if session.rewind(tokens.min(before)).is_err() {
            session.reset();
        }
        self.tokens.drop_pending();
        self.tokens.drop_last(before.saturating_sub(session.position()) as usize);
        self.open = Open::No;
        session.position()
    }

    /// Adds a token to the next prompt.
    ///
    /// # Errors
    /// [`TextError::TooLong`]: there is no room.
    pub fn push(&mut self, id: u32) -> Result<(), TextError> {
        let have = self.tokens.pending().len();
        if self.tokens.push(id) { Ok(()) } else { Err(TextError::TooLong { need: have + 1, have }) }
    }

    /// Counts `ids` as tokens that the session was fed by other means, such as a snapshot.
    pub fn remember(&mut self, ids: &[u32]) {
        for &id in ids {
            self.tokens.push(id);
            self.tokens.feed(1);
        }
    }

    /// The tokens that the session was fed, as far as they are remembered.
    #[must_use]
    pub fn fed(&self) -> &[u32] {
        self.tokens.fed()
    }

    /// The tokens of the last answer, as far as they are remembered. All of them were fed but the last one.
    #[must_use]
    pub fn answer(&self) -> &[u32] {
        let all = self.tokens.all();
        let n = if self.is_open() { self.stats.tokens } else { 0 };
        all.get(all.len().saturating_sub(n)..).unwrap_or_default()
    }

    /// True if there was an answer, to which the next prompt is added. False after [`restart`](Self::restart),
    /// [`rewind`](Self::rewind) and an answer that was dropped before its first token.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open != Open::No
    }

    /// The figures of the last answer.
    #[must_use]
    pub fn stats(&self) -> &AnswerStats {
        &self.stats
    }
}
