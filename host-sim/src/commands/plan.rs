//! `flashlet plan`: the memory map before anything is loaded.

use core::fmt::Write;

use clap::Args;
use flashlet::arena::Region;
use flashlet::session::Plan;
use serde_json::{Map, json};

use crate::boards::Board;
use crate::engine::{DraftArgs, EngineArgs, Opened, Refusal, open_model};
use crate::failure::Failure;
use crate::io::output::{print, print_json};
use crate::size::show;

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

/// Runs the command.
pub(crate) fn plan(args: &PlanArgs) -> Result<(), Failure> {
    let board = args.engine.board;
    let file = open_model(&args.engine)?;
    let mut opened = Opened::new(&file, &args.engine)?;
    let options = opened.options(&args.engine, None, args.engine.ctx.unwrap_or(0), args.draft.draft)?;
    let arena = args.engine.arena_bytes();
    let refused = match opened.try_plan(&options, arena) {
        Ok(plan) => match board.map_or(Ok(()), |board| board.has_room(file.size())) {
            Ok(()) => {
                let hash_bytes = opened.model.hash_bytes();
                let report = if args.json {
                    json(&plan, board, arena, file.size(), hash_bytes).to_string() + "\n"
                } else {
                    text(&plan, &args.engine, hash_bytes)
                };
                return print(&report);
            }
            Err(error) => {
                let have = board.map(|board| board.flash.bytes);
                let report = json!({ "fits": false, "need_flash_bytes": file.size(), "have_flash_bytes": have });
                (report, Failure::new(error))
            }
        },
        Err(Refusal::DoesNotFit { need, have }) => {
            let error = opened.explain(&options, need, have, board.is_some());
            (
                json!({ "fits": false, "need_bytes": need, "have_bytes": have, "what_to_change": error.to_string() }),
                error,
            )
        }
        Err(Refusal::Failure(failure)) => return Err(failure),
    };
    let (report, error) = refused;
    if args.json {
        print_json(&report)?;
    }
    Err(error)
}

fn json(
    plan: &Plan,
    board: Option<&Board>,
    arena: Option<usize>,
    file_bytes: u64,
    hash_bytes: u64,
) -> serde_json::Value {
    let memory: Map<_, _> = Region::ALL
        .iter()
        .map(|&region| (region.name().replace(' ', "_").to_lowercase(), json!(plan.usage.bytes(region))))
        .collect();
    json!({
        "fits": true,
        "board": board.map(|board| &board.name),
        "have_bytes": arena,
        "arena_bytes": plan.arena_bytes,
        "memory": memory,
        "index_bytes_in_flash": plan.index_bytes_in_flash,
        "ctx": plan.ctx,
        "chunk": plan.chunk,
        "tile_bytes": plan.tile_bytes,
        "file_bytes": file_bytes,
        "weights": {
            "mapped_bytes": plan.residency.mapped_bytes,
            "pinned_bytes": plan.residency.pinned_bytes,
            "streamed_bytes": plan.residency.streamed_bytes,
        },
        // One pass over the weights makes one token; with drafts it may make more.
        "flash_bytes_per_token": plan.flash_bytes_per_pass,
        // Read once by a program that saves or restores snapshots.
        "snapshot_hash_bytes": hash_bytes,
    })
}

fn text(plan: &Plan, args: &EngineArgs, hash_bytes: u64) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    if let Some(board) = args.board {
        let (flash, rate) = (&board.flash, board.flash.bytes_per_s / 1e6);
        let how = if flash.mapped { ", used in place" } else { "" };
        let _ = writeln!(out, "{}: {}", board.name, board.what);
        let _ = writeln!(out, "{} at {rate} MB/s{how}", flash.kind);
        if let (None, Some(kv)) = (args.kv, board.kv_type()) {
            let _ = writeln!(out, "KV cache in {}, as in its firmware; --kv takes another", kv.name());
        }
        out.push('\n');
    }
    let mut line = |label: &str, bytes: u64, note: &str| {
        let _ = writeln!(out, "{label:<18} {bytes:>13}  {:>10}  {note}", show(bytes));
    };
    for region in Region::ALL {
        line(region.name(), plan.usage.bytes(region) as u64, "");
    }
    if plan.index_bytes_in_flash > 0 {
        line("index in flash", plan.index_bytes_in_flash as u64, "not in the arena: the packed file brings it");
    }
    let note = args.arena_bytes().map_or(String::new(), |have| format!("of {have} ({}): fits", show(have as u64)));
    line("arena", plan.arena_bytes as u64, &note);
    let _ = writeln!(out, "\ncontext {} tokens, {} prompt tokens per pass", plan.ctx, plan.chunk);
    let mut line = |label: &str, bytes: u64| {
        let _ = writeln!(out, "{label:<18} {bytes:>13}  {:>10}", show(bytes));
    };
    line("weights mapped", plan.residency.mapped_bytes);
    line("weights pinned", plan.residency.pinned_bytes);
    line("weights streamed", plan.residency.streamed_bytes);
    line("flash per token", plan.flash_bytes_per_pass);
    line("snapshots: hash of", hash_bytes);
    out.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}
