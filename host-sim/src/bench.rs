//! `flashlet bench`: tokens per second.

use core::hint::black_box;
use core::time::Duration;

use flashlet::session::Want;
use serde::Serialize;

use crate::cli::{BenchArgs, Draft};
use crate::engine::{Engine, Opened, open_model};
use crate::failure::Failure;
use crate::generate::rate;
use crate::output::{print, print_json};
use crate::progress::Meter;
use crate::sim::{Spent, Stopwatch};

/// The command's JSON object: tokens per second of each run.
#[derive(Default, Serialize)]
struct Report {
    /// Prefill.
    pp: Vec<f64>,
    /// Decode, in the context that the prefill left.
    tg: Vec<f64>,
    /// Of a simulated board.
    #[serde(skip_serializing_if = "Option::is_none")]
    board: Option<Simulated>,
}

/// What a simulated board was busy with.
#[derive(Serialize)]
struct Simulated {
    name: &'static str,
    prefill: Option<Load>,
    decode: Option<Load>,
}

#[derive(Serialize)]
struct Load {
    #[serde(skip)]
    spent: Spent,
    seconds: f64,
    bus: f64,
    compute: f64,
    memory: f64,
    bytes: u64,
    bound_by: &'static str,
}

impl Load {
    fn of(spent: Spent) -> Load {
        let [seconds, bus, compute, memory] = spent.all_seconds();
        Load { spent, seconds, bus, compute, memory, bytes: spent.bytes, bound_by: spent.bound_by().name() }
    }
}

/// Runs the command.
pub(crate) fn bench(args: &BenchArgs) -> Result<(), Failure> {
    let (n_prompt, n_gen) = (args.n_prompt, args.n_gen);
    let ctx = n_prompt.checked_add(n_gen).ok_or_else(|| Failure::Usage("-p and -n are too large".into()))?;
    if ctx == 0 {
        return Err(Failure::Usage("-p and -n are both 0: there is nothing to measure".into()));
    }
    let file = open_model(&args.engine)?;
    let mut opened = Opened::new(&file, args.engine.verify)?;
    let plan = opened.plan(&args.engine, args.compute.isa, args.engine.ctx.unwrap_or(ctx), Draft::Off)?;
    if ctx > plan.ctx {
        return Err(Failure::new(format!("{ctx} tokens do not fit in a context of {}", plan.ctx)));
    }
    let mut machine = opened.machine(&plan, &args.engine, &args.compute, Some(1))?;
    let mut engine = Engine::load(opened, plan, &mut machine)?;
    let mut report = Report::default();
    let mut meter = Meter::new("bench");
    let board = args.engine.board;
    // A simulated board takes the same time each time.
    let repetitions = if board.is_some() { 1 } else { args.repetitions };
    if board.is_none() {
        // The first run warms up caches and page tables; a few tokens of decode are enough for that.
        run(&mut engine, n_prompt, n_gen.min(4))?;
    }
    for i in 0..repetitions {
        let [pp, tg] = run(&mut engine, n_prompt, n_gen)?;
        report.pp.extend((n_prompt > 0).then(|| pp.rate(n_prompt)));
        report.tg.extend((n_gen > 0).then(|| tg.rate(n_gen)));
        meter.update(u64::from(i) + 1, repetitions.into());
        report.board = board.map(|board| Simulated {
            name: &board.name,
            prefill: pp.spent.filter(|_| n_prompt > 0).map(Load::of),
            decode: tg.spent.filter(|_| n_gen > 0).map(Load::of),
        });
    }
    drop(meter);
    if args.json {
        return print_json(&report);
    }
    let mut text = String::new();
    for (name, n, runs) in [("prefill", n_prompt, &report.pp), ("decode", n_gen, &report.tg)] {
        if let Some((mean, deviation)) = mean_and_deviation(runs) {
            let runs: Vec<String> = runs.iter().map(|r| format!("{r:.1}")).collect();
            text += &format!("{name:<8} {n:>5} tokens  {mean:>8.1} ± {deviation:.1} tokens/s  ({})\n", runs.join(" "));
        }
    }
    if let Some(board) = &report.board {
        for (name, load) in [("prefill", &board.prefill), ("decode", &board.decode)] {
            let Some(load) = load else { continue };
            text += &format!("{name:<8} on {}, simulated: {}\n", board.name, load.spent);
        }
    }
    print(&text)
}

/// How long a part of a run took.
pub(crate) struct Part {
    time: Duration,
    pub(crate) spent: Option<Spent>,
}

impl Part {
    pub(crate) fn since(watch: Stopwatch) -> Part {
        Part { time: watch.elapsed(), spent: watch.spent() }
    }

    pub(crate) fn rate(&self, tokens: u32) -> f64 {
        rate(tokens as usize, self.time)
    }
}

/// Prefill and decode from an empty context.
pub(crate) fn run(engine: &mut Engine<'_>, n_prompt: u32, n_gen: u32) -> Result<[Part; 2], Failure> {
    engine.reset();
    let n_vocab = engine.n_vocab().max(1);
    let prompt: Vec<u32> = (0..n_prompt).map(|i| (i.wrapping_mul(7) % 1000 + 111) % n_vocab).collect();
    let mut sink = |_: u32, _: u32, logits: &[f32]| {
        black_box(logits);
    };
    let start = Stopwatch::start();
    engine.feed(&prompt, Want::Last, &mut sink)?;
    let pp = Part::since(start);
    let start = Stopwatch::start();
    for i in 0..n_gen {
        engine.feed(&[(i.wrapping_mul(13) % 1000 + 105) % n_vocab], Want::Last, &mut sink)?;
    }
    Ok([pp, Part::since(start)])
}

/// Mean and sample deviation, if there is anything to average.
fn mean_and_deviation(runs: &[f64]) -> Option<(f64, f64)> {
    let n = runs.len() as f64;
    if runs.is_empty() {
        return None;
    }
    let mean = runs.iter().sum::<f64>() / n;
    let square = runs.iter().map(|r| (r - mean).powi(2)).sum::<f64>();
    Some((mean, (square / (n - 1.0).max(1.0)).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_are_the_usual_ones() {
        assert_eq!(mean_and_deviation(&[]), None);
        assert_eq!(mean_and_deviation(&[3.0]), Some((3.0, 0.0)));
        assert_eq!(mean_and_deviation(&[2.0, 4.0, 6.0]), Some((4.0, 2.0)));
    }
}
