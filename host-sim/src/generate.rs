//! Token after token: what `run` and `chat` share.

use core::time::Duration;

use flashlet::session::{LogitsHash, Want};
use flashlet::text::{Detokenizer, Sampler, SamplerConfig};
use serde::Serialize;

use crate::engine::Engine;
use crate::failure::Failure;
use crate::sim::Stopwatch;
use crate::stop::StopStrings;

/// Why text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StopReason {
    /// As many tokens as were asked for.
    Length,
    /// The model ended it.
    Eos,
    /// The context is full.
    Context,
    /// A `--stop` string came.
    Stop,
}

/// How long things took.
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

/// `tokens` per second; 0 for none.
pub(crate) fn rate(tokens: usize, time: Duration) -> f64 {
    if tokens == 0 { 0.0 } else { tokens as f64 / time.as_secs_f64().max(1e-9) }
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'s> {
    pub(crate) n_predict: u32,
    pub(crate) stop: &'s [String],
    pub(crate) ignore_eos: bool,
}

/// Chooses tokens and remembers those that count as recent.
pub(crate) struct Generator {
    sampler: Sampler,
    history: Vec<u32>,
    repeat_last_n: usize,
    /// The hash of every step's logits, if anybody wants it.
    pub(crate) hash: Option<LogitsHash>,
    pub(crate) timings: Timings,
}

impl Generator {
    pub(crate) fn new(config: SamplerConfig, with_hash: bool) -> Generator {
        Generator {
            repeat_last_n: usize::try_from(config.repeat_last_n).unwrap_or(usize::MAX),
            sampler: Sampler::new(config),
            history: Vec::new(),
            hash: with_hash.then(LogitsHash::new),
            timings: Timings::default(),
        }
    }

    /// Forgets all tokens; goes on with the random numbers.
    pub(crate) fn reset(&mut self) {
        self.history.clear();
    }

    /// Feeds `prompt` and generates until one of `limits`, the end of the text or of the context.
    /// Text goes through `detokenizer` to `out` as it is made. Gives the chosen ids and why it stopped; the last id has not
    /// been fed.
    ///
    /// # Errors
    /// An empty prompt, one that the context has no room for, and what the engine reports.
    pub(crate) fn generate(
        &mut self,
        engine: &mut Engine<'_>,
        prompt: &[u32],
        limits: Limits<'_>,
        mut detokenizer: Detokenizer,
        out: &mut dyn FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(Vec<u32>, StopReason), Failure> {
        if prompt.is_empty() {
            return Err(Failure::new("the prompt has no tokens: there is nothing to continue"));
        }
        let room = engine.room() as usize;
        if prompt.len() > room {
            let (n, ctx) = (prompt.len(), engine.ctx());
            return Err(Failure::new(format!(
                "the prompt has {n} tokens, the context of {ctx} has room for {room}: raise --ctx"
            )));
        }
        let mut stop = StopStrings::new(limits.stop);
        let mut ids = Vec::new();
        let mut fresh = prompt.to_vec();
        let (mut text, mut sure) = (String::new(), String::new());
        if limits.n_predict == 0 {
            self.feed(engine, &fresh, true, false)?;
            return Ok((ids, StopReason::Length));
        }
        let reason = loop {
            let id = self.step(engine, &fresh, ids.is_empty())?;
            ids.push(id);
            if engine.is_end(id) && !limits.ignore_eos {
                break StopReason::Eos;
            }
            text.clear();
            engine.decode(id, &mut detokenizer, &mut |piece| text.push_str(piece))?;
            sure.clear();
            let stopped = stop.push(&text, &mut |piece| sure.push_str(piece));
            out(&sure)?;
            if stopped {
                break StopReason::Stop;
            }
            if ids.len() >= limits.n_predict as usize {
                break StopReason::Length;
            }
            if engine.room() == 0 {
                break StopReason::Context;
            }
            fresh.clear();
            fresh.push(id);
        };
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

    /// Feeds `ids` and chooses the next token.
    fn step(&mut self, engine: &mut Engine<'_>, ids: &[u32], prefill: bool) -> Result<u32, Failure> {
        self.feed(engine, ids, prefill, true)?;
        if let Some(hash) = &mut self.hash {
            hash.end_step();
        }
        Ok(self.sampler.finish())
    }

    fn feed(&mut self, engine: &mut Engine<'_>, ids: &[u32], prefill: bool, want: bool) -> Result<(), Failure> {
        self.history.extend_from_slice(ids);
        let recent = self.history.len().saturating_sub(self.repeat_last_n);
        self.sampler.begin(&self.history[recent..]);
        let (sampler, hash) = (&mut self.sampler, &mut self.hash);
        let mut sink = |_position: u32, first: u32, logits: &[f32]| {
            if want {
                sampler.push(first, logits);
                hash.iter_mut().for_each(|hash| hash.push(logits));
            }
        };
        let start = Stopwatch::start();
        if prefill {
            engine.feed_all("prefill", ids, false, &mut sink)?;
            self.timings.prefill += start.elapsed();
            self.timings.prefill_tokens += ids.len();
        } else {
            engine.feed(ids, Want::Last, &mut sink)?;
            self.timings.decode += start.elapsed();
            self.timings.decode_tokens += ids.len();
        }
        Ok(())
    }
}
