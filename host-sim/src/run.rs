//! `flashlet run`: text that continues a prompt.

use flashlet::text::{Detokenizer, Encode, Turn};
use serde::Serialize;

use crate::cli::RunArgs;
use crate::engine::{self, Engine, Memory, Opened, Traffic};
use crate::failure::Failure;
use crate::generate::{Drafts, Generator, Limits, StopReason};
use crate::input;
use crate::output::{Output, note, print_json};

/// The command's JSON object.
#[derive(Serialize)]
struct Report {
    prompt_ids: Vec<u32>,
    /// Of the prompt's tokens, those whose state came from a snapshot.
    snapshot_tokens: usize,
    ids: Vec<u32>,
    text: String,
    stop: StopReason,
    logits_hash: String,
    memory: Memory,
    flash: Traffic,
    /// How many times the weights were read, the prompt's chunks included.
    passes: u32,
    /// None without `--draft`.
    drafts: Option<Drafts>,
    timings: Rates,
}

#[derive(Serialize)]
struct Rates {
    prefill_tokens_per_s: f64,
    decode_tokens_per_s: f64,
}

/// What the user wants continued.
enum Prompt {
    Text(String),
    Ids(Vec<u32>),
}

/// Runs the command.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    let file = engine::open_model(&args.engine)?;
    let mut opened = Opened::new(&file, args.engine.verify)?;
    let prompt = match (&args.ids, &args.prompt) {
        (Some(path), _) => Prompt::Ids(input::ids_file(path)?),
        (None, Some(text)) => Prompt::Text(text.clone()),
        (None, None) => Prompt::Text(input::prompt_from_stdin()?),
    };
    let end = &args.end;
    // The built-in model knows nothing but sentences in its template.
    let framed = file.is_built_in() && !args.raw && args.ids.is_none();
    let chat = args.chat || args.system.is_some() || args.chat_format.is_some() || framed;
    let format = chat.then(|| opened.chat_format(args.chat_format.as_deref())).transpose()?;
    let plan = opened.plan(&args.engine, args.compute.isa, args.engine.ctx.unwrap_or(0), args.draft.draft)?;
    let mut machine = opened.machine(&plan, &args.engine, &args.compute, None)?;
    let snapshots = args.save_prefix.is_some() || args.load_prefix.is_some();
    let hash = snapshots.then(|| opened.hash()).transpose()?;
    let mut engine = Engine::load(opened, plan, &mut machine)?;
    let prompt_ids = match (prompt, format) {
        (Prompt::Ids(ids), _) => ids,
        (Prompt::Text(text), None) => engine.encode(&text, Encode { bos: true, special: true, ..Encode::default() })?,
        (Prompt::Text(text), Some(format)) => {
            let turn = Turn { first: true, system: args.system.as_deref(), user: &text };
            engine.encode_pieces(&format.pieces(&turn))?
        }
    };
    // An answer is a text of its own; what continues a prompt keeps its leading space.
    let detokenizer = if chat { Detokenizer::new() } else { Detokenizer::continuing() };
    let config = engine::sampler_config(&args.sampling, file.is_built_in());
    let mut generator = Generator::new(config, engine.drafter(args.draft.draft), args.json);
    let mut restored = 0;
    if let (Some(path), Some(hash)) = (&args.load_prefix, hash) {
        restored = engine.load_prefix(path, hash, &prompt_ids)?;
        generator.remember(&prompt_ids[..restored]);
    }
    if let (Some(path), Some(hash)) = (&args.save_prefix, hash) {
        engine.save_prefix(path, hash);
    }
    let limits = Limits { n_predict: args.n_predict, stop: &end.stop, ignore_eos: end.ignore_eos };
    let mut out = Output::new();
    let mut text = String::new();
    let (ids, stop) = generator.generate(&mut engine, &prompt_ids[restored..], limits, detokenizer, &mut |piece| {
        if args.json {
            text.push_str(piece);
            return Ok(());
        }
        out.write(piece);
        out.check()
    })?;
    out.end_line();
    out.check()?;
    drop(out);
    if end.stats {
        if args.load_prefix.is_some() {
            note(&format!("snapshot {restored} tokens restored\n"));
        }
        engine::print_stats(&engine, &generator);
    }
    if !args.json {
        return Ok(());
    }
    let (timings, drafts) = (generator.timings, generator.drafts());
    print_json(&Report {
        prompt_ids,
        snapshot_tokens: restored,
        ids,
        text,
        stop,
        logits_hash: generator.hash.map(|hash| hash.to_string()).unwrap_or_default(),
        memory: engine.memory(),
        flash: engine.flash(),
        passes: engine.passes(),
        drafts,
        timings: Rates { prefill_tokens_per_s: timings.prefill_rate(), decode_tokens_per_s: timings.decode_rate() },
    })
}
