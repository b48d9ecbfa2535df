//! `flashlet pack`: a model file made ready for a board's flash.

use core::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use flashlet::Model;
use flashlet::gguf::MAX_ALIGNMENT;
use flashlet::text::Threshold;

use super::grammar::GrammarSource;
use crate::engine::{about_file, warn_of_unknown_key};
use crate::failure::Failure;
use crate::hardware::source::ModelFile;
use crate::io::output::print;
use crate::io::output_file::OutputFile;
use crate::io::printable::printable;
use crate::io::progress::Meter;
use crate::pack::{self, Answers, ChatReport, Options, PackError, Report};
use crate::sim::wait;
use crate::size::{parse_size, show};
use crate::values::probability;

#[derive(Args, Debug)]
pub(crate) struct PackArgs {
    /// The model file (GGUF)
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// The packed file, written beside its place and moved there when it is whole
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Bytes of a flash page, at whose multiples tensors begin: a power of two from 8 to 16MiB [default: as in the file]
    #[arg(long, value_name = "SIZE", value_parser = parse_page)]
    pub(crate) page: Option<u32>,
    /// Leave out metadata that no board reads, and say which
    #[arg(long)]
    pub(crate) strip: bool,
    /// Add no index of the vocabulary
    #[arg(long)]
    pub(crate) no_index: bool,
    /// Add no pieces of the chat template, without which boards render prompts of a few known templates alone
    #[arg(long)]
    pub(crate) no_chat: bool,
    /// Add no checksums
    #[arg(long)]
    pub(crate) no_checksums: bool,
    #[command(flatten)]
    pub(crate) grammar: GrammarSource,
    /// Tokens of the longest answer by the grammar, which answers have room for, if they are known to be fewer than its bytes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) grammar_room: Option<u32>,
    /// Probability that answers must have, below which they are refused; 0 for none [default: as in the file]
    #[arg(long, value_name = "P", value_parser = probability)]
    pub(crate) min_prob: Option<f32>,
    /// Answers that contain TEXT must have probability P; may be given more than once
    #[arg(long, value_name = "TEXT=P", value_parser = parse_rule)]
    pub(crate) min_prob_rule: Vec<(String, f32)>,
    /// Text in place of an answer that is refused
    #[arg(long, value_name = "TEXT", value_parser = parse_unsure)]
    pub(crate) unsure: Option<String>,
    /// Leave out this metadata key, which is refused because it may change results; may be given more than once
    #[arg(long, value_name = "KEY")]
    pub(crate) ignore_key: Vec<String>,
}

fn parse_page(text: &str) -> Result<u32, String> {
    let page = parse_size(text)?;
    let page = u32::try_from(page).ok().filter(|n| n.is_power_of_two() && (8..=MAX_ALIGNMENT).contains(n));
    page.ok_or_else(|| "a page is a power of two from 8 to 16MiB".to_owned())
}

/// A text and a probability. The text may have equals signs, too.
fn parse_rule(text: &str) -> Result<(String, f32), String> {
    match text.rsplit_once('=') {
        Some((text, prob)) if (1..=Threshold::MAX_RULE_BYTES).contains(&text.len()) => {
            Ok((text.to_owned(), probability(prob)?))
        }
        _ => Err(format!(
            "a text of at most {} bytes, an equals sign and a probability are needed",
            Threshold::MAX_RULE_BYTES
        )),
    }
}

/// The text in place of an answer.
fn parse_unsure(text: &str) -> Result<String, String> {
    let fits = text.len() <= Threshold::MAX_UNSURE_BYTES;
    fits.then(|| text.to_owned()).ok_or_else(|| format!("it has more than {} bytes", Threshold::MAX_UNSURE_BYTES))
}

/// Runs the command.
pub(crate) fn pack(args: &PackArgs) -> Result<(), Failure> {
    if args.min_prob_rule.len() > Threshold::MAX_RULES {
        let most = Threshold::MAX_RULES;
        return Err(Failure::Usage(format!("--min-prob-rule may be given {most} times at most")));
    }
    let mut input = ModelFile::open(&args.input)?;
    // Not every file system can map; those that cannot can still read.
    drop(input.map());
    let ignored: Vec<&str> = args.ignore_key.iter().map(String::as_str).collect();
    let compiled = args.grammar.compile()?;
    let options = Options {
        page: args.page,
        strip: args.strip,
        checksums: !args.no_checksums,
        index: !args.no_index,
        chat: !args.no_chat,
        answers: Answers {
            grammar: compiled.as_ref().map(|compiled| compiled.tables.as_slice()),
            room: args.grammar_room,
            min_prob: args.min_prob,
            rules: &args.min_prob_rule,
            unsure: args.unsure.as_deref(),
        },
        ignored: &ignored,
    };
    let mut meter = Meter::new("pack");
    let mut output = OutputFile::create(&args.output)?;
    let mut progress = |done, total| meter.update(done, total);
    let report =
        pack::pack(&mut input.source(), &options, &mut output, &mut progress).map_err(|error| match error {
            PackError::Write(error) => output.failure(&error),
            PackError::Model(named) => about_file(&input, &mut input.source(), named.error),
            error => Failure::about(args.input.display(), error),
        })?;
    drop(meter);
    for key in ignored.iter().filter(|&&key| !report.ignored.iter().any(|ignored| ignored == key)) {
        warn_of_unknown_key(&args.input.display(), key);
    }
    // What cannot be read back is not left behind.
    let written = output.file()?;
    let mut packed = ModelFile::of(&args.output, written).map_err(|error| output.failure(&error))?;
    drop(packed.map());
    let mut source = packed.source();
    let plan = wait(async {
        let model = Model::open(&mut source).await?;
        model.plan(&mut source, &flashlet::Options::default(), None).await
    });
    let plan = plan.map_err(|error| Failure::about(args.output.display(), error))?;
    output.commit()?;
    print(&text(&report, input.size(), plan.index_bytes_in_flash))
}

fn text(report: &Report, before: u64, index_memory: usize) -> String {
    let mut out = String::new();
    let mut line = |step: &str, what: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{step:<10} {what}");
    };
    let [seams, pages, padding] = [report.seams.map(|n| n as u64), report.pages, report.padding];
    line(
        "order",
        format!(
            "{} tensors by use: a streamed pass is {} reads in place of {}",
            report.n_tensors,
            seams[1] + 1,
            seams[0] + 1
        ),
    );
    line(
        "page",
        format!(
            "aligned to {}: a pass touches {} pages in place of {}; {} of padding in place of {}",
            show(report.page.into()),
            pages[1],
            pages[0],
            show(padding[1]),
            show(padding[0])
        ),
    );
    if report.checksum_bytes > 0 {
        line(
            "checksums",
            format!("of {} tensors and all embedding rows: {} more", report.n_tensors, show(report.checksum_bytes)),
        );
    }
    if report.index_bytes > 0 {
        let (flash, memory) = (show(report.index_bytes), show(index_memory as u64));
        line("index", format!("of the vocabulary: {flash} more, and {memory} less of memory where the file is mapped"));
    }
    if report.grammar_bytes > 0 {
        line("grammar", format!("which answers follow: {} more", show(report.grammar_bytes)));
    }
    if let Some(chat) = &report.chat {
        line("chat", chat_text(chat));
    }
    for key in &report.ignored {
        line("ignored", format!("{}: not in the packed file", printable(key)));
    }
    if !report.stripped.is_empty() {
        let total: u64 = report.stripped.iter().map(|(_, bytes)| bytes).sum();
        line("strip", format!("{} keys that no board reads: {} less", report.stripped.len(), show(total)));
        for (key, bytes) in &report.stripped {
            line("", format!("  {} ({})", printable(key), show(*bytes)));
        }
    }
    line("file", format!("{} bytes in place of {before}", report.bytes));
    out
}

/// The outcome for the chat template.
fn chat_text(chat: &Result<ChatReport, String>) -> String {
    match chat {
        Ok(ChatReport { bytes, takes_system_text, is_dated, .. }) => {
            let no_system = if *takes_system_text { "" } else { "; without a place for a system text" };
            let dated = if *is_dated { "; with the date of today" } else { "" };
            format!("pieces of the template, by which boards render prompts: {} more{no_system}{dated}", show(*bytes))
        }
        Err(why) => format!("no pieces of the template, it is not made of any: {}", printable(why)),
    }
}
