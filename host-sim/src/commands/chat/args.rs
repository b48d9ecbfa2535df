//! The arguments of `flashlet chat`.

use clap::Args;
use flashlet::text::ChatFormat;

use crate::commands::grammar::FollowArgs;
use crate::engine::{ComputeArgs, DraftArgs, EngineArgs};
use crate::generate::{EndArgs, SamplingArgs};
use crate::values::{chat_format, tokens};

#[derive(Args, Debug)]
pub(crate) struct ChatArgs {
    /// System message, empty for none, not even the template's own
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Chat template in place of the model's own
    #[arg(long, value_name = "NAME", value_parser = chat_format())]
    pub(crate) chat_format: Option<ChatFormat>,
    /// Keep no lines for later sessions, and show none of earlier ones
    #[arg(long)]
    pub(crate) no_history: bool,
    /// Tokens per answer, at most; -1 for as many as the context has room for
    #[arg(short = 'n', long, value_name = "N", default_value = "512", value_parser = tokens)]
    pub(crate) n_predict: u32,
    #[command(flatten)]
    pub(crate) end: EndArgs,
    #[command(flatten)]
    pub(crate) grammar: FollowArgs,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
    #[command(flatten)]
    pub(crate) draft: DraftArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) compute: ComputeArgs,
}
