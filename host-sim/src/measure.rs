//! The speed of prefill and decode.

use core::hint::black_box;
use core::time::Duration;

use flashlet::model::Want;

use crate::engine::Engine;
use crate::failure::Failure;
use crate::sim::{Spent, Stopwatch, wait};

/// Tokens per second; 0 for no tokens.
pub(crate) fn rate(tokens: usize, time: Duration) -> f64 {
    if tokens == 0 { 0.0 } else { tokens as f64 / time.as_secs_f64().max(1e-9) }
}

/// The time that a stage of a run took, and what a simulated board spent on it.
pub(crate) struct Lap {
    time: Duration,
    pub(crate) spent: Option<Spent>,
}

impl Lap {
    /// The time since `watch` was started.
    pub(crate) fn since(watch: Stopwatch) -> Lap {
        Lap { time: watch.elapsed(), spent: watch.spent() }
    }

    /// Tokens per second, if there were `tokens`.
    pub(crate) fn rate(&self, tokens: u32) -> f64 {
        rate(tokens as usize, self.time)
    }
}

/// Measures prefill and decode from an empty context.
pub(crate) fn prefill_and_decode(engine: &mut Engine<'_>, n_prompt: u32, n_gen: u32) -> Result<[Lap; 2], Failure> {
    let session = &mut engine.session;
    session.reset();
    let n_vocab = session.n_vocab().max(1);
    let prompt: Vec<u32> = (0..n_prompt).map(|i| (i.wrapping_mul(7) % 1000 + 111) % n_vocab).collect();
    let mut sink = |_: u32, _: u32, logits: &[f32]| {
        black_box(logits);
    };
    let start = Stopwatch::start();
    wait(session.feed(&prompt, Want::Last, &mut sink))?;
    let prefill = Lap::since(start);
    let start = Stopwatch::start();
    for i in 0..n_gen {
        wait(session.feed(&[(i.wrapping_mul(13) % 1000 + 105) % n_vocab], Want::Last, &mut sink))?;
    }
    Ok([prefill, Lap::since(start)])
}
