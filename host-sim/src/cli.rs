//! The command line: every flag and its help.

mod values;

pub(crate) use values::{Draft, Isa, Kv, Residency, SourceKind, Verify};

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use flashlet::text::MAX_RECENT;

use crate::boards::{self, Board};
use crate::size::parse_size;
use values::{above_zero, at_least_zero, chat_formats, parse_page, probability};

/// Runs GGUF language models with the engine that boards run, in one arena of known size.
#[derive(Debug, Parser)]
#[command(name = "flashlet", version, propagate_version = true, disable_help_subcommand = true)]
#[command(
    after_help = "SIZE is a number of bytes, or 256KiB, 16MiB, 2GiB. Exit codes: 0 done, 1 error, 2 wrong usage."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A usage error that only shows while a command runs.
pub(crate) fn error(kind: clap::error::ErrorKind, message: String) -> clap::Error {
    Cli::command().error(kind, message)
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Generate text that continues a prompt, or answers it with --chat
    Run(RunArgs),
    /// Talk with a model, turn by turn (the built-in one takes each line by itself)
    Chat(ChatArgs),
    /// Print the token ids of a text
    Tokenize(TokenizeArgs),
    /// Measure how well a model predicts a text (teacher-forced loss over one context)
    Eval(EvalArgs),
    /// Measure prefill and decode speed
    Bench(BenchArgs),
    /// Let a model answer the built-in model's test sentences, and count what is exactly right
    Demo(DemoArgs),
    /// Show a model file's metadata, tensors and bytes by type
    Inspect(InspectArgs),
    /// Show the memory map before anything is loaded: what fits, what is pinned and streamed
    Plan(PlanArgs),
    /// Write an HTML page about a model on a board: the memory map, a token's flash traffic, and what speed depends on
    Report(ReportArgs),
    /// Make a model file ready for a board's flash: aligned, in the order of use, with checksums and an index of the vocabulary; other programs still read it
    Pack(PackArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// Which model, and how its file is read.
#[derive(Args, Clone, Debug)]
pub(crate) struct ModelArgs {
    /// Model file (GGUF); without it the built-in model is used
    #[arg(short, long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// How the model file is read: mapped into memory, or by plain reads as from a flash chip; auto maps it unless --residency is pinned or streamed
    #[arg(long, value_enum, value_name = "HOW", default_value_t = SourceKind::Auto, help_heading = "Memory and speed")]
    pub(crate) source: SourceKind,
}

/// How the engine is set up.
#[derive(Args, Clone, Debug)]
pub(crate) struct EngineArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Tokens of context [default: 2048 or what the model allows, if less; eval and bench: as many as they need]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Memory and speed")]
    pub(crate) ctx: Option<u32>,
    /// Type of the KV cache
    #[arg(long, value_enum, value_name = "TYPE", default_value_t = Kv::F16, help_heading = "Memory and speed")]
    pub(crate) kv: Kv,
    /// Where weights are while the model runs: mapped from the file, pinned in the arena, or streamed through tiles; auto takes the fastest that fits
    #[arg(long, value_enum, value_name = "WHERE", default_value_t = Residency::Auto, help_heading = "Memory and speed")]
    pub(crate) residency: Residency,
    /// What is compared with the checksums of a packed file: reads, that is weights that are copied or streamed; all, that is mapped weights and metadata too; or nothing
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Verify::Reads, default_missing_value = "all", num_args = 0..=1, require_equals = true, help_heading = "Memory and speed")]
    pub(crate) verify: Verify,
    /// All the memory that the engine may use [default: as much as the plan wants]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Memory and speed")]
    pub(crate) arena: Option<usize>,
    /// Simulate this board (a name, or a file NAME.toml): its memory in place of --arena, its flash, and the time that it would take
    #[arg(long, value_name = "NAME", conflicts_with = "arena", value_parser = boards::parse, help_heading = "Memory and speed")]
    pub(crate) board: Option<&'static Board>,
    /// Prompt tokens per pass over the weights, at most, but no fewer than a draft has [default: chosen by the plan]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Memory and speed")]
    pub(crate) chunk: Option<u32>,
    /// Bytes of each of the two tiles that streamed weights pass through [default: chosen by the plan]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Memory and speed")]
    pub(crate) tile: Option<usize>,
}

impl EngineArgs {
    /// Bytes that the arena may have, if that is bounded.
    pub(crate) fn arena_bytes(&self) -> Option<usize> {
        self.board.map(|board| board.arena).or(self.arena)
    }
}

/// What computes.
#[derive(Args, Clone, Debug)]
pub(crate) struct ComputeArgs {
    /// Threads that compute [default: one per core; bench: 1]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024), help_heading = "Memory and speed")]
    pub(crate) threads: Option<u32>,
    /// Instruction set of the kernels; all give the same bits
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Isa::Auto, help_heading = "Memory and speed")]
    pub(crate) isa: Isa,
}

/// How the next token is chosen.
#[derive(Args, Clone, Debug)]
pub(crate) struct SamplingArgs {
    /// Temperature; 0 always takes the likeliest token [default: 0.8; the built-in model: 0]
    #[arg(long, value_name = "T", value_parser = at_least_zero, help_heading = "Sampling")]
    pub(crate) temp: Option<f32>,
    /// Choose among the K likeliest tokens; 0 for no limit
    #[arg(long, value_name = "K", default_value_t = 40, help_heading = "Sampling")]
    pub(crate) top_k: u32,
    /// Choose among the likeliest tokens that together have probability P; 1 for all
    #[arg(long, value_name = "P", default_value_t = 0.95, value_parser = probability, help_heading = "Sampling")]
    pub(crate) top_p: f32,
    /// Drop tokens less likely than P times the likeliest; 0 for none
    #[arg(long, value_name = "P", default_value_t = 0.05, value_parser = probability, help_heading = "Sampling")]
    pub(crate) min_p: f32,
    /// Divide the logits of recent tokens by R; 1 leaves them
    #[arg(long, value_name = "R", default_value_t = 1.0, value_parser = above_zero, help_heading = "Sampling")]
    pub(crate) repeat_penalty: f32,
    /// How many tokens count as recent, at most 256
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(..=MAX_RECENT as i64), help_heading = "Sampling")]
    pub(crate) repeat_last_n: u32,
    /// Seed of the random numbers; the same seed gives the same text
    #[arg(long, value_name = "S", default_value_t = 0, help_heading = "Sampling")]
    pub(crate) seed: u64,
}

/// Where generated text ends.
#[derive(Args, Clone, Debug)]
pub(crate) struct EndArgs {
    /// End before this text; may be given more than once
    #[arg(long, value_name = "STRING")]
    pub(crate) stop: Vec<String>,
    /// Go on after the model's end-of-text tokens
    #[arg(long)]
    pub(crate) ignore_eos: bool,
    /// Print speed, memory and flash traffic to standard error
    #[arg(long)]
    pub(crate) stats: bool,
}

/// How many tokens a pass makes.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct DraftArgs {
    /// Guess tokens from the text so far, and let one pass over the weights verify several; the output stays the same
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Draft::Off, help_heading = "Memory and speed")]
    pub(crate) draft: Draft,
}

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// The prompt; without it and --ids, standard input is read (less one final line break)
    #[arg(value_name = "PROMPT", conflicts_with = "ids")]
    pub(crate) prompt: Option<String>,
    /// File of token ids separated by white space, used as they are in place of a prompt
    #[arg(long, value_name = "FILE", conflicts_with_all = ["chat", "system", "chat_format"])]
    pub(crate) ids: Option<PathBuf>,
    /// Tokens to generate, at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 256)]
    pub(crate) n_predict: u32,
    /// Put the prompt into the model's chat template, as a user's message (the default without -m)
    #[arg(long, conflicts_with = "raw")]
    pub(crate) chat: bool,
    /// Use the prompt as it is; special tokens written in it are recognised (the default with -m)
    #[arg(long)]
    pub(crate) raw: bool,
    /// System message for the chat template; implies --chat
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    pub(crate) system: Option<String>,
    /// Chat template in place of the model's own; implies --chat
    #[arg(long, value_name = "NAME", conflicts_with = "raw", value_parser = chat_formats())]
    pub(crate) chat_format: Option<String>,
    /// Save the state that the prompt leaves to this file, which stands for a flash chip, before text is generated; on a simulated board writing it takes no time
    #[arg(long, value_name = "FILE")]
    pub(crate) save_prefix: Option<PathBuf>,
    /// Restore the state that --save-prefix saved in place of prefilling it again; the prompt must begin with the same tokens
    #[arg(long, value_name = "FILE")]
    pub(crate) load_prefix: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) end: EndArgs,
    /// Print one JSON object with ids, text, hash of the logits, memory, flash, passes over the weights and timings
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
    #[command(flatten)]
    pub(crate) draft: DraftArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) compute: ComputeArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ChatArgs {
    /// System message
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Chat template in place of the model's own
    #[arg(long, value_name = "NAME", value_parser = chat_formats())]
    pub(crate) chat_format: Option<String>,
    /// Tokens per answer, at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 512)]
    pub(crate) n_predict: u32,
    #[command(flatten)]
    pub(crate) end: EndArgs,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
    #[command(flatten)]
    pub(crate) draft: DraftArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) compute: ComputeArgs,
}

#[derive(Args, Debug)]
pub(crate) struct TokenizeArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) text: TextArgs,
    /// Leave out the beginning-of-text and end-of-text tokens that the model asks for
    #[arg(long)]
    pub(crate) no_bos: bool,
    /// Treat special tokens written in the text as plain text
    #[arg(long)]
    pub(crate) no_special: bool,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct TextArgs {
    /// The text
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) text: Option<String>,
    /// File with the text (UTF-8), used byte for byte
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    pub(crate) input: EvalInput,
    /// Write the logits to this file: raw f32, little-endian, one row per position
    #[arg(long, value_name = "FILE")]
    pub(crate) logits_out: Option<PathBuf>,
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

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) compute: ComputeArgs,
}

#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) draft: DraftArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Needs --board. Where the model does not fit, the page says what to change, and the exit code is 1."
)]
pub(crate) struct ReportArgs {
    /// The page, written beside its place and moved there when it is whole [default: MODEL-BOARD.html in this folder]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print one JSON object with the page's path, its bytes and the numbers of its summary
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

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
    /// Add no checksums
    #[arg(long)]
    pub(crate) no_checksums: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
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
    fn numbers_outside_their_range_are_refused() {
        let parses = |flags: &[&str]| Cli::try_parse_from([&["flashlet", "run"], flags].concat()).is_ok();
        assert!(parses(&["--temp", "0", "--top-p", "1", "--min-p", "0", "--repeat-penalty", "1.1", "x"]));
        for flags in [
            ["--temp", "-1"],
            ["--temp", "nan"],
            ["--temp", "inf"],
            ["--top-p", "1.5"],
            ["--repeat-penalty", "0"],
            ["--ctx", "0"],
            ["--threads", "0"],
            ["--arena", "lots"],
            ["-n", "-1"],
        ] {
            assert!(!parses(&flags), "{flags:?}");
        }
    }
}
