//! `flashlet grammar`: compiles a grammar, and checks texts by it.

use std::path::PathBuf;

use clap::Args;
use flashlet::text::grammar::{Grammar, Matcher};
use serde::Serialize;

use crate::failure::Failure;
use crate::grammar::{self, Compiled};
use crate::io::input;
use crate::io::output::{Listing, print_json};

#[derive(Args, Debug)]
pub(crate) struct GrammarArgs {
    #[command(flatten)]
    pub(crate) source: GrammarSource,
    /// Model that the grammar is meant for; a grammar is of bytes, so it is the same for every one
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

impl Compiled {
    /// The grammar, as the engine reads it.
    pub(crate) fn open(&self) -> Result<Grammar<'_>, Failure> {
        Grammar::open(&self.tables).map_err(|error| Failure::new(error.to_string()))
    }
}

#[derive(Serialize)]
struct Report {
    states: usize,
    table_bytes: usize,
    /// Bytes of a place in a text.
    stack_bytes: usize,
    /// Levels to which rules nest.
    depth: u16,
    /// Readings that were proved to be enough; absent where a text may have more, which ends in an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    readings: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepts: Option<Vec<bool>>,
}

/// Runs the command.
pub(crate) fn grammar(args: &GrammarArgs) -> Result<(), Failure> {
    let compiled =
        args.source.compile()?.ok_or_else(|| Failure::Usage("--json-schema or --grammar is needed".into()))?;
    let grammar = compiled.open()?;
    let accepts = args.check.as_ref().map(|path| check(&grammar, &input::text_file(path)?)).transpose()?;
    let report = Report {
        states: grammar.n_states(),
        table_bytes: compiled.tables.len(),
        stack_bytes: size_of::<Matcher>(),
        depth: grammar.depth(),
        readings: Some(grammar.readings()).filter(|&readings| readings > 0),
        accepts,
    };
    if args.json {
        return print_json(&report);
    }
    let mut out = Listing::new();
    out.write(format_args!("states       {}\n", report.states))?;
    out.write(format_args!("table bytes  {}\n", report.table_bytes))?;
    out.write(format_args!("stack bytes  {}\n", report.stack_bytes))?;
    out.write(format_args!("depth        {}\n", report.depth))?;
    match report.readings {
        Some(readings) => out.write(format_args!("readings     {readings} at most\n"))?,
        None => out.write(format_args!("readings     not proved to be bounded\n"))?,
    }
    for (n, accepts) in (1..).zip(report.accepts.iter().flatten()) {
        out.write(format_args!("line {n:<7} {}\n", if *accepts { "accepted" } else { "rejected" }))?;
    }
    out.finish()
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
