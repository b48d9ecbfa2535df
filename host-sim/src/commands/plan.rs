//! `flashlet plan`: the memory map before anything is loaded.

use core::fmt::Write;

use clap::Args;
use flashlet::Plan;
use flashlet::arena::Region;
use serde_json::{Map, json};

use super::grammar::{Figures, GrammarSource};
use crate::boards::Board;
use crate::engine::{
    Context, DraftArgs, EngineArgs, Extras, Misfit, Opened, Room, TooSmall, carried_grammar, open_model,
};
use crate::failure::Failure;
use crate::io::output::{print, print_json, warn};
use crate::predict::{Forecast, Lab, Lengths};
use crate::size::show;

#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) draft: DraftArgs,
    #[command(flatten)]
    pub(crate) grammar: GrammarSource,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// Runs the command.
pub(crate) fn plan(args: &PlanArgs) -> Result<(), Failure> {
    let file = open_model(&args.engine)?;
    let mut opened = Opened::new(&file, &args.engine)?;
    let compiled = args.grammar.compile()?;
    let extras = Extras { draft: args.draft.draft, follow: compiled.is_some() };
    let options = opened.options(&args.engine, None, args.engine.ctx.unwrap_or(0), extras)?;
    let room = Room::planned(&args.engine);
    let judged = opened.judge(&options, room, Context::ANY.least)?;
    let carried = carried_grammar(opened.model.gguf(), &mut file.source())?;
    let grammar = compiled.or(carried);
    let grammar = grammar.as_ref().map(Figures::of).transpose()?;
    let mut speeds = None;
    if let Ok(plan) = &judged {
        opened.warn_of(plan);
        speeds = board(room).and_then(|board| Speeds::of(&opened, board, plan));
    }
    match judged {
        Ok(plan) if args.json => print_json(&json(&plan, room, &opened, (grammar.as_ref(), speeds.as_ref()))),
        Ok(plan) => {
            print(&text(&plan, room, &args.engine, opened.model.hash_bytes(), (grammar.as_ref(), speeds.as_ref())))
        }
        Err(misfit) => {
            if args.json {
                print_json(&misfit_json(&misfit))?;
            }
            Err(Failure::new(misfit.message()))
        }
    }
}

/// The simulated speeds of a model on a board.
struct Speeds {
    lengths: Lengths,
    forecast: Forecast,
}

impl Speeds {
    /// The speeds with `plan`; none where this machine cannot simulate them.
    fn of(opened: &Opened<'_>, board: &Board, plan: &Plan) -> Option<Speeds> {
        let lengths = Lengths::within(plan.ctx);
        let forecast = Lab::new(opened.again()).forecast(board, plan, lengths);
        let forecast = forecast.inspect_err(|error| warn(&format!("no speeds are simulated: {error}"))).ok()?;
        Some(Speeds { lengths, forecast })
    }

    fn json(&self) -> serde_json::Value {
        let Speeds { lengths: Lengths { n_prompt, n_gen }, forecast } = self;
        let [prefill, decode] = [forecast.prefill, forecast.decode].map(|stage| stage.map(|(_, range)| range));
        json!({ "n_prompt": n_prompt, "n_gen": n_gen, "prefill": prefill, "decode": decode })
    }
}

fn misfit_json(misfit: &Misfit) -> serde_json::Value {
    let mut report = Map::from_iter([("fits".to_owned(), json!(false))]);
    for (what, too_small) in [("bytes", misfit.arena), ("flash_bytes", misfit.flash)] {
        if let Some(TooSmall { need, have }) = too_small {
            report.insert(format!("need_{what}"), json!(need));
            report.insert(format!("have_{what}"), json!(have));
        }
    }
    report.insert("what_to_change".to_owned(), json!(misfit.message()));
    report.into()
}

/// Figures that a plan shows beside its memory: those of the grammar that the file carries, and speeds.
type Beside<'p> = (Option<&'p Figures>, Option<&'p Speeds>);

fn json(plan: &Plan, room: Room, opened: &Opened<'_>, (grammar, speeds): Beside<'_>) -> serde_json::Value {
    let memory: Map<_, _> = Region::ALL
        .iter()
        .map(|&region| (region.name().replace(' ', "_").to_lowercase(), json!(plan.usage.bytes(region))))
        .collect();
    json!({
        "fits": true,
        "board": board(room).map(|board| &board.name),
        "have_bytes": fixed_arena(room),
        "arena_bytes": plan.arena_bytes,
        "memory": memory,
        "index_bytes_in_flash": plan.index_bytes_in_flash,
        // Copies of tables and vocabulary in the arena, where the file is not mapped.
        "grammar_bytes": plan.grammar_bytes,
        "grammar": grammar,
        "ctx": plan.ctx,
        "ctx_train": opened.model.config().hyper.ctx_train,
        "chunk": plan.chunk,
        "tile_bytes": plan.tile_bytes,
        "file_bytes": opened.file.size(),
        "weights": {
            "mapped_bytes": plan.residency.mapped_bytes,
            "pinned_bytes": plan.residency.pinned_bytes,
            "streamed_bytes": plan.residency.streamed_bytes,
        },
        // One pass over the weights makes one token; with drafts it may make more.
        "flash_bytes_per_token": plan.flash_bytes_per_pass,
        // Read once by a program that saves or restores snapshots.
        "snapshot_hash_bytes": opened.model.hash_bytes(),
        // Tokens per second on the board.
        "speed": speeds.map(Speeds::json),
    })
}

fn board(room: Room) -> Option<&'static Board> {
    if let Room::Board(board) = room { Some(board) } else { None }
}

/// The arena's bytes, unless it has as many as the plan wants.
fn fixed_arena(room: Room) -> Option<usize> {
    if let Room::Machine(_) = room { None } else { room.arena() }
}

fn text(plan: &Plan, room: Room, args: &EngineArgs, hash_bytes: u64, (grammar, speeds): Beside<'_>) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    if let Some(board) = board(room) {
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
    // Most models have no state beside their cache.
    for region in Region::ALL.into_iter().filter(|&r| r != Region::State || plan.usage.bytes(r) > 0) {
        line(region.name(), plan.usage.bytes(region) as u64, "");
    }
    if plan.index_bytes_in_flash > 0 {
        line("index in flash", plan.index_bytes_in_flash as u64, "not in the arena: the packed file brings it");
    }
    if plan.grammar_bytes > 0 {
        line("of it grammar", plan.grammar_bytes as u64, "copies of its tables and of the vocabulary");
    }
    let note = fixed_arena(room).map_or(String::new(), |have| format!("of {have} ({}): fits", show(have as u64)));
    line("arena", plan.arena_bytes as u64, &note);
    let plural = if plan.chunk == 1 { "" } else { "s" };
    let _ = writeln!(out, "\ncontext {} tokens, {} prompt token{plural} per pass", plan.ctx, plan.chunk);
    let mut line = |label: &str, bytes: u64| {
        let _ = writeln!(out, "{label:<18} {bytes:>13}  {:>10}", show(bytes));
    };
    line("weights mapped", plan.residency.mapped_bytes);
    line("weights pinned", plan.residency.pinned_bytes);
    line("weights streamed", plan.residency.streamed_bytes);
    line("flash per token", plan.flash_bytes_per_pass);
    line("snapshots: hash of", hash_bytes);
    if let Some(grammar) = grammar {
        let _ = writeln!(out, "{:<18} {}", "grammar", grammar.line());
    }
    if let Some(Speeds { lengths, forecast }) = speeds {
        let _ = writeln!(out, "\nsimulated: a prompt of {} tokens, then {} more", lengths.n_prompt, lengths.n_gen);
        for (name, stage) in [("prefill", forecast.prefill), ("decode", forecast.decode)] {
            if let Some((_, range)) = stage {
                let _ = writeln!(out, "{name:<18} {range}");
            }
        }
    }
    out.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}
