//! `flashlet grammar`: compiles a grammar, and checks texts by it.

mod figures;

pub(super) use figures::Figures;

use std::path::{Path, PathBuf};

use clap::Args;
use flashlet::gguf::Gguf;
use flashlet::text::grammar::{Grammar, GrammarError, Matcher};
use flashlet::text::values::ValueError;
use flashlet::text::{Converter, Step};
use flashlet_grammar::{Compiled, DEFAULT_DEPTH, MOST_DEPTH, Refused};
use serde::Serialize;

use crate::engine::{Engine, about_file, carried_grammar};
use crate::failure::Failure;
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
    /// Check each line of this file: a whole text; the exit code is 0 whether lines are accepted or not
    #[arg(long, value_name = "FILE")]
    pub(crate) check: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The file of a grammar that texts follow.
#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct GrammarSource {
    /// File with a JSON schema: texts, or the answer, are JSON that is valid by it
    #[arg(long, value_name = "FILE", group = "texts")]
    pub(crate) json_schema: Option<PathBuf>,
    /// File with a grammar in GBNF, llama.cpp's notation, that texts, or the answer, follow
    #[arg(long, value_name = "FILE", group = "texts")]
    pub(crate) grammar: Option<PathBuf>,
    /// Levels to which rules, or arrays and objects, can nest in each other, at least; at most 62
    #[arg(long, value_name = "N", default_value_t = DEFAULT_DEPTH, value_parser = clap::value_parser!(u16).range(1..=MOST_DEPTH.into()), requires = "texts")]
    pub(crate) grammar_depth: u16,
}

/// Bytes of a grammar's file, at most.
const MAX_BYTES: u64 = 1 << 20;

impl GrammarSource {
    /// Compiles the grammar, if there is one.
    pub(crate) fn compile(&self) -> Result<Option<Compiled>, Failure> {
        self.read()?.map(|text| text.compile(self.grammar_depth)).transpose()
    }

    fn read(&self) -> Result<Option<GrammarText<'_>>, Failure> {
        let (path, compile): (_, Compile) = match (&self.json_schema, &self.grammar) {
            (Some(path), _) => (path, flashlet_grammar::compile_schema),
            (None, Some(path)) => (path, flashlet_grammar::compile_gbnf),
            (None, None) => return Ok(None),
        };
        Ok(Some(GrammarText { path, text: input::data_file(path, MAX_BYTES)?, compile }))
    }
}

/// Compiles a text for a depth.
type Compile = fn(&str, u16) -> Result<Compiled, Refused>;

/// A grammar as a file has it.
struct GrammarText<'a> {
    path: &'a Path,
    text: String,
    compile: Compile,
}

impl GrammarText<'_> {
    fn compile(&self, depth: u16) -> Result<Compiled, Failure> {
        (self.compile)(&self.text, depth).map_err(|error| Failure::about(self.path.display(), error))
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
            Some(compiled) => Ok(Some(compiled.open()?)),
            None if self.no_grammar => Ok(None),
            None => Ok(engine.session.grammar()),
        }
    }
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    figures: Figures,
    #[serde(flatten)]
    checked: Option<Checked>,
}

/// Lines that were checked.
#[derive(Default, Serialize)]
struct Checked {
    accepts: Vec<bool>,
    /// Bytes of each line before the one that the grammar does not take: all of them where more must follow. Null for texts of the
    /// grammar.
    rejected_at: Vec<Option<usize>>,
    /// Accepted lines with values in place of what was said; none if the grammar has no values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    texts: Vec<Option<String>>,
    /// The reasons why lines are rejected that are texts of the grammar.
    #[serde(skip)]
    refused: Vec<Option<ValueError>>,
    /// The lines, in order, that are rejected because they nest deeper than `--grammar-depth`.
    #[serde(skip)]
    too_deep: Vec<usize>,
}

/// Runs the command.
pub(crate) fn grammar(args: &GrammarArgs) -> Result<(), Failure> {
    let source = args.source.read()?;
    let compiled = match (&source, &args.model) {
        (Some(source), _) => source.compile(args.source.grammar_depth)?,
        (None, Some(path)) => carried(path)?,
        (None, None) => return Err(Failure::Usage("--json-schema, --grammar or -m is needed".into())),
    };
    let grammar = compiled.open()?;
    let text = args.check.as_ref().map(|path| input::data_file(path, input::MAX_TEXT_BYTES)).transpose()?;
    let checked = text.as_ref().map(|text| check(&grammar, text)).transpose()?;
    let mut report = Report { figures: Figures::of(&compiled)?, checked };
    if args.json {
        return print_json(&report);
    }
    let mut out = Listing::new();
    report.figures.list(&mut out)?;
    if let (Some(checked), Some(text)) = (&mut report.checked, &text) {
        if let Some(source) = source.filter(|_| args.source.grammar_depth < MOST_DEPTH) {
            checked.find_too_deep(text, &source)?;
        }
        checked.list(text, &mut out)?;
    }
    out.finish()
}

impl Checked {
    /// Finds the lines of `text` that the grammar of `source` would take further if rules nested deeper.
    fn find_too_deep(&mut self, text: &str, source: &GrammarText<'_>) -> Result<(), Failure> {
        let lines = self.rejected_at.iter().zip(text.lines()).enumerate();
        let rejected: Vec<(usize, usize, &str)> =
            lines.filter_map(|(at, (&taken, line))| Some((at, taken.filter(|&n| n < line.len())?, line))).collect();
        if rejected.is_empty() {
            return Ok(());
        }
        let deepest = source.compile(MOST_DEPTH)?;
        let grammar = deepest.open()?;
        let mut matcher = Matcher::new(&grammar);
        for (at, taken, line) in rejected {
            // If the deeper grammar runs out of readings, the line stays rejected as the given one rejects it.
            let further =
                rejected_at(&grammar, &mut matcher, line.as_bytes()).is_ok_and(|end| end.is_none_or(|end| end > taken));
            self.too_deep.extend(further.then_some(at));
        }
        Ok(())
    }

    /// A line for each one of `text`, which was checked.
    fn list(&self, text: &str, out: &mut Listing) -> Result<(), Failure> {
        for (at, (accepts, line)) in self.accepts.iter().zip(text.lines()).enumerate() {
            out.write(format_args!("line {:<7} {}", at + 1, if *accepts { "accepted" } else { "rejected" }))?;
            match (self.texts.get(at).and_then(Option::as_ref), self.refused.get(at).copied().flatten()) {
                (Some(text), _) => out.write(format_args!(": {text}"))?,
                (None, Some(refused)) => out.write(format_args!(": {refused}"))?,
                (None, None) => {}
            }
            match self.rejected_at.get(at).copied().flatten() {
                Some(taken) if taken == line.len() => out.write(format_args!(": more must follow"))?,
                Some(taken) if self.too_deep.binary_search(&at).is_ok() => {
                    out.write(format_args!(": byte {} nests deeper than --grammar-depth", taken + 1))?;
                }
                Some(taken) => out.write(format_args!(": byte {} cannot follow", taken + 1))?,
                None => {}
            }
            out.write(format_args!("\n"))?;
        }
        Ok(())
    }
}

/// The grammar that the model file at `path` carries.
fn carried(path: &Path) -> Result<Compiled, Failure> {
    let file = ModelFile::open(path)?;
    let mut source = file.source();
    let gguf = wait(Gguf::open(&mut source)).map_err(|error| about_file(&file, &mut source, error))?;
    let about = |what: &dyn core::fmt::Display| Failure::about(path.display(), what);
    let compiled = carried_grammar(&gguf, &mut source).map_err(|failure| about(&failure))?;
    compiled.ok_or_else(|| about(&"the file carries no grammar: --json-schema or --grammar names one"))
}

fn check(grammar: &Grammar<'_>, text: &str) -> Result<Checked, Failure> {
    let (mut matcher, mut converter) = (Matcher::new(grammar), Converter::new());
    let mut checked = Checked::default();
    let has_values = grammar.values().next().is_some();
    for (n, line) in (1..).zip(text.lines()) {
        let rejected_at = rejected_at(grammar, &mut matcher, line.as_bytes());
        let rejected_at = rejected_at.map_err(|error| Failure::new(format!("line {n}: {error}")))?;
        let accepts = rejected_at.is_none();
        let converted = match has_values && accepts {
            true => Some(convert(grammar, &mut converter, line)),
            false => None,
        };
        checked.accepts.push(accepts && !matches!(converted, Some(Err(_))));
        checked.rejected_at.push(rejected_at);
        if has_values {
            checked.refused.push(converted.as_ref().and_then(|converted| converted.as_ref().err().copied()));
            checked.texts.push(converted.and_then(Result::ok));
        }
    }
    Ok(checked)
}

/// Bytes of `text` before the one that the grammar does not take, all of them where more must follow; `None` if it takes the text.
fn rejected_at(grammar: &Grammar<'_>, matcher: &mut Matcher, text: &[u8]) -> Result<Option<usize>, GrammarError> {
    matcher.restart(grammar);
    for (at, &byte) in text.iter().enumerate() {
        if !matcher.take(grammar, byte)? {
            return Ok(Some(at));
        }
    }
    Ok((!matcher.may_end(grammar)).then_some(text.len()))
}

/// A line that the grammar accepts, with values in place of what was said.
fn convert(grammar: &Grammar<'_>, converter: &mut Converter, line: &str) -> Result<String, ValueError> {
    converter.restart(grammar);
    let mut text = Vec::new();
    for &byte in line.as_bytes() {
        match converter.take(grammar, byte)? {
            Step::Hold => continue,
            Step::Keep => {}
            Step::KeepBehind(written) => text.extend_from_slice(written.as_bytes()),
        }
        text.push(byte);
    }
    if let Some(written) = converter.end(grammar)? {
        text.extend_from_slice(written.as_bytes());
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
