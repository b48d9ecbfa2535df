//! `flashlet grammar`: compiles a grammar, and checks texts by it.

use std::path::{Path, PathBuf};

use clap::Args;
use flashlet::gguf::Gguf;
use flashlet::text::grammar::{Grammar, Matcher};
use serde::Serialize;

use crate::engine::{Engine, about_file};
use crate::failure::Failure;
use crate::grammar::{self, Compiled, Figures};
use crate::hardware::source::ModelFile;
use crate::io::input;
use crate::io::output::{Listing, print_json};
use crate::sim::wait;

#[derive(Args, Debug)]
pub(crate) struct GrammarArgs {
    #[command(flatten)]
    pub(crate) source: GrammarSource,
    /// Model whose grammar is shown, if none is named: the one that its file carries
    #[arg(short, long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Check each line of this file: a whole text
    #[arg(long, value_name = "FILE")]
    pub(crate) check: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The file of a grammar that texts follow.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(crate) struct GrammarSource {
    /// File with a JSON schema: texts, or the answer, are JSON that is valid by it
    #[arg(long, value_name = "FILE")]
    pub(crate) json_schema: Option<PathBuf>,
    /// File with a grammar in GBNF, llama.cpp's notation, that texts, or the answer, follow
    #[arg(long, value_name = "FILE")]
    pub(crate) grammar: Option<PathBuf>,
}

/// Bytes of a grammar's file, at most.
const MAX_BYTES: u64 = 1 << 20;

impl GrammarSource {
    /// Compiles the grammar, if there is one.
    pub(crate) fn compile(&self) -> Result<Option<Compiled>, Failure> {
        let (path, compile): (_, fn(&str, u16) -> _) = match (&self.json_schema, &self.grammar) {
            (Some(path), _) => (path, grammar::compile_schema),
            (None, Some(path)) => (path, grammar::compile_gbnf),
            (None, None) => return Ok(None),
        };
        let text = input::short_text_file(path, MAX_BYTES)?;
        let compiled = compile(&text, grammar::DEFAULT_DEPTH).map_err(|error| Failure::about(path.display(), error))?;
        Ok(Some(compiled))
    }
}

/// The grammar that answers follow: without any of these, the one that the model's file carries.
#[derive(Args, Debug)]
pub(crate) struct FollowArgs {
    #[command(flatten)]
    pub(crate) source: GrammarSource,
    /// Follow no grammar, not even the one that the model's file carries
    #[arg(long, conflicts_with_all = ["json_schema", "grammar"])]
    pub(crate) no_grammar: bool,
}

impl FollowArgs {
    /// The grammar `compiled`, which is that of [`source`](Self::source), or else the one that the file of `engine` carries.
    pub(crate) fn grammar<'g, 'a: 'g>(
        &self,
        compiled: Option<&'g Compiled>,
        engine: &Engine<'a>,
    ) -> Result<Option<Grammar<'g>>, Failure> {
        match compiled {
            Some(compiled) => compiled.open().map(Some),
            None if self.no_grammar => Ok(None),
            None => Ok(engine.session.grammar()),
        }
    }
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    figures: Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepts: Option<Vec<bool>>,
}

/// Runs the command.
pub(crate) fn grammar(args: &GrammarArgs) -> Result<(), Failure> {
    let compiled = match (args.source.compile()?, &args.model) {
        (Some(compiled), _) => compiled,
        (None, Some(path)) => carried(path)?,
        (None, None) => return Err(Failure::Usage("--json-schema, --grammar or -m is needed".into())),
    };
    let grammar = compiled.open()?;
    let accepts = args.check.as_ref().map(|path| check(&grammar, &input::text_file(path)?)).transpose()?;
    let report = Report { figures: Figures::of(&compiled)?, accepts };
    if args.json {
        return print_json(&report);
    }
    let mut out = Listing::new();
    report.figures.list(&mut out)?;
    for (n, accepts) in (1..).zip(report.accepts.iter().flatten()) {
        out.write(format_args!("line {n:<7} {}\n", if *accepts { "accepted" } else { "rejected" }))?;
    }
    out.finish()
}

/// The grammar that the model file at `path` carries.
fn carried(path: &Path) -> Result<Compiled, Failure> {
    let file = ModelFile::open(path)?;
    let mut source = file.source();
    let gguf = wait(Gguf::open(&mut source)).map_err(|error| about_file(&file, &mut source, error))?;
    let about = |what: &dyn core::fmt::Display| Failure::about(path.display(), what);
    let compiled = Compiled::carried(&gguf, &mut source).map_err(|failure| about(&failure))?;
    compiled.ok_or_else(|| about(&"the file carries no grammar: --json-schema or --grammar names one"))
}

fn check(grammar: &Grammar<'_>, text: &str) -> Result<Vec<bool>, Failure> {
    let mut matcher = Matcher::new(grammar);
    let mut lines: Vec<&str> = text.split('\n').collect();
    if lines.last() == Some(&"") {
        lines.pop();
    }
    let accepts = |line: &str| {
        matcher.restart(grammar);
        Ok(matcher.accepts_bytes(grammar, line.as_bytes())? && matcher.may_end(grammar))
    };
    let results: Result<_, flashlet::text::grammar::GrammarError> = lines.into_iter().map(accepts).collect();
    results.map_err(|error| Failure::new(error.to_string()))
}
