//! The command line: every command and its help. The flags stand beside the code of their command.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{bench, chat, completions, demo, eval, grammar, inspect, pack, plan, report, run, tokenize};
use crate::failure::Failure;
use crate::io::printable::printable;

/// Runs GGUF language models with the engine that boards run, in one arena of known size.
#[derive(Debug, Parser)]
#[command(name = "flashlet", version, propagate_version = true)]
#[command(
    after_help = "`flashlet help COMMAND` and `flashlet COMMAND --help` show a command's flags, with examples. A model may stand as a command's first word in place of -m. SIZE is a number of bytes, or 256KiB, 16MiB, 2GiB. Exit codes: 0 done, 1 error, 2 wrong usage."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer a prompt, or continue it where the model has no chat template
    #[command(
        after_help = "Examples:\n  flashlet run \"turn on the kitchen light\"\n  flashlet run -m smollm2.gguf \"Why is the sky blue?\"\n  flashlet run smollm2.gguf --raw --temp 0 -n 32 \"Once upon a time\""
    )]
    Run(Box<run::RunArgs>),
    /// Talk with a model, turn by turn (the built-in one takes each line by itself)
    #[command(after_help = "Examples:\n  flashlet chat -m smollm2.gguf --system \"Answer in one sentence.\"")]
    Chat(chat::ChatArgs),
    /// Print the token ids of a text
    #[command(after_help = "Examples:\n  flashlet tokenize -m smollm2.gguf --text \"Hello there\"")]
    Tokenize(tokenize::TokenizeArgs),
    /// Measure how well a model predicts a text (teacher-forced loss over one context)
    #[command(after_help = "Examples:\n  flashlet eval -m smollm2.gguf --file book.txt --json")]
    Eval(eval::EvalArgs),
    /// Measure prefill and decode speed
    #[command(
        after_help = "Examples:\n  flashlet bench -m smollm2.gguf -t 4\n  flashlet bench -m smollm2.gguf --board stm32n6570-dk\n\nA board's speeds are the same each time and on every machine: -r, -t and --isa do not change them."
    )]
    Bench(bench::BenchArgs),
    /// Let a model answer the built-in model's test sentences, and count what is exactly right
    #[command(after_help = "Examples:\n  flashlet demo")]
    Demo(demo::DemoArgs),
    /// Compile a JSON schema or a grammar for answers that follow it, and check texts by it
    #[command(after_help = "Examples:\n  flashlet grammar --json-schema answer.schema.json --check answers.jsonl")]
    Grammar(grammar::GrammarArgs),
    /// Show a model file's metadata, tensors and bytes by type
    #[command(after_help = "Examples:\n  flashlet inspect -m smollm2.gguf")]
    Inspect(inspect::InspectArgs),
    /// Show the memory map before anything is loaded: what fits, what is pinned and streamed
    #[command(
        after_help = "Examples:\n  flashlet plan -m smollm2.gguf --arena 16MiB\n  flashlet plan --board stm32f405"
    )]
    Plan(plan::PlanArgs),
    /// Write an HTML page about a model on a board: the memory map, a token's flash traffic, and what speed depends on
    Report(report::ReportArgs),
    /// Make a model file ready for a board's flash: aligned, in the order of use, with checksums and an index of the vocabulary; other programs still read it
    #[command(after_help = "Examples:\n  flashlet pack model.gguf packed.gguf --page 4KiB --strip")]
    Pack(pack::PackArgs),
    /// Print a completion script for a shell
    #[command(
        after_help = "Examples:\n  flashlet completions bash > ~/.local/share/bash-completion/completions/flashlet"
    )]
    Completions(completions::CompletionsArgs),
}

impl Cli {
    /// Parses `args`, the first of which is the program's name. A number behind a flag may be negative: whether it suits is
    /// for the flag to say.
    ///
    /// # Errors
    /// The error, or the text asked for, as clap prints it.
    pub(crate) fn read(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
        let command = Cli::command().mut_subcommands(|command| {
            command.mut_args(|arg| {
                let takes_values = arg.get_action().takes_values();
                if takes_values { arg.allow_negative_numbers(true) } else { arg }
            })
        });
        Cli::from_arg_matches(&command.try_get_matches_from(args)?)
    }
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// The reason why the command ended early.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        match self {
            Command::Run(args) => run::run(args),
            Command::Chat(args) => chat::chat(args),
            Command::Tokenize(args) => tokenize::tokenize(args),
            Command::Eval(args) => eval::eval(args),
            Command::Bench(args) => bench::bench(args),
            Command::Demo(args) => demo::demo(args),
            Command::Grammar(args) => grammar::grammar(args),
            Command::Inspect(args) => inspect::inspect(args),
            Command::Plan(args) => plan::plan(args),
            Command::Report(args) => report::report(args),
            Command::Pack(args) => pack::pack(args),
            Command::Completions(args) => completions::completions(args, &mut Cli::command()),
        }
    }
}

/// A failure to use the command `name` rightly, as clap reports its own.
pub(crate) fn usage_error(name: &OsStr, failure: &Failure) -> clap::Error {
    let mut program = Cli::command();
    program.build();
    let kind = ErrorKind::MissingRequiredArgument;
    match program.find_subcommand_mut(name) {
        Some(command) => command.error(kind, failure),
        None => program.error(kind, failure),
    }
}

/// `error`, with the arguments that it names made printable.
pub(crate) fn printable_error(mut error: clap::Error) -> clap::Error {
    let arguments: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(printable(text)))),
            ContextValue::StyledStrs(tips) => {
                let plain = tips.iter().map(|tip| printable(&tip.to_string()).into());
                Some((kind, ContextValue::StyledStrs(plain.collect())))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in arguments {
        error.insert(kind, value);
    }
    error
}

#[cfg(test)]
mod tests {
    use flashlet::kernels::KvType;
    use flashlet::simd::IsaName;
    use flashlet::weights::{Residency, Verify};

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_flag_is_explained() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for arg in command.get_arguments().filter(|a| !["help", "version"].contains(&a.get_id().as_str())) {
                assert!(arg.get_help().is_some(), "{} {}", command.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn names_parse_to_the_engines_types() {
        let engine = |flags: &[&str]| {
            let cli = Cli::try_parse_from([&["flashlet", "bench"], flags].concat()).expect("they are flags");
            let Command::Bench(args) = cli.command else { unreachable!("that was asked for") };
            (args.engine.kv_type(), args.engine.residency, args.engine.verify, args.compute.isa)
        };
        assert_eq!(engine(&[]), (KvType::F16, Residency::Auto, Verify::Reads, None));
        let flags = ["--kv=q4_0", "--residency=streamed", "--verify=off", "--isa=avx2"];
        assert_eq!(engine(&flags), (KvType::Q4_0, Residency::Streamed, Verify::Never, Some(IsaName::Avx2)));
        assert_eq!(engine(&["--isa", "auto", "--verify"]), (KvType::F16, Residency::Auto, Verify::All, None));
    }

    #[test]
    fn numbers_outside_their_range_are_refused() {
        let parses = |flags: &[&str]| {
            let args = [&["flashlet", "run"], flags].concat();
            Cli::read(args.into_iter().map(OsString::from)).is_ok()
        };
        assert!(parses(&["--temp", "1e-45", "--top-k", "256", "--repeat-last-n", "256", "x"]));
        assert!(parses(&["--temp", "0", "--top-p", "1", "--min-p", "0", "--repeat-penalty", "1.1", "x"]));
        assert!(parses(&["-n", "-1", "-c", "64", "-s", "7", "-p", "x"]) && parses(&["--ctx-size", "64", "-f", "x"]));
        for flags in [
            ["--temp", "-1"],
            ["--temp", "nan"],
            ["--temp", "inf"],
            ["--top-p", "1.5"],
            ["--top-k", "257"],
            ["--top-k", "-1"],
            ["--repeat-last-n", "257"],
            ["--repeat-penalty", "0"],
            ["--ctx", "0"],
            ["--threads", "0"],
            ["--arena", "lots"],
            ["-n", "-2"],
            ["-s", "-1"],
        ] {
            assert!(!parses(&flags), "{flags:?}");
        }
    }
}
