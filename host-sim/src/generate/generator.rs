//! Answers of the engine, as the commands want them: under a progress meter, with Ctrl-C, and figures that add up.

use core::time::Duration;

use flashlet::session::{AnswerEnd, LogitsHash};
use flashlet::text::grammar::Grammar;
use flashlet::text::{Drafter, Follower, MAX_DRAFT};
use flashlet::{Answer, AnswerOptions, Buffers, Conversation, Lane, SamplerConfig, Session};
use serde::Serialize;

use super::args::EndArgs;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::hardware::source::FileFlash;
use crate::io::input::check_ids;
use crate::io::progress::Meter;
use crate::io::{ctrl_c, in_use};
use crate::measure::rate;
use crate::sim::{nanoseconds, wait};

/// Bytes of the longest text of a token. Vocabularies have none of more than some hundred.
const TOKEN_BYTES: usize = 1 << 16;

/// Bytes of the text of a token of an answer that is held back, on average, at most. What is not used takes no memory.
const HELD_BYTES: usize = 64;

/// The reason why the text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StopReason {
    /// The number of tokens asked for is reached.
    Length,
    /// The model ended it.
    Eos,
    /// The context is full.
    Context,
    /// A `--stop` string came.
    Stop,
    /// The answer was less probable than it must be: another text came in its place.
    Unsure,
    /// The answer said a value that was refused: the text ends in front of it.
    Value,
    /// The user ended it.
    Interrupted,
}

impl From<AnswerEnd> for StopReason {
    fn from(end: AnswerEnd) -> StopReason {
        match end {
            AnswerEnd::Eos => StopReason::Eos,
            AnswerEnd::Length => StopReason::Length,
            AnswerEnd::Context => StopReason::Context,
            AnswerEnd::Stop => StopReason::Stop,
            AnswerEnd::Unsure => StopReason::Unsure,
            AnswerEnd::Value => StopReason::Value,
        }
    }
}

impl StopReason {
    /// The reason why an answer has no text, in words.
    pub(crate) fn why_nothing_came(self) -> &'static str {
        match self {
            StopReason::Eos => "the model ended its answer at once",
            StopReason::Context => "the prompt fills the context, --ctx gives it more room",
            StopReason::Stop => "the answer began with a --stop text",
            StopReason::Unsure => "the answer is less probable than it must be",
            StopReason::Value => "the answer says a value that is out of range or cannot be read",
            StopReason::Length => "the tokens up to -n make no text yet",
            StopReason::Interrupted => "you stopped it",
        }
    }
}

/// Tokens of prefill and decode, and the time that they took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timings {
    pub(crate) prefill_tokens: usize,
    prefill: Duration,
    pub(crate) decode_tokens: usize,
    decode: Duration,
}

impl Timings {
    /// Prompt tokens per second; 0 if there were none.
    pub(crate) fn prefill_rate(&self) -> f64 {
        rate(self.prefill_tokens, self.prefill)
    }

    /// Generated tokens per second, the first left out: it comes with the prompt.
    pub(crate) fn decode_rate(&self) -> f64 {
        rate(self.decode_tokens, self.decode)
    }
}

/// Limits on the length of the text.
#[derive(Clone, Debug)]
pub(crate) struct Limits<'s> {
    pub(crate) n_predict: u32,
    pub(crate) stop: Vec<&'s str>,
    pub(crate) ignore_eos: bool,
    /// The probability that the text must have, in place of the file's.
    pub(crate) min_prob: Option<f32>,
}

impl<'s> Limits<'s> {
    /// Limits of at most `n_predict` tokens, and of the end that `args` ask for.
    pub(crate) fn new(n_predict: u32, args: &'s EndArgs) -> Limits<'s> {
        let stop = args.stop.iter().map(String::as_str).collect();
        Limits { n_predict, stop, ignore_eos: args.ignore_eos, min_prob: args.min_prob }
    }

    /// Options of an answer to a prompt that a `chat` template made, or that the text continues; with all `figures` of it.
    pub(crate) fn options(&self, chat: bool, figures: bool) -> AnswerOptions<'_> {
        let &Limits { n_predict: tokens, ref stop, ignore_eos: ignore_end, min_prob } = self;
        let now = nanoseconds;
        AnswerOptions { tokens, stop, ignore_end, chat, hash: figures, logprobs: figures, min_prob, now }
    }
}

/// Guessed tokens, and those of them that were right.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Drafts {
    /// Tokens that were guessed.
    pub(crate) tokens: usize,
    /// Those of them that were right.
    pub(crate) right: usize,
}

/// Memory of a [`Generator`].
pub(crate) struct Memory {
    tokens: Vec<u32>,
    lane: Lane,
    drafts: Vec<Lane>,
    text: Vec<u8>,
    logprobs: Vec<f32>,
    follower: Follower,
}

impl Memory {
    /// Memory for a context of `ctx` tokens, and for the `stop` strings.
    pub(crate) fn new(ctx: u32, stop: &[&str]) -> Memory {
        let longest = stop.iter().map(|stop| stop.len()).max().unwrap_or(0);
        Memory {
            tokens: vec![0; ctx as usize + 1 + MAX_DRAFT],
            lane: Lane::new(),
            drafts: vec![Lane::new(); MAX_DRAFT],
            text: vec![0; TOKEN_BYTES + longest + ctx as usize * HELD_BYTES],
            logprobs: vec![0.0; ctx as usize + 1],
            follower: Follower::new(),
        }
    }
}

/// The figures of all answers.
#[derive(Debug, Default)]
struct Totals {
    timings: Timings,
    /// Counted if there is a drafter.
    drafts: Option<Drafts>,
    /// The hash of every step's logits, if anybody wants it.
    hash: Option<LogitsHash>,
}

/// Bytes of weights that a processor's cache holds. Passes over them take as long as their arithmetic, so that a wrong draft loses
/// what a right one gains.
const CACHED: u64 = 8 << 20;

/// Makes answers, and remembers what they go on from.
pub(crate) struct Generator<'b> {
    conversation: Conversation<'b>,
    /// Memory to follow a grammar, until there is one.
    follower: Option<&'b mut Follower>,
    totals: Totals,
}

impl<'b> Generator<'b> {
    pub(crate) fn new(memory: &'b mut Memory, config: SamplerConfig, drafter: Option<Drafter>) -> Generator<'b> {
        let Memory { tokens, lane, drafts, text, logprobs, follower } = memory;
        let mut conversation = Conversation::new(Buffers { tokens, lane, drafts, text }, config);
        conversation.draft_with(drafter);
        conversation.keep_logprobs(logprobs);
        let totals = Totals { drafts: drafter.map(|_| Drafts::default()), ..Totals::default() };
        Generator { conversation, follower: Some(follower), totals }
    }

    /// Lets all answers follow `grammar`, whose forced text is drafted unless the model is small.
    pub(crate) fn follow(&mut self, engine: &Engine<'_>, grammar: Grammar<'b>) {
        let weights = engine.session.plan().residency;
        let is_small = weights.streamed_bytes == 0 && weights.mapped_bytes + weights.pinned_bytes <= CACHED;
        if !is_small && !self.conversation.drafts() {
            self.conversation.draft_with(Some(engine.drafter()));
        }
        self.conversation.follow(self.follower.take().map(|follower| (grammar, follower)));
    }

    /// Takes `engine` back to its first `tokens` tokens, or to none where its caches have moved on; goes on with the random
    /// numbers. Returns how many are left.
    pub(crate) fn rewind(&mut self, engine: &mut Engine<'_>, tokens: usize) -> usize {
        self.conversation.rewind(&mut engine.session, tokens as u32) as usize
    }

    /// Counts `ids` as the tokens that the engine was fed before.
    pub(crate) fn remember(&mut self, ids: &[u32]) {
        self.conversation.remember(ids);
    }

    /// The tokens that the engine was fed.
    pub(crate) fn history(&self) -> &[u32] {
        self.conversation.fed()
    }

    /// The tokens of the last answer, all of them; the last one was not fed.
    pub(crate) fn answer(&self) -> &[u32] {
        self.conversation.answer()
    }

    /// The times of all answers.
    pub(crate) fn timings(&self) -> Timings {
        self.totals.timings
    }

    /// The count of guessed tokens, if there is a drafter.
    pub(crate) fn drafts(&self) -> Option<Drafts> {
        self.totals.drafts
    }

    /// The hash of the last answer's logits; empty if nobody wants it.
    pub(crate) fn hash(&self) -> String {
        self.totals.hash.map(|hash| hash.to_string()).unwrap_or_default()
    }

    /// The logarithms of the probabilities of the last answer and of each of its tokens, if its options asked for them.
    pub(crate) fn logprobs(&self) -> Option<(f32, &[f32])> {
        self.conversation.stats().logprob.map(|all| (all, self.conversation.logprobs()))
    }

    /// The most tokens of the next answer, if its grammar allows no longer ones.
    pub(crate) fn longest(&self) -> Option<u32> {
        self.conversation.longest()
    }

    /// Begins the answer to `prompt`, which nothing is fed of yet.
    ///
    /// # Errors
    /// An empty prompt, and one that the context has no room for with its answer: the engine is as it was.
    pub(crate) fn begin<'s, 'a>(
        &'s mut self,
        engine: &'s mut Engine<'a>,
        prompt: &[u32],
        options: &'s AnswerOptions<'s>,
    ) -> Result<Generation<'s, 'b, 'a>, Failure> {
        let room = engine.room() as usize;
        if prompt.len() > room {
            let (n, ctx) = (prompt.len(), engine.session.plan().ctx);
            return Err(Failure::new(format!(
                "the prompt has {n} tokens, the context of {ctx} has room for {room}: raise --ctx"
            )));
        }
        check_ids(prompt, engine.session.n_vocab())?;
        for &id in prompt {
            self.conversation.push(id).map_err(flashlet::Error::from)?;
        }
        let answer = wait(engine.session.answer(&mut self.conversation, &[], options))?;
        Ok(Generation { answer, totals: &mut self.totals, prompt: prompt.len() })
    }
}

/// Text that is being made.
pub(crate) struct Generation<'s, 'b, 'a> {
    answer: Answer<'s, 'b, 'a, 'a, FileFlash<'a>>,
    totals: &'s mut Totals,
    /// Tokens of the prompt.
    prompt: usize,
}

impl<'a> Generation<'_, '_, 'a> {
    /// The session, and the tokens that it was fed.
    pub(crate) fn fed(&self) -> (&Session<'a, 'a, FileFlash<'a>>, &[u32]) {
        (self.answer.session(), self.answer.conversation().fed())
    }

    /// Feeds what is left of the prompt.
    ///
    /// # Errors
    /// Ctrl-C, and the failures of the engine.
    pub(crate) fn prefill(&mut self) -> Result<(), Failure> {
        let first = self.answer.session().position();
        let mut meter = Meter::new("prefill");
        loop {
            let is_more = wait(self.answer.prefill())?;
            meter.update(u64::from(self.answer.session().position() - first), self.prompt as u64);
            if ctrl_c::is_pressed() {
                return Err(Failure::Interrupted);
            }
            if !is_more {
                return Ok(());
            }
        }
    }

    /// Goes on to the end behind a prompt that was [fed](Self::prefill); text goes to `out` as it is made. Returns the reason to stop.
    ///
    /// # Errors
    /// The failures of the engine and of `out`.
    pub(crate) fn finish(mut self, out: &mut dyn FnMut(&str) -> Result<(), Failure>) -> Result<StopReason, Failure> {
        let mut is_interrupted = false;
        // A held answer is made whole here: its text, or the text in its place, comes with its last token.
        while wait(self.answer.hold())? && !is_interrupted {
            is_interrupted = ctrl_c::is_pressed();
        }
        while !is_interrupted && let Some(token) = wait(self.answer.next())? {
            out(token.text)?;
            if self.answer.end().is_none() && ctrl_c::is_pressed() {
                out(self.answer.rest())?;
                is_interrupted = true;
                break;
            }
        }
        in_use::check()?;
        let (stats, Totals { timings, drafts, hash }) = (self.answer.stats(), self.totals);
        timings.prefill_tokens += stats.prompt_tokens;
        timings.prefill += Duration::from_nanos(stats.prefill_time);
        timings.decode_tokens += stats.tokens.saturating_sub(1);
        timings.decode += Duration::from_nanos(stats.decode_time);
        if let Some(drafts) = drafts {
            drafts.tokens += stats.drafted;
            drafts.right += stats.drafted_right;
        }
        *hash = stats.hash;
        // Without a reason of the answer's there is only the user's.
        Ok(stats.end.filter(|_| !is_interrupted).map_or(StopReason::Interrupted, StopReason::from))
    }
}
