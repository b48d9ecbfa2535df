//! `flashlet run`: text that continues a prompt.

use std::path::PathBuf;

use clap::Args;
use flashlet::text::{ChatFormat, Encode};
use serde::Serialize;

use super::grammar::FollowArgs;
use crate::chat::{Chat, Message, question_file};
use crate::engine::{
    ComputeArgs, Context, DraftArgs, Engine, EngineArgs, Extras, Memory, Opened, Traffic, open_model, save_prefix,
};
use crate::failure::Failure;
use crate::generate::{self, Drafts, EndArgs, Generation, Generator, Limits, SamplingArgs, StopReason, print_stats};
use crate::io::input;
use crate::io::output::{Output, note, print_json};
use crate::tools::{Call, Form, Tools};
use crate::values::{chat_format, tokens};
use flashlet_grammar::Compiled;

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) prompt: PromptArgs,
    /// Tokens to generate, at most; -1 for as many as the context has room for
    #[arg(short = 'n', long, value_name = "N", default_value = "256", value_parser = tokens)]
    pub(crate) n_predict: u32,
    /// Put the prompt into the model's chat template, as a user's message (the default where the model has one)
    #[arg(long, conflicts_with = "raw")]
    pub(crate) chat: bool,
    /// Use the prompt as it is; special tokens written in it are recognised (the default where the model has no chat template)
    #[arg(long)]
    pub(crate) raw: bool,
    /// System message for the chat template, empty for none, not even the template's own; implies --chat
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    pub(crate) system: Option<String>,
    /// Chat template in place of the model's own; implies --chat
    #[arg(long, value_name = "NAME", conflicts_with = "raw", value_parser = chat_format())]
    pub(crate) chat_format: Option<ChatFormat>,
    /// Save the state that the prompt leaves to this file, which stands for a flash chip, before text is generated; on a simulated board writing it takes no time
    #[arg(long, value_name = "FILE")]
    pub(crate) save_prefix: Option<PathBuf>,
    /// Restore the state that --save-prefix saved in place of prefilling it again; the prompt must begin with the same tokens
    #[arg(long, value_name = "FILE")]
    pub(crate) load_prefix: Option<PathBuf>,
    /// Look for values that are not finite (NaN or infinite) after every layer, to name the first that has them; in logits they are found in any case
    #[arg(long)]
    pub(crate) find_nan: bool,
    #[command(flatten)]
    pub(crate) end: EndArgs,
    /// Print one JSON object with ids, text, hash of the logits, memory, flash, passes over the weights and timings
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) grammar: FollowArgs,
    /// File with functions that the model may call, a JSON list of objects with "name", "description" and "parameters": its chat template shows them, and the answer is one call or several; with --no-grammar it may be anything. Implies --chat
    #[arg(long, value_name = "FILE", conflicts_with_all = ["raw", "ids", "json_schema", "grammar"])]
    pub(crate) tools: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
    #[command(flatten)]
    pub(crate) draft: DraftArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) compute: ComputeArgs,
}

/// The ways to give a prompt. Without any of them standard input is read, less one final line break.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(crate) struct PromptArgs {
    /// The prompt; without it, -p, -f, --ids and --messages, standard input is read (less one final line break)
    #[arg(value_name = "PROMPT")]
    pub(crate) text: Option<String>,
    /// The prompt, as llama.cpp has it
    #[arg(short = 'p', long = "prompt", value_name = "PROMPT", allow_hyphen_values = true)]
    pub(crate) flag: Option<String>,
    /// File with the prompt (UTF-8), less one final line break
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// File of token ids separated by white space, used as they are in place of a prompt
    #[arg(long, value_name = "FILE", conflicts_with_all = ["chat", "system", "chat_format"])]
    pub(crate) ids: Option<PathBuf>,
    /// File with a conversation to answer: a JSON list of objects with "role" and "content", the last one the user's or a tool's; implies --chat
    #[arg(long, value_name = "FILE", conflicts_with_all = ["raw", "system"])]
    pub(crate) messages: Option<PathBuf>,
}

impl RunArgs {
    /// Fails if the prompt is the name of a model and no model is named.
    fn check_prompt(&self) -> Result<(), Failure> {
        match &self.prompt.text {
            Some(text) if self.engine.model.model.is_none() && input::is_named_gguf(text.as_ref()) => {
                Err(Failure::new(format!("{text} is the name of a model and no prompt: -m {text}")))
            }
            _ => Ok(()),
        }
    }

    /// The chat template that the prompt goes through, if it does.
    fn template(&self, opened: &Opened<'_>) -> Result<Option<Chat>, Failure> {
        let is_asked = self.chat
            || self.system.is_some()
            || self.chat_format.is_some()
            || self.prompt.messages.is_some()
            || self.tools.is_some();
        match () {
            () if self.raw || self.prompt.ids.is_some() => Ok(None),
            () if is_asked => opened.needed_chat(self.chat_format).map(Some),
            () => opened.chat(None),
        }
    }
}

/// The command's JSON object.
#[derive(Serialize)]
struct Report {
    /// The prompt went through a chat template.
    chat: bool,
    prompt_ids: Vec<u32>,
    /// The prompt's tokens whose state came from a snapshot.
    snapshot_tokens: usize,
    ids: Vec<u32>,
    text: String,
    stop: StopReason,
    /// The logarithm of the answer's probability, and of each of its tokens'.
    logprob: f32,
    logprobs: Vec<f32>,
    /// The calls of tools in the text; absent without `--tools`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<Vec<Call>>,
    logits_hash: String,
    /// The instruction set of the kernels.
    isa: &'static str,
    memory: Memory,
    flash: Traffic,
    /// Passes over the weights, those of the prompt's chunks included.
    passes: u32,
    /// Absent without `--draft`.
    drafts: Option<Drafts>,
    timings: Rates,
}

impl Report {
    fn of(setup: &Setup, prompt: Fed, made: Made, engine: &Engine<'_>, generator: &Generator<'_>) -> Report {
        let (timings, drafts) = (generator.timings(), generator.drafts());
        let (logprob, logprobs) = generator.logprobs().unwrap_or_default();
        Report {
            chat: setup.chat.is_some(),
            prompt_ids: prompt.ids,
            snapshot_tokens: prompt.restored,
            ids: generator.answer().to_vec(),
            tool_calls: setup.form.map(|form| form.calls(&made.text)),
            text: made.text,
            stop: made.stop,
            logprob,
            logprobs: logprobs.to_vec(),
            logits_hash: generator.hash(),
            isa: prompt.isa,
            memory: engine.session.plan().into(),
            flash: engine.session.flash_stats().into(),
            passes: engine.session.passes(),
            drafts,
            timings: Rates { prefill_tokens_per_s: timings.prefill_rate(), decode_tokens_per_s: timings.decode_rate() },
        }
    }
}

#[derive(Serialize)]
struct Rates {
    prefill_tokens_per_s: f64,
    decode_tokens_per_s: f64,
}

/// The text, the tokens or the conversation to continue.
enum Prompt {
    Text(String),
    Ids(Vec<u32>),
    Messages(Vec<Message>),
}

impl Prompt {
    /// The prompt that `args` name, or else the one on standard input.
    fn read(args: &PromptArgs) -> Result<Prompt, Failure> {
        if let Some(path) = &args.ids {
            return Ok(Prompt::Ids(input::ids_file(path)?));
        }
        if let Some(path) = &args.messages {
            return Ok(Prompt::Messages(question_file(path)?));
        }
        Ok(Prompt::Text(match (args.text.as_ref().or(args.flag.as_ref()), &args.file) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) => input::prompt_file(path)?,
            (None, None) => input::prompt_from_stdin()?,
        }))
    }

    /// The ids of the prompt; a text is a user's message where there is a template of `chat`.
    fn encode(self, engine: &mut Engine<'_>, chat: Option<&Chat>, system: Option<&str>) -> Result<Vec<u32>, Failure> {
        let messages = match (self, chat) {
            (Prompt::Ids(ids), _) => return Ok(ids),
            (Prompt::Text(text), Some(_)) => Chat::first(system, &text),
            (Prompt::Text(text), None) => {
                return engine.encode(&text, Encode { bos: true, special: true, ..Encode::default() });
            }
            (Prompt::Messages(messages), _) => messages,
        };
        let chat = chat.ok_or_else(|| Failure::new("a conversation needs a chat template"))?;
        engine.encode_prompt(&chat.prompt(&messages)?)
    }
}

/// The chat template, the grammar and the form of tool calls of a run.
struct Setup {
    /// The template that the prompt goes through.
    chat: Option<Chat>,
    /// The grammar that the answer follows, in place of the file's.
    grammar: Option<Compiled>,
    /// The form of the calls that the answer is made of.
    form: Option<Form>,
}

impl Setup {
    fn read(args: &RunArgs, opened: &Opened<'_>) -> Result<Setup, Failure> {
        let (chat, grammar) = (args.template(opened)?, args.grammar.source.compile()?);
        let Some(path) = &args.tools else { return Ok(Setup { chat, grammar, form: None }) };
        let tools = Tools::read(path)?;
        let chat = chat.ok_or_else(|| Failure::new("tools need a chat template"))?.with_tools(tools.shown())?;
        let form = Form::of(chat.template())?;
        let grammar = if args.grammar.no_grammar { None } else { Some(form.grammar(&tools)?) };
        Ok(Setup { chat: Some(chat), grammar, form: Some(form) })
    }
}

/// The prompt as it was fed.
struct Fed {
    ids: Vec<u32>,
    /// Tokens whose state came from a snapshot.
    restored: usize,
    /// The instruction set of the kernels.
    isa: &'static str,
}

/// An answer that was made.
struct Made {
    stop: StopReason,
    is_empty: bool,
    /// Its text, if it was kept and not printed.
    text: String,
}

impl Made {
    /// Prints the text as it is made, or keeps it.
    fn of(generation: Generation<'_, '_, '_>, keeps: bool) -> Result<Made, Failure> {
        let mut out = Output::new();
        let (mut text, mut is_empty) = (String::new(), true);
        let stop = generation.finish(&mut |piece| {
            is_empty &= piece.is_empty();
            if keeps {
                text.push_str(piece);
                return Ok(());
            }
            out.write(piece);
            out.check()
        })?;
        out.end_line();
        out.check()?;
        Ok(Made { stop, is_empty, text })
    }
}

/// Runs the command.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    args.check_prompt()?;
    let file = open_model(&args.engine)?;
    let mut opened = Opened::new(&file, &args.engine)?;
    let setup = Setup::read(args, &opened)?;
    let prompt = Prompt::read(&args.prompt)?;
    let extras = Extras { draft: args.draft.draft, follow: setup.grammar.is_some() };
    let plan = opened.plan(&args.engine, args.compute.isa, Context::ANY, extras)?;
    let mut machine = opened.machine(&plan, &args.engine, &args.compute, None)?;
    let isa = machine.isa().name();
    let snapshots = args.save_prefix.is_some() || args.load_prefix.is_some();
    let hash = snapshots.then(|| opened.hash()).transpose()?;
    let mut engine = Engine::load(opened, plan, &mut machine)?;
    engine.session.find_nan(args.find_nan);
    let prompt_ids = prompt.encode(&mut engine, setup.chat.as_ref(), args.system.as_deref())?;
    let config = args.sampling.config(file.is_built_in());
    let drafter = engine.drafter_of(args.draft);
    let mut limits = Limits::new(args.n_predict, &args.end);
    limits.stop.extend(setup.form.and_then(Form::end));
    let mut memory = generate::Memory::new(plan.ctx, &limits.stop);
    let mut generator = Generator::new(&mut memory, config, drafter);
    if let Some(grammar) = args.grammar.grammar(setup.grammar.as_ref(), &engine)? {
        generator.follow(&engine, grammar);
    }
    let mut restored = 0;
    if let (Some(path), Some(hash)) = (&args.load_prefix, hash) {
        restored = engine.load_prefix(path, hash, &prompt_ids)?;
        generator.remember(&prompt_ids[..restored]);
    }
    let options = limits.options(setup.chat.is_some(), args.json);
    let mut generation = generator.begin(&mut engine, &prompt_ids[restored..], &options)?;
    generation.prefill()?;
    if let (Some(path), Some(hash)) = (&args.save_prefix, hash) {
        let (session, ids) = generation.fed();
        save_prefix(session, path, hash, ids)?;
    }
    let made = Made::of(generation, args.json)?;
    if made.is_empty && args.n_predict > 0 {
        note(&format!("(no text: {})\n", made.stop.why_nothing_came()));
    }
    if args.end.stats {
        if args.load_prefix.is_some() {
            note(&format!("snapshot {restored} tokens restored\n"));
        }
        print_stats(&engine, &generator);
    }
    if !args.json {
        return Ok(());
    }
    let prompt = Fed { ids: prompt_ids, restored, isa };
    print_json(&Report::of(&setup, prompt, made, &engine, &generator))
}
