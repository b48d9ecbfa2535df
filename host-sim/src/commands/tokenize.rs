//! `flashlet tokenize`: the token ids of a text. Needs a vocabulary and no tensors.

use std::path::PathBuf;

use clap::Args;
use flashlet::text::Encode;
use flashlet::weights::Residency;

use crate::engine::{ModelArgs, encode, open_file};
use crate::failure::Failure;
use crate::io::input;
use crate::io::output::Listing;

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

/// Runs the command.
pub(crate) fn tokenize(args: &TokenizeArgs) -> Result<(), Failure> {
    let file = open_file(&args.model, Residency::Auto)?;
    let text = match (&args.text.text, &args.text.file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => input::text_file(path)?,
        (None, None) => return Err(Failure::Usage("--text or --file is needed".into())),
    };
    let ids = encode(
        &file,
        &text,
        Encode { bos: !args.no_bos, eos: !args.no_bos, special: !args.no_special, ..Encode::default() },
    )?;
    let mut out = Listing::new();
    let mut space = "";
    for id in ids {
        out.write(format_args!("{space}{id}"))?;
        space = " ";
    }
    out.write(format_args!("\n"))?;
    out.finish()
}
