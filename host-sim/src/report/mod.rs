//! `flashlet report`: a model on a board as one HTML page.
//!
//! The planner and the simulator are asked many times ([`lab`], [`data`]); the page ([`page`], [`curves`]) says what they
//! answered, in words, pictures and tables. It is one file and fetches nothing.

mod bars;
mod chart;
mod curves;
mod data;
mod lab;
mod markup;
mod page;
mod scale;
mod table;
mod tensors;
#[cfg(test)]
mod tests;
mod timeline;
mod token;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::boards::Board;
use crate::cli::ReportArgs;
use crate::engine::open_model;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::size::show;
use crate::source::ModelFile;
use crate::temporary::Temporary;
use data::Data;

/// Runs the command. A model that does not fit has a report, but the command fails as others do.
pub(crate) fn report(args: &ReportArgs) -> Result<(), Failure> {
    let Some(board) = args.engine.board else {
        return Err(Failure::Usage("a report is of a model on a board: --board NAME".into()));
    };
    let file = open_model(&args.engine)?;
    let output = args.output.clone().unwrap_or_else(|| default_output(&file, board));
    if same_file(&output, file.path()) {
        return Err(Failure::new(format!("{} is the model", output.display())));
    }
    let data = Data::gather(&file, board, &args.engine)?;
    let html = page::page(&data);
    let temporary = Temporary::new(&output);
    temporary
        .write(|error| error, |out| out.write_all(html.as_bytes()))
        .and_then(|()| temporary.keep(&output))
        .map_err(|error| Failure::io(output.display(), &error))?;
    if args.json {
        print_json(&json(&data, &output, html.len()))?;
    } else {
        print(&format!("{}: {} bytes ({})\n", output.display(), html.len(), show(html.len() as u64)))?;
    }
    data.refused.map_or(Ok(()), |refused| Err(Failure::new(refused.messages.join("; "))))
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

fn same_file(a: &Path, b: &Path) -> bool {
    fs::canonicalize(a).ok().zip(fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b)
}

fn json(data: &Data, output: &Path, bytes: usize) -> serde_json::Value {
    let too_small = data.refused.as_ref().and_then(|refused| refused.arena);
    json!({
        // A path need not be UTF-8, and JSON must be.
        "path": output.display().to_string(),
        "bytes": bytes,
        "fits": data.refused.is_none(),
        "what_to_change": data.refused.as_ref().map(|refused| refused.messages.join("; ")),
        "need_bytes": too_small.map(|t| t.need),
        "have_bytes": too_small.map_or(data.arena, |t| t.have),
        "file_bytes": data.file_bytes,
        "have_flash_bytes": data.board.flash.bytes,
        "arena_bytes": data.plan.arena_bytes,
        "ctx": data.plan.ctx,
        "n_prompt": data.lengths.n_prompt,
        "n_gen": data.lengths.n_gen,
        "prefill": data.prefill.map(|prefill| prefill.rate),
        "decode": data.decode.rate,
        "bound_by": data.decode.bound_by().name(),
        "flash_bytes_per_token": data.plan.flash_bytes_per_pass,
    })
}
