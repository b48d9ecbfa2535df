//! `flashlet eval`: how well a model predicts a text.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use flashlet::session::LogitsHash;
use flashlet::text::Encode;
use serde::Serialize;

use crate::engine::{ComputeArgs, Context, Engine, EngineArgs, Extras, Opened, encode, open_model};
use crate::failure::Failure;
use crate::io::input;
use crate::io::output::{print, print_json};
use crate::io::output_file::OutputFile;

#[derive(Args, Debug)]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    pub(crate) input: EvalInput,
    /// Write the logits to this file when all are there: raw f32, little-endian, one row per position
    #[arg(long, value_name = "FILE")]
    pub(crate) logits_out: Option<PathBuf>,
    /// Look for values that are not finite (NaN or infinite) after every layer, to name the first that has them; in logits they are found in any case
    #[arg(long)]
    pub(crate) find_nan: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) compute: ComputeArgs,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct EvalInput {
    /// File with the text (UTF-8)
    #[arg(long, value_name = "TEXT")]
    pub(crate) file: Option<PathBuf>,
    /// File of token ids separated by white space, used as they are
    #[arg(long, value_name = "FILE")]
    pub(crate) ids: Option<PathBuf>,
}

/// The command's JSON object. Without a second token nothing was predicted, and the means are null.
#[derive(Serialize)]
struct Report {
    n_tokens: usize,
    mean_nll: Option<f64>,
    ppl: Option<f64>,
    top1_acc: Option<f64>,
    logits_hash: String,
}

/// Runs the command.
pub(crate) fn eval(args: &EvalArgs) -> Result<(), Failure> {
    let file = open_model(&args.engine)?;
    let mut opened = Opened::new(&file, &args.engine)?;
    let ids = match (&args.input.ids, &args.input.file) {
        (Some(path), _) => input::ids_file(path)?,
        (None, Some(path)) => {
            encode(&file, &input::text_file(path)?, Encode { bos: true, special: true, ..Encode::default() })?
        }
        (None, None) => return Err(Failure::Usage("--file or --ids is needed".into())),
    };
    if ids.is_empty() {
        return Err(Failure::new("the text has no tokens: there is nothing to predict"));
    }
    let n = u32::try_from(ids.len()).map_err(|_| Failure::new("the text is too long"))?;
    let ctx = args.engine.ctx.unwrap_or(n);
    if n > ctx {
        return Err(Failure::new(format!(
            "the text has {n} tokens, the context holds {ctx}: leave --ctx out or raise it"
        )));
    }
    let mut rows = args.logits_out.as_deref().map(Rows::create).transpose()?;
    let plan = opened.plan(&args.engine, args.compute.isa, Context::of(n), Extras::NONE)?;
    let mut machine = opened.machine(&plan, &args.engine, &args.compute, None)?;
    let mut engine = Engine::load(opened, plan, &mut machine)?;
    engine.session.find_nan(args.find_nan);
    let mut hash = args.json.then(LogitsHash::new);
    let mut loss = Loss::new(&ids);
    engine.feed_all("eval", &ids, &mut |position, logits| {
        loss.push(position, 0, logits);
        loss.end_position();
        if let Some(rows) = &mut rows {
            rows.push(logits);
        }
        if let Some(hash) = &mut hash {
            hash.push(logits);
            hash.end_step();
        }
    })?;
    rows.map_or(Ok(()), Rows::finish)?;
    let mean_nll = loss.mean_nll();
    let report = Report {
        n_tokens: ids.len(),
        mean_nll,
        ppl: mean_nll.map(f64::exp),
        top1_acc: loss.top1_acc(),
        logits_hash: hash.map(|hash| hash.to_string()).unwrap_or_default(),
    };
    if args.json {
        return print_json(&report);
    }
    let show = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.5}"));
    print(&format!(
        "tokens             {}\nmean nll           {}\nperplexity         {}\ntop-1 accuracy     {}\n",
        report.n_tokens,
        show(report.mean_nll),
        show(report.ppl),
        show(report.top1_acc)
    ))
}

/// The loss over a text, from tiles of logits.
struct Loss<'t> {
    ids: &'t [u32],
    /// The next token, if the text has one.
    target: Option<u32>,
    target_logit: f64,
    /// The largest logit, the first id that has it, and the sum of `exp(logit - max)`.
    max: f64,
    best: u32,
    sum: f64,
    nll: f64,
    hits: usize,
    n: usize,
}

impl<'t> Loss<'t> {
    fn new(ids: &'t [u32]) -> Self {
        let mut loss =
            Loss { ids, target: None, target_logit: 0.0, max: 0.0, best: 0, sum: 0.0, nll: 0.0, hits: 0, n: 0 };
        loss.begin();
        loss
    }

    fn begin(&mut self) {
        (self.target_logit, self.max, self.best, self.sum) = (f64::NEG_INFINITY, f64::NEG_INFINITY, 0, 0.0);
    }

    /// The logits of `position` from token `first` on.
    fn push(&mut self, position: u32, first: u32, logits: &[f32]) {
        self.target = self.ids.get(position as usize + 1).copied();
        let Some(target) = self.target else { return };
        if let Some(&x) = target.checked_sub(first).and_then(|i| logits.get(i as usize)) {
            self.target_logit = f64::from(x);
        }
        let before = self.max;
        for (id, &x) in (first..).zip(logits) {
            if f64::from(x) > self.max {
                (self.max, self.best) = (f64::from(x), id);
            }
        }
        if self.sum > 0.0 {
            self.sum *= (before - self.max).exp();
        }
        self.sum += logits.iter().map(|&x| (f64::from(x) - self.max).exp()).sum::<f64>();
    }

    /// All logits of the position have come.
    fn end_position(&mut self) {
        if let Some(target) = self.target {
            self.nll += self.max + self.sum.ln() - self.target_logit;
            self.hits += usize::from(self.best == target);
            self.n += 1;
        }
        self.begin();
    }

    fn mean_nll(&self) -> Option<f64> {
        (self.n > 0).then(|| self.nll / self.n as f64)
    }

    fn top1_acc(&self) -> Option<f64> {
        (self.n > 0).then(|| self.hits as f64 / self.n as f64)
    }
}

/// The file of `--logits-out`. Its first failure is kept until the end.
struct Rows {
    file: OutputFile,
    result: io::Result<()>,
}

impl Rows {
    fn create(path: &Path) -> Result<Self, Failure> {
        Ok(Rows { file: OutputFile::create(path)?, result: Ok(()) })
    }

    fn push(&mut self, logits: &[f32]) {
        for x in logits {
            if self.result.is_ok() {
                self.result = self.file.write_all(&x.to_le_bytes());
            }
        }
    }

    fn finish(self) -> Result<(), Failure> {
        self.result.map_err(|error| self.file.failure(&error))?;
        self.file.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_the_textbook_one_however_the_logits_are_cut() {
        let ids = [0, 2, 1];
        let rows: [[f32; 4]; 3] = [[1.0, -2.0, 3.5, 0.0], [100.0, 101.0, 99.0, -200.0], [9.0, 9.0, 9.0, 9.0]];
        // ln(e^1 + e^-2 + e^3.5 + e^0) - 3.5 and ln(e^-1 + e^0 + e^-2 + 0), by hand.
        let want = [0.110_081_592, 0.407_605_964];
        for cut in 1..=4 {
            let mut loss = Loss::new(&ids);
            for (position, row) in rows.iter().enumerate() {
                for (i, tile) in row.chunks(cut).enumerate() {
                    loss.push(position as u32, (i * cut) as u32, tile);
                }
                loss.end_position();
            }
            let nll = loss.mean_nll().expect("two predictions");
            assert!((nll - (want[0] + want[1]) / 2.0).abs() < 1e-8, "{nll}, cut {cut}");
            assert_eq!(loss.top1_acc(), Some(1.0));
        }
    }

    #[test]
    fn one_token_predicts_nothing() {
        let mut loss = Loss::new(&[5]);
        loss.push(0, 0, &[1.0, 2.0]);
        loss.end_position();
        assert_eq!(loss.mean_nll(), None);
    }
}
