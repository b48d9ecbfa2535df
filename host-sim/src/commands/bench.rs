//! `flashlet bench`: tokens per second.

use clap::Args;
use flashlet::Plan;
use serde::Serialize;

use crate::boards::Board;
use crate::digits::rate_among;
use crate::engine::{ComputeArgs, Context, Engine, EngineArgs, Extras, Opened, open_model};
use crate::failure::Failure;
use crate::io::output::{print, print_json};
use crate::io::progress::Meter;
use crate::measure::prefill_and_decode;
use crate::predict::{Forecast, Lab, Lengths, Range, Speed};
use crate::sim::Spent;

#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// Prompt tokens to prefill; 0 to leave prefill out
    #[arg(short = 'p', long, value_name = "N", default_value_t = 128)]
    pub(crate) n_prompt: u32,
    /// Tokens to decode after the prompt; 0 to leave decode out
    #[arg(short = 'n', long, value_name = "N", default_value_t = 64)]
    pub(crate) n_gen: u32,
    /// Runs that count; one more goes before them to warm up
    #[arg(short = 'r', long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repetitions: u32,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) compute: ComputeArgs,
}

/// The command's JSON object: tokens per second of each run.
#[derive(Default, Serialize)]
struct Report {
    /// Prefill.
    pp: Vec<f64>,
    /// Decode, in the context that the prefill left.
    tg: Vec<f64>,
    /// The simulated board, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    board: Option<Simulated>,
}

/// The time of a simulated board, by stage.
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
    /// Tokens per second, with what they depend on.
    range: Range,
}

impl Load {
    fn of((Speed { spent, .. }, range): (Speed, Range)) -> Load {
        let [seconds, bus, compute, memory] = spent.all_seconds();
        Load { spent, seconds, bus, compute, memory, bytes: spent.bytes, bound_by: spent.bound_by().name(), range }
    }
}

impl Report {
    /// The speeds of a simulated board, which are the same each time.
    fn simulated(board: &'static Board, forecast: &Forecast) -> Report {
        let rate = |stage: Option<(Speed, Range)>| stage.map(|(speed, _)| speed.rate).into_iter().collect();
        let [prefill, decode] = [forecast.prefill, forecast.decode];
        let loads = Simulated { name: &board.name, prefill: prefill.map(Load::of), decode: decode.map(Load::of) };
        Report { pp: rate(prefill), tg: rate(decode), board: Some(loads) }
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
    let mut opened = Opened::new(&file, &args.engine)?;
    let plan = opened.plan_for_speed(&args.engine, args.compute.isa, Context::of(ctx), Extras::NONE)?;
    if ctx > plan.ctx {
        return Err(Failure::new(format!("{ctx} tokens do not fit in a context of {}", plan.ctx)));
    }
    let report = match args.engine.board {
        Some(board) => {
            let forecast = Lab::new(opened).forecast(board, &plan, Lengths { n_prompt, n_gen })?;
            Report::simulated(board, &forecast)
        }
        None => measured(args, opened, plan)?,
    };
    if args.json {
        return print_json(&report);
    }
    let mut text = String::new();
    for (name, n, runs) in [("prefill", n_prompt, &report.pp), ("decode", n_gen, &report.tg)] {
        if let Some((mean, deviation)) = mean_and_deviation(runs) {
            let shown = |rate| rate_among(rate, mean);
            text += &format!("{name:<8} {n:>5} tokens  {:>8}", shown(mean));
            text += &match runs[..] {
                [_] => " tokens/s\n".to_owned(),
                _ => {
                    let runs: Vec<String> = runs.iter().copied().map(shown).collect();
                    format!(" ± {} tokens/s  ({})\n", shown(deviation), runs.join(" "))
                }
            };
        }
    }
    if let Some(board) = &report.board {
        for (name, load) in [("prefill", &board.prefill), ("decode", &board.decode)] {
            let Some(load) = load else { continue };
            text += &format!("{name:<8} on {}, simulated: {}\n", board.name, load.spent);
            text += &format!("{name:<8} {}\n", load.range);
        }
    }
    print(&text)
}

/// The speeds on this machine.
fn measured(args: &BenchArgs, opened: Opened<'_>, plan: Plan) -> Result<Report, Failure> {
    let (n_prompt, n_gen) = (args.n_prompt, args.n_gen);
    let mut machine = opened.machine(&plan, &args.engine, &args.compute, Some(1))?;
    let mut engine = Engine::load(opened, plan, &mut machine)?;
    let mut report = Report::default();
    let mut meter = Meter::new("bench");
    // The first run warms up caches and page tables; a few tokens of decode are enough for that.
    prefill_and_decode(&mut engine, n_prompt, n_gen.min(4))?;
    for i in 0..args.repetitions {
        let [pp, tg] = prefill_and_decode(&mut engine, n_prompt, n_gen)?;
        report.pp.extend((n_prompt > 0).then(|| pp.rate(n_prompt)));
        report.tg.extend((n_gen > 0).then(|| tg.rate(n_gen)));
        meter.update(u64::from(i) + 1, args.repetitions.into());
    }
    Ok(report)
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
