//! The loop that picks tokens, verifies drafts and knows when to stop.

use core::time::Duration;

use flashlet::session::{LogitsHash, Want};
use flashlet::text::{Detokenizer, Drafter, MAX_DRAFT, Sampler, SamplerConfig};
use serde::Serialize;

use super::args::EndArgs;
use super::stop::StopStrings;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::io::in_use;
use crate::measure::rate;
use crate::sim::{Stopwatch, wait};

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
}

impl StopReason {
    /// The reason why an answer has no text, in words. `is_framed` says that the prompt had the model's template, or needed
    /// none.
    pub(crate) fn why_nothing_came(self, is_framed: bool) -> &'static str {
        match self {
            StopReason::Eos if is_framed => "the model ended its answer at once",
            StopReason::Eos => "the model ended the text at once; --chat puts the prompt into its chat template",
            StopReason::Context => "the prompt fills the context, --ctx gives it more room",
            StopReason::Stop => "the answer began with a --stop text",
            StopReason::Length => "the tokens up to -n make no text yet",
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
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'s> {
    pub(crate) n_predict: u32,
    pub(crate) stop: &'s [String],
    pub(crate) ignore_eos: bool,
}

impl<'s> Limits<'s> {
    /// Limits of at most `n_predict` tokens, and of the end that `args` ask for.
    pub(crate) fn new(n_predict: u32, args: &'s EndArgs) -> Limits<'s> {
        Limits { n_predict, stop: &args.stop, ignore_eos: args.ignore_eos }
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

/// The sampler for one token of a pass, with the hash of that token's logits.
struct Lane {
    sampler: Sampler,
    hash: LogitsHash,
}

/// A token that a pass picked, with the hash of its logits.
struct Pick {
    id: u32,
    hash: LogitsHash,
}

/// Picks tokens and remembers those that count as recent.
pub(crate) struct Generator {
    /// One for each token that a pass may pick.
    lanes: Vec<Lane>,
    /// Guesses tokens, and how many of them were right.
    drafter: Option<(Drafter, Drafts)>,
    /// Tokens that were picked: the next one's place among the seed's.
    picked: u64,
    /// The tokens that the engine was fed.
    history: Vec<u32>,
    repeat_last_n: usize,
    /// The hash of every step's logits, if anybody wants it.
    pub(crate) hash: Option<LogitsHash>,
    pub(crate) timings: Timings,
}

impl Generator {
    pub(crate) fn new(config: SamplerConfig, drafter: Option<Drafter>, with_hash: bool) -> Generator {
        let lanes = 1 + if drafter.is_some() { MAX_DRAFT } else { 0 };
        let lane = || Lane { sampler: Sampler::new(config), hash: LogitsHash::new() };
        Generator {
            lanes: core::iter::repeat_with(lane).take(lanes).collect(),
            drafter: drafter.map(|drafter| (drafter, Drafts::default())),
            picked: 0,
            history: Vec::new(),
            repeat_last_n: usize::try_from(config.repeat_last_n).unwrap_or(usize::MAX),
            hash: with_hash.then(LogitsHash::new),
            timings: Timings::default(),
        }
    }

    /// Forgets all tokens; goes on with the random numbers.
    pub(crate) fn reset(&mut self) {
        self.history.clear();
    }

    /// Counts `ids` as the tokens that the engine was fed before.
    pub(crate) fn remember(&mut self, ids: &[u32]) {
        self.history.extend_from_slice(ids);
    }

    /// The tokens that the engine was fed.
    pub(crate) fn history(&self) -> &[u32] {
        &self.history
    }

    /// The count of guessed tokens, if there is a drafter.
    pub(crate) fn drafts(&self) -> Option<Drafts> {
        self.drafter.map(|(_, drafts)| drafts)
    }

    /// Feeds `prompt`, of which [`generate`](Self::generate) picks the continuation.
    ///
    /// # Errors
    /// An empty prompt, one that the context has no room for, and what the engine reports.
    pub(crate) fn prefill(&mut self, engine: &mut Engine<'_>, prompt: &[u32]) -> Result<(), Failure> {
        if prompt.is_empty() {
            return Err(Failure::new("the prompt has no tokens: there is nothing to continue"));
        }
        let room = engine.room() as usize;
        if prompt.len() > room {
            let (n, ctx) = (prompt.len(), engine.session.plan().ctx);
            return Err(Failure::new(format!(
                "the prompt has {n} tokens, the context of {ctx} has room for {room}: raise --ctx"
            )));
        }
        let watch = Stopwatch::start();
        self.history.extend_from_slice(prompt);
        let first = engine.session.position() + prompt.len() as u32 - 1;
        self.begin(0);
        engine.feed_all("prefill", prompt, false, &mut self.sink(first))?;
        self.timings.prefill += watch.elapsed();
        self.timings.prefill_tokens += prompt.len();
        Ok(())
    }

    /// Continues the prefilled prompt until one of `limits`, the end of the text or of the context.
    /// Text goes through `detokenizer` to `out` as it is made. Returns the chosen ids and the reason to stop; the last id
    /// has not been fed.
    ///
    /// # Errors
    /// The failures of the engine and of `out`.
    pub(crate) fn generate(
        &mut self,
        engine: &mut Engine<'_>,
        limits: Limits<'_>,
        mut detokenizer: Detokenizer,
        out: &mut dyn FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(Vec<u32>, StopReason), Failure> {
        let n_predict = limits.n_predict as usize;
        let mut ids = Vec::new();
        if n_predict == 0 {
            return Ok((ids, StopReason::Length));
        }
        let room = engine.room() as usize;
        let prompt_end = self.history.len();
        let mut stop = StopStrings::new(limits.stop);
        let (mut text, mut sure) = (String::new(), String::new());
        let mut picks = self.picks(0);
        let reason = 'text: loop {
            for Pick { id, hash } in picks {
                ids.push(id);
                self.picked += 1;
                self.hash.iter_mut().for_each(|all| all.end_step_of(&hash));
                if engine.session.is_end(id) && !limits.ignore_eos {
                    break 'text StopReason::Eos;
                }
                text.clear();
                wait(engine.session.decode(id, &mut detokenizer, &mut |piece| text.push_str(piece)))?;
                sure.clear();
                let stopped = stop.push(&text, &mut |piece| sure.push_str(piece));
                out(&sure)?;
                if stopped {
                    break 'text StopReason::Stop;
                }
                if ids.len() >= n_predict {
                    break 'text StopReason::Length;
                }
                // The token would be fed next, wherever the engine is already.
                if ids.len() > room {
                    break 'text StopReason::Context;
                }
            }
            let Some(&last) = ids.last() else { break 'text StopReason::Length };
            let watch = Stopwatch::start();
            picks = self.next(engine, last, n_predict - ids.len())?;
            self.timings.decode += watch.elapsed();
        };
        in_use::check()?;
        self.timings.decode_tokens += ids.len().saturating_sub(1);
        self.forget_beyond(engine, prompt_end + ids.len())?;
        text.clear();
        detokenizer.flush(&mut |piece| text.push_str(piece));
        if reason != StopReason::Stop {
            sure.clear();
            if !stop.push(&text, &mut |piece| sure.push_str(piece)) {
                stop.flush(&mut |piece| sure.push_str(piece));
            }
            out(&sure)?;
        }
        Ok((ids, reason))
    }

    /// Takes back guesses that were right but lie behind the end of the text, of which `tokens` with the prompt are part and
    /// the last was not fed.
    fn forget_beyond(&mut self, engine: &mut Engine<'_>, tokens: usize) -> Result<(), Failure> {
        let beyond = (self.history.len() + 1).saturating_sub(tokens);
        self.history.truncate(self.history.len() - beyond);
        engine.session.rewind(engine.session.position() - beyond as u32)?;
        Ok(())
    }

    /// Feeds `last` with a draft of at most `most` tokens less one, and picks the tokens after it as far as the draft is
    /// right, and one more.
    fn next(&mut self, engine: &mut Engine<'_>, last: u32, most: usize) -> Result<Vec<Pick>, Failure> {
        self.history.push(last);
        let drafted = self.draft(most.min(engine.room() as usize).min(engine.session.plan().chunk as usize));
        let known = self.history.len() - drafted;
        self.begin(drafted);
        let first = engine.session.position();
        let ids = self.history[known - 1..].to_vec();
        let watch = Stopwatch::start();
        let want = if drafted == 0 { Want::Last } else { Want::All };
        wait(engine.session.feed(&ids, want, &mut self.sink(first)))?;
        // Uses an estimate on the host: wall time would make the pass count vary from run to run.
        let took = watch.spent().map(|_| watch.elapsed().as_nanos() / 256);
        let picks = self.picks(drafted);
        let right = picks.len() - 1;
        self.history.truncate(known + right);
        engine.session.rewind(first + picks.len() as u32)?;
        if let Some((drafter, drafts)) = &mut self.drafter {
            if let Some(took) = took {
                drafter.took(1 + drafted, u32::try_from(took).unwrap_or(u32::MAX));
            }
            drafter.verified(drafted, right);
            drafts.tokens += drafted;
            drafts.right += right;
        }
        Ok(picks)
    }

    /// Puts a draft behind the history that leaves one of `most` tokens; returns how many tokens it has.
    fn draft(&mut self, most: usize) -> usize {
        let Some((drafter, _)) = &self.drafter else { return 0 };
        let mut draft = [0; MAX_DRAFT];
        let n = drafter.draft(&self.history, &mut draft[..most.saturating_sub(1).min(MAX_DRAFT)]);
        self.history.extend_from_slice(&draft[..n]);
        n
    }

    /// Makes lanes ready for the tokens behind the history's last `drafted` tokens, and for the one before those.
    fn begin(&mut self, drafted: usize) {
        let known = self.history.len() - drafted;
        for ((n, end), lane) in (self.picked..).zip(known..=self.history.len()).zip(&mut self.lanes) {
            lane.sampler.seek(n);
            lane.sampler.begin(&self.history[end.saturating_sub(self.repeat_last_n)..end]);
            lane.hash = LogitsHash::new();
        }
    }

    /// Takes the logits of position `first` and those behind it.
    fn sink(&mut self, first: u32) -> impl FnMut(u32, u32, &[f32]) {
        let with_hash = self.hash.is_some();
        move |position, id, logits| {
            if let Some(lane) = self.lanes.get_mut((position - first) as usize) {
                lane.sampler.push(id, logits);
                if with_hash {
                    lane.hash.push(logits);
                }
            }
        }
    }

    /// Picks a token, and one more for each of the history's last `drafted` tokens that was guessed right.
    fn picks(&mut self, drafted: usize) -> Vec<Pick> {
        let mut guesses = self.history[self.history.len() - drafted..].iter();
        let mut picks = Vec::with_capacity(1 + drafted);
        for lane in &mut self.lanes {
            let id = lane.sampler.finish();
            picks.push(Pick { id, hash: lane.hash });
            if guesses.next() != Some(&id) {
                break;
            }
        }
        picks
    }
}
