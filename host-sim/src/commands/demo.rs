//! `flashlet demo`: the share of test sentences that a model answers exactly right.

use core::fmt::Write;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Instant;

use clap::Args;
use flashlet::{Plan, SamplerConfig};
use serde::{Deserialize, Serialize};

use crate::chat::Chat;
use crate::engine::{ComputeArgs, Context, Engine, EngineArgs, Extras, Opened, cores, open_model};
use crate::failure::Failure;
use crate::generate::{Generator, Limits, Memory};
use crate::hardware::source::ModelFile;
use crate::io::output::{Output, print_json};
use crate::io::progress::Meter;
use crate::values::probability;

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Refuse answers whose probability is less than P; 0 for none [default: what the file asks for]
    #[arg(long, value_name = "P", value_parser = probability)]
    pub(crate) min_prob: Option<f32>,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) compute: ComputeArgs,
}

/// Sentences of templates that training never saw, and sentences that a person wrote. One JSON object a line.
const HELD_OUT: &str = include_str!("../../demo/heldout.jsonl");
const HANDWRITTEN: &str = include_str!("../../demo/handwritten.jsonl");

/// Tokens of context: a sentence and its answer.
const CTX: u32 = 128;

/// A sentence and the one right answer.
#[derive(Deserialize)]
struct Sample {
    text: String,
    json: String,
    #[serde(default)]
    category: Category,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Category {
    /// One action.
    Single,
    /// Two actions.
    Double,
    /// No command.
    None,
    #[default]
    Handwritten,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Score {
    n: usize,
    exact: usize,
}

impl Score {
    fn percent(self) -> f64 {
        self.exact as f64 * 100.0 / self.n.max(1) as f64
    }
}

/// An answer that is not the right one.
#[derive(Serialize)]
struct Wrong<'s> {
    category: Category,
    text: &'s str,
    want: &'s str,
    got: &'s str,
}

/// The command's JSON object.
#[derive(Serialize)]
struct Report<'s> {
    single: Score,
    double: Score,
    none: Score,
    handwritten: Score,
    model_bytes: u64,
    wrong: Vec<Wrong<'s>>,
}

/// Runs the command.
pub(crate) fn demo(args: &DemoArgs) -> Result<(), Failure> {
    let samples = samples()?;
    let file = open_model(&args.engine)?;
    let start = Instant::now();
    let answers = answers(args, &file, &samples)?;
    let report = score(&samples, &answers, file.size());
    if args.json {
        return print_json(&report);
    }
    let mut out = Output::new();
    out.write(&text(&report, samples.len(), start.elapsed()));
    out.check()
}

fn samples() -> Result<Vec<Sample>, Failure> {
    let parse = |line: &str| serde_json::from_str(line).map_err(|error| Failure::about("the test sentences", error));
    HELD_OUT.lines().chain(HANDWRITTEN.lines()).map(parse).collect()
}

/// The model's answers. Every thread runs a model of its own, as one sentence is too little work for two.
fn answers(args: &DemoArgs, file: &ModelFile, samples: &[Sample]) -> Result<Vec<String>, Failure> {
    let ctx = Context { default: CTX, ..Context::ANY };
    let plan = Opened::new(file, &args.engine)?.plan(&args.engine, args.compute.isa, ctx, Extras::NONE)?;
    let threads = args.compute.threads.map_or_else(cores, |n| n as usize).min(samples.len());
    let next = AtomicUsize::new(0);
    let (sender, receiver) = channel();
    let mut answers = vec![String::new(); samples.len()];
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                let mut answer = |i: usize, text| sender.send(Ok((i, text))).is_ok();
                if let Err(failure) = work(args, file, plan, samples, next, &mut answer) {
                    // Nobody listens any more: another thread has failed first.
                    let _ = sender.send(Err(failure));
                }
            });
        }
        drop(sender);
        let mut meter = Meter::new("sentences");
        let mut done = 0;
        loop {
            match receiver.recv_timeout(Duration::from_millis(200)) {
                Ok(Ok((i, text))) => {
                    answers[i] = text;
                    done += 1;
                }
                // The other threads find the channel closed and end.
                Ok(Err(failure)) => return Err(failure),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            meter.update(done, samples.len() as u64);
        }
    })?;
    Ok(answers)
}

/// Answers sentences, whichever is next, until none is left or `answer` wants no more.
fn work(
    args: &DemoArgs,
    file: &ModelFile,
    plan: Plan,
    samples: &[Sample],
    next: &AtomicUsize,
    answer: &mut dyn FnMut(usize, String) -> bool,
) -> Result<(), Failure> {
    let opened = Opened::new(file, &args.engine)?;
    let chat = opened.needed_chat(None)?;
    let compute = ComputeArgs { threads: Some(1), ..args.compute.clone() };
    let mut machine = opened.machine(&plan, &args.engine, &compute, None)?;
    let mut engine = Engine::load(opened, plan, &mut machine)?;
    let mut memory = Memory::new(plan.ctx, &[]);
    let config = SamplerConfig { temperature: 0.0, ..SamplerConfig::default() };
    let mut generator = Generator::new(&mut memory, config, None);
    if let Some(grammar) = engine.session.grammar() {
        generator.follow(&engine, grammar);
    }
    // The context is the only limit.
    let limits = Limits { n_predict: u32::MAX, stop: Vec::new(), ignore_eos: false, min_prob: args.min_prob };
    let options = limits.options(true, false);
    loop {
        let i = next.fetch_add(1, Ordering::Relaxed);
        let Some(sample) = samples.get(i) else { return Ok(()) };
        generator.rewind(&mut engine, 0);
        let prompt = engine.encode_prompt(&chat.prompt(&Chat::first(None, &sample.text))?)?;
        let mut text = String::new();
        let mut generation = generator.begin(&mut engine, &prompt, &options)?;
        generation.prefill()?;
        generation.finish(&mut |piece| {
            text.push_str(piece);
            Ok(())
        })?;
        if !answer(i, text) {
            return Ok(());
        }
    }
}

fn score<'s>(samples: &'s [Sample], answers: &'s [String], model_bytes: u64) -> Report<'s> {
    let [single, double, none, handwritten] = [Score::default(); 4];
    let mut report = Report { single, double, none, handwritten, model_bytes, wrong: Vec::new() };
    for (Sample { text, json: want, category }, got) in samples.iter().zip(answers) {
        let score = match category {
            Category::Single => &mut report.single,
            Category::Double => &mut report.double,
            Category::None => &mut report.none,
            Category::Handwritten => &mut report.handwritten,
        };
        score.n += 1;
        if want == got {
            score.exact += 1;
        } else {
            report.wrong.push(Wrong { category: *category, text, want, got });
        }
    }
    report
}

fn text(report: &Report<'_>, n: usize, time: Duration) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    for wrong in &report.wrong {
        let _ = writeln!(out, "{}\n  wanted {}\n  got    {}", wrong.text, wrong.want, wrong.got);
    }
    if !report.wrong.is_empty() {
        out.push('\n');
    }
    let rows = [
        ("one action", report.single),
        ("two actions", report.double),
        ("no command", report.none),
        ("handwritten", report.handwritten),
    ];
    for (name, score) in rows {
        let _ = writeln!(out, "{name:<12} {:>4} of {:>4} exact  {:5.1} %", score.exact, score.n, score.percent());
    }
    let _ = writeln!(out, "{n} sentences in {:.1} s, model of {} bytes", time.as_secs_f64(), report.model_bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_sentences_are_whole() {
        let samples = samples().expect("they are JSON");
        let count = |category| samples.iter().filter(|sample| sample.category == category).count();
        assert!(samples.len() >= 2060);
        assert_eq!(count(Category::Handwritten), 60);
        for category in [Category::Single, Category::Double, Category::None] {
            assert!(count(category) >= 300, "{category:?}");
        }
    }

    #[test]
    fn only_exact_answers_count() {
        let sample = |text: &str, json: &str, category| Sample { text: text.into(), json: json.into(), category };
        let samples = [
            sample("a", "{1}", Category::Single),
            sample("b", "{2}", Category::Single),
            sample("c", "[]", Category::Handwritten),
        ];
        let answers = ["{1}".to_owned(), "{2} ".to_owned(), "[]".to_owned()];
        let report = score(&samples, &answers, 7);
        assert_eq!((report.single, report.handwritten), (Score { n: 2, exact: 1 }, Score { n: 1, exact: 1 }));
        assert_eq!((report.double, report.none), (Score::default(), Score::default()));
        assert_eq!(report.wrong.iter().map(|wrong| (wrong.text, wrong.got)).collect::<Vec<_>>(), [("b", "{2} ")]);
        let text = text(&report, 3, Duration::from_secs(1));
        assert!(
            text.starts_with("b\n  wanted {2}\n  got    {2} \n\none action      1 of    2 exact   50.0 %\n"),
            "{text}"
        );
    }
}
