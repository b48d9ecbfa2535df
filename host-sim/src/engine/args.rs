//! Arguments that several commands share: the model, the engine's options, the kernels.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Args, ValueEnum};
use flashlet::kernels::KvType;
use flashlet::simd::IsaName;
use flashlet::weights::{Residency, Verify};

use crate::boards::{self, Board};
use crate::size::parse_size;
use crate::values::one_of;

/// The model, and the way its file is read.
#[derive(Args, Clone, Debug)]
pub(crate) struct ModelArgs {
    /// Model file (GGUF); without it the built-in model is used
    #[arg(short, long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// How the model file is read: mapped into memory, or by plain reads as from a flash chip; auto maps it unless --residency is pinned or streamed
    #[arg(long, value_enum, value_name = "HOW", default_value_t = SourceKind::Auto, help_heading = "Memory and speed")]
    pub(crate) source: SourceKind,
}

/// The ways to read a model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SourceKind {
    Auto,
    Mmap,
    File,
}

/// The engine's options.
#[derive(Args, Clone, Debug)]
pub(crate) struct EngineArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Run as if the model file did not have this metadata key, which is refused because it may change results; may be given more than once
    #[arg(long, value_name = "KEY", help_heading = "Memory and speed")]
    pub(crate) ignore_key: Vec<String>,
    /// Tokens of context [default: 2048 or what the model allows, if less; eval and bench: as many as they need]
    #[arg(short, long, visible_alias = "ctx-size", value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Memory and speed")]
    pub(crate) ctx: Option<u32>,
    /// Type of the KV cache [default: that of the board's firmware, else f16]
    #[arg(long, value_name = "TYPE", value_parser = kv_types(), help_heading = "Memory and speed")]
    pub(crate) kv: Option<KvType>,
    /// Where weights are while the model runs: mapped from the file, pinned in the arena, or streamed through tiles; auto takes the fastest that fits
    #[arg(long, value_name = "WHERE", default_value = AUTO, value_parser = one_of(RESIDENCIES), help_heading = "Memory and speed")]
    pub(crate) residency: Residency,
    /// What is compared with the checksums of a packed file: reads, that is weights that are copied or streamed; all, that is mapped weights and metadata too; or nothing
    #[arg(long, value_name = "WHAT", default_value = CHECKED, default_missing_value = "all", num_args = 0..=1, require_equals = true, value_parser = one_of(CHECKS), help_heading = "Memory and speed")]
    pub(crate) verify: Verify,
    /// All the memory that the engine may use [default: as much as the plan wants]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Memory and speed")]
    pub(crate) arena: Option<usize>,
    /// Simulate this board (a name, or a file NAME.toml): its memory in place of --arena, its flash, and the time that it would take
    #[arg(long, value_name = "NAME", conflicts_with = "arena", value_parser = BoardValue, help_heading = "Memory and speed")]
    pub(crate) board: Option<&'static Board>,
    /// Prompt tokens per pass over the weights, at most, but no fewer than a draft has [default: chosen by the plan]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Memory and speed")]
    pub(crate) chunk: Option<u32>,
    /// Bytes of each of the two tiles that streamed weights pass through [default: chosen by the plan]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Memory and speed")]
    pub(crate) tile: Option<usize>,
}

/// Parses the name of a board, or of a file that describes one. Help and completions list the names.
#[derive(Clone)]
struct BoardValue;

impl TypedValueParser for BoardValue {
    type Value = &'static Board;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<&'static Board, clap::Error> {
        TypedValueParser::parse_ref(&boards::parse, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(boards::all().iter().map(|board| PossibleValue::new(&*board.name))))
    }
}

impl EngineArgs {
    /// The type of the KV cache: the one that was asked for, or the board's.
    pub(crate) fn kv_type(&self) -> KvType {
        self.kv.or(self.board.and_then(Board::kv_type)).unwrap_or(KvType::DEFAULT)
    }

    /// The flags that ask for the same on the board, with a context of `n_ctx` tokens, in the folder of the model: a page does not
    /// show where that is.
    pub(crate) fn on_board(&self, n_ctx: u32) -> Vec<String> {
        // Each field by its name, so that a flag that is new cannot be forgotten; a board has its own source and arena.
        let EngineArgs { model, ignore_key, ctx: _, kv: _, residency, verify, arena: _, board, chunk, tile } = self;
        let ModelArgs { model, source: _ } = model;
        let board = board.map(|board| board.path.as_ref().unwrap_or(&board.name).clone());
        let residency = RESIDENCIES.into_iter().find(|(name, value)| value == residency && *name != AUTO);
        let verify = CHECKS.into_iter().find(|(name, value)| value == verify && *name != CHECKED);
        let flags = [
            ("-m", model.as_ref().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))),
            ("--board", board),
            ("--ctx", Some(n_ctx.to_string())),
            ("--kv", Some(self.kv_type().name().to_owned())),
            ("--residency", residency.map(|(name, _)| name.to_owned())),
            ("--chunk", chunk.map(|n| n.to_string())),
            ("--tile", tile.map(|bytes| bytes.to_string())),
        ];
        let ignored = ignore_key.iter().map(|key| ("--ignore-key", Some(key.clone())));
        let pairs = flags.into_iter().chain(ignored).filter_map(|(flag, value)| Some([flag.to_owned(), value?]));
        pairs.flatten().chain(verify.map(|(name, _)| format!("--verify={name}"))).collect()
    }
}

/// The value of flags that leaves the choice to the engine.
const AUTO: &str = "auto";

const RESIDENCIES: [(&str, Residency); 4] = [
    (AUTO, Residency::Auto),
    ("mapped", Residency::Mapped),
    ("pinned", Residency::Pinned),
    ("streamed", Residency::Streamed),
];

const CHECKED: &str = "reads";

const CHECKS: [(&str, Verify); 3] = [("off", Verify::Never), (CHECKED, Verify::Reads), ("all", Verify::All)];

fn kv_types() -> impl TypedValueParser<Value = KvType> {
    one_of(KvType::ALL.iter().map(|kv| (kv.name(), *kv)))
}

/// The kernels and the threads that run them.
#[derive(Args, Clone, Debug)]
pub(crate) struct ComputeArgs {
    /// Threads that compute [default: one per core; bench: 1]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024), help_heading = "Memory and speed")]
    pub(crate) threads: Option<u32>,
    /// Taken for llama.cpp's sake, and without effect: no GPU is used
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) n_gpu_layers: Option<String>,
    /// Instruction set of the kernels; all give the same bits
    #[arg(long, value_name = "NAME", default_value = AUTO, value_parser = isas(), help_heading = "Memory and speed")]
    pub(crate) isa: IsaChoice,
}

/// An instruction set, or `None` for the fastest that this processor has. (clap makes the value of a flag optional where
/// its type is spelled `Option`; this one has a default.)
pub(crate) type IsaChoice = Option<IsaName>;

fn isas() -> impl TypedValueParser<Value = IsaChoice> {
    // Those of all processors of this kind, so that help and messages are the same on each.
    let vectors = match cfg!(target_arch = "aarch64") {
        true => &[IsaName::Neon, IsaName::NeonDotprod, IsaName::NeonI8mm][..],
        false => &[IsaName::Avx2, IsaName::Avx512],
    };
    let named = [IsaName::Scalar].iter().chain(vectors).map(|isa| (isa.name(), Some(*isa)));
    one_of([(AUTO, None)].into_iter().chain(named))
}

/// Speculative decoding.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct DraftArgs {
    /// Guess tokens from the text so far, and let one pass over the weights verify several; the output stays the same
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Draft::Off, help_heading = "Memory and speed")]
    pub(crate) draft: Draft,
}

/// The sources of drafts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Draft {
    /// What followed the last tokens when they occurred before
    Prompt,
    /// None: one token a pass
    Off,
}

/// Memory that answers take beyond the model's: of drafts, and of a grammar that the file does not carry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extras {
    pub(crate) draft: Draft,
    pub(crate) follow: bool,
}

impl Extras {
    pub(crate) const NONE: Extras = Extras { draft: Draft::Off, follow: false };
}
