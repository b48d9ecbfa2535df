//! `flashlet report`: a model on a board as one HTML page.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, json};

use crate::boards::Board;
use crate::engine::{EngineArgs, open_model};
use crate::failure::Failure;
use crate::hardware::source::ModelFile;
use crate::io::output::{print, print_json};
use crate::io::output_file::OutputFile;
use crate::io::printable::printable;
use crate::report::{Data, page};
use crate::size::show;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  flashlet report -m smollm2.gguf --board stm32n6570-dk\n\nNeeds --board. Where the model does not fit, the page says what to change, and the exit code is 1."
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

/// Runs the command. A model that does not fit has a report, but the command fails as others do.
pub(crate) fn report(args: &ReportArgs) -> Result<(), Failure> {
    let Some(board) = args.engine.board else {
        return Err(Failure::Usage("a report is of a model on a board: --board NAME".into()));
    };
    let file = open_model(&args.engine)?;
    let output = args.output.clone().unwrap_or_else(|| default_output(&file, board));
    let mut written = OutputFile::create(&output)?;
    let data = Data::gather(&file, board, &args.engine)?;
    let html = page(&data);
    written.write_all(html.as_bytes()).map_err(|error| written.failure(&error))?;
    written.commit()?;
    // A path need not be UTF-8, and JSON must be.
    let path = output.display().to_string();
    if args.json {
        let mut report = Map::from_iter([("path".to_owned(), json!(path)), ("bytes".to_owned(), json!(html.len()))]);
        report.extend(data.summary());
        print_json(&report)?;
    } else {
        print(&format!("{}: {} bytes ({})\n", printable(&path), html.len(), show(html.len() as u64)))?;
    }
    data.refusal().map_or(Ok(()), |refusal| Err(Failure::new(refusal)))
}

/// `MODEL-BOARD.html`, in the current folder.
fn default_output(file: &ModelFile, board: &Board) -> PathBuf {
    let model = match file.path().file_stem() {
        Some(stem) if !file.is_built_in() => stem.to_string_lossy().into_owned(),
        _ => "demo".into(),
    };
    // A board of a file of its own may be called anything.
    let board: String = board.name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
    PathBuf::from(format!("{model}-{board}.html"))
}
