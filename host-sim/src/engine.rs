//! The commands' one door to the engine: sets it up from the command line and blocks on it.

mod prefix;

use core::num::NonZero;

use flashlet::arena::Region;
use flashlet::flash::{Flash, FlashStats, Source};
use flashlet::kernels::{self, Executor, Inline, Kernels};
use flashlet::session::{self, Error, KvType, Model, Options, Plan, Session, Want};
use flashlet::simd::IsaName;
use flashlet::text::{ChatFormat, Detokenizer, Drafter, Encode, MAX_DRAFT, Piece, SamplerConfig};
use serde::Serialize;

use crate::cli::{ComputeArgs, Draft, EngineArgs, Isa, Kv, ModelArgs, Residency, SamplingArgs, SourceKind, Verify};
use crate::failure::Failure;
use crate::generate::{Drafts, Generator};
use crate::input::check_ids;
use crate::memory::{HostArena, available_bytes};
use crate::output::note;
use crate::pool::Pool;
use crate::progress::Meter;
use crate::sim;
pub(crate) use crate::sim::wait;
use crate::size::show;
use crate::source::{FileFlash, ModelFile};

/// The most rows of logits that are kept at a time.
const ALL_ROWS: usize = 32;

/// What is wrong with `file`, which calls what is at fault by its name.
pub(crate) fn about_file<F: Flash>(file: &ModelFile, source: &mut Source<'_, F>, error: impl Into<Error>) -> Failure {
    let error: Error = error.into();
    Failure::about(file.path().display(), wait(error.named(source)))
}

/// Opens the model that `args` name, as `args` or the board to simulate ask for it.
///
/// # Errors
/// What is wrong with the file; a flash that is too small for it.
pub(crate) fn open_model(args: &EngineArgs) -> Result<ModelFile, Failure> {
    let mut model = args.model.clone();
    if let Some(board) = args.board {
        model.source = if board.flash.mapped { SourceKind::Mmap } else { SourceKind::File };
    }
    open_file(&model, args.residency)
}

/// Opens the file that `-m` names, or the built-in model, mapped if `--source` and `residency` ask for it.
pub(crate) fn open_file(args: &ModelArgs, residency: Residency) -> Result<ModelFile, Failure> {
    let mut file = match &args.model {
        Some(path) => ModelFile::open(path)?,
        None => ModelFile::built_in(),
    };
    match args.source {
        SourceKind::Mmap => file.map().map_err(|error| Failure::io(file.path().display(), &error))?,
        // Not every file system can map; those that cannot can still read.
        SourceKind::Auto if matches!(residency, Residency::Auto | Residency::Mapped) => drop(file.map()),
        SourceKind::Auto | SourceKind::File => {}
    }
    Ok(file)
}

/// A model whose header is read.
pub(crate) struct Opened<'f> {
    pub(crate) file: &'f ModelFile,
    pub(crate) model: Model,
    pub(crate) source: Source<'f, FileFlash<'f>>,
}

/// Why there is no plan.
pub(crate) enum Refusal {
    /// The arena is too small: bytes it needs and bytes it has.
    DoesNotFit { need: usize, have: usize },
    /// Anything else.
    Failure(Failure),
}

impl<'f> Opened<'f> {
    /// Reads the header of `file`, twice if all is to be verified.
    pub(crate) fn new(file: &'f ModelFile, verify: Verify) -> Result<Opened<'f>, Failure> {
        let mut source = file.source();
        source.confirm = verify == Verify::All;
        let model = wait(Model::open(&mut source)).map_err(|error| about_file(file, &mut source, error))?;
        Ok(Opened { file, model, source })
    }

    /// The same model once more, as an engine takes it.
    pub(crate) fn again(&self) -> Opened<'f> {
        Opened { file: self.file, model: self.model.clone(), source: self.file.source() }
    }

    /// Sizes everything for `options` in `arena` bytes, or in as many as it takes.
    pub(crate) fn try_plan(&mut self, options: &Options, arena: Option<usize>) -> Result<Plan, Refusal> {
        wait(self.model.plan(&mut self.source, options, arena)).map_err(|error| match error {
            Error::DoesNotFit { need, have, .. } => Refusal::DoesNotFit { need, have },
            error => Refusal::Failure(Failure::about(self.file.path().display(), error)),
        })
    }

    /// The plan for `args` with `ctx` tokens of context, computed by `isa`; 0 lets the engine choose.
    pub(crate) fn plan(&mut self, args: &EngineArgs, isa: Isa, ctx: u32, draft: Draft) -> Result<Plan, Failure> {
        let options = self.options(args, isa, ctx, draft)?;
        if let Some(board) = args.board {
            board.has_room(self.file.size()).map_err(Failure::new)?;
        }
        self.try_plan(&options, args.arena_bytes()).map_err(|refusal| match refusal {
            Refusal::DoesNotFit { need, have } => {
                crate::plan::explain(self, &options, need, have, args.board.is_some())
            }
            Refusal::Failure(failure) => failure,
        })
    }

    /// The engine's options for `args`; a `ctx` of 0 lets the engine choose.
    pub(crate) fn options(&self, args: &EngineArgs, isa: Isa, ctx: u32, draft: Draft) -> Result<Options, Failure> {
        // Weights are copied for speed only where the copy leaves room for everything else.
        let fits = available_bytes().is_none_or(|have| self.file.size() < have / 4 * 3);
        Ok(Options {
            ctx,
            kv: match args.kv {
                Kv::F16 => KvType::F16,
                Kv::Q8_0 => KvType::Q8_0,
                Kv::Q4_0 => KvType::Q4_0,
            },
            residency: match args.residency {
                Residency::Auto => session::Residency::Auto,
                Residency::Mapped => session::Residency::Mapped,
                Residency::Pinned => session::Residency::Pinned,
                Residency::Streamed => session::Residency::Streamed,
            },
            chunk: args.chunk.unwrap_or(0),
            draft: if draft == Draft::Prompt { MAX_DRAFT as u32 } else { 0 },
            tile_bytes: args.tile.unwrap_or(0),
            // On a board, what lies in flash may stay there.
            pins_mapped: fits && args.board.is_none() && kernels_for(isa)?.interleaves(),
            verify: match args.verify {
                Verify::Off => session::Verify::Never,
                Verify::Reads => session::Verify::Reads,
                Verify::All => session::Verify::All,
            },
        })
    }

    /// A machine with the arena that `plan` asks for; `threads` unless `compute` says otherwise. Where `args` name a board,
    /// it is simulated on this thread from now on.
    pub(crate) fn machine(
        &self,
        plan: &Plan,
        args: &EngineArgs,
        compute: &ComputeArgs,
        threads: Option<u32>,
    ) -> Result<Machine, Failure> {
        let mut kernels = kernels_for(compute.isa)?;
        if let Some(board) = args.board {
            sim::start(board);
            // The program has one machine, or one a thread, for as long as it runs.
            kernels = Box::leak(Box::new(sim::Charged::new(kernels, board, self.source.mapped)));
        }
        Machine::new(plan, kernels, compute.threads.or(threads))
    }

    /// The chat format of that name, or else the one that the model's own template asks for.
    pub(crate) fn chat_format(&mut self, name: Option<&str>) -> Result<ChatFormat, Failure> {
        if let Some(format) = name.and_then(ChatFormat::by_name) {
            return Ok(format);
        }
        wait(ChatFormat::recognise(self.model.gguf(), &mut self.source)).map_err(|error| {
            let path = self.file.path().display();
            Failure::new(format!("{path}: {error} (--chat-format NAME; run without --chat)"))
        })
    }
}

/// The sampler's settings for `args`. The built-in model's answers are not a matter of chance.
pub(crate) fn sampler_config(args: &SamplingArgs, built_in: bool) -> SamplerConfig {
    SamplerConfig {
        temperature: args.temp.unwrap_or(if built_in { 0.0 } else { 0.8 }),
        top_k: args.top_k,
        top_p: args.top_p,
        min_p: args.min_p,
        repeat_penalty: args.repeat_penalty,
        repeat_last_n: args.repeat_last_n,
        seed: args.seed,
    }
}

/// What stands for a board: RAM and cores.
pub(crate) struct Machine {
    arena: HostArena,
    kernels: &'static dyn Kernels,
    executor: Box<dyn Executor>,
}

impl Machine {
    pub(crate) fn new(plan: &Plan, kernels: &'static dyn Kernels, threads: Option<u32>) -> Result<Machine, Failure> {
        let bytes = plan.arena_bytes;
        let arena = HostArena::new(bytes)
            .map_err(|error| Failure::io(format_args!("cannot reserve an arena of {bytes} bytes"), &error))?;
        let threads = threads.map_or_else(cores, |n| n as usize);
        let executor: Box<dyn Executor> = match threads {
            1 => Box::new(Inline),
            n => Box::new(Pool::new(n).map_err(|error| Failure::io(format_args!("cannot start {n} threads"), &error))?),
        };
        Ok(Machine { arena, kernels, executor })
    }
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

fn kernels_for(isa: Isa) -> Result<&'static dyn Kernels, Failure> {
    let name = match isa {
        Isa::Auto => return Ok(kernels::detect()),
        Isa::Scalar => "scalar",
        Isa::Avx2 => "avx2",
        Isa::Avx512 => "avx512",
    };
    let kernels = IsaName::parse(name).and_then(kernels::by_name);
    kernels.ok_or_else(|| Failure::new(format!("this machine or this build has no {name} kernels: use --isa auto")))
}

/// A model that is loaded and can compute.
pub(crate) struct Engine<'a> {
    session: Session<'a, 'a, FileFlash<'a>>,
    save_to: Option<prefix::SaveTo>,
}

impl<'a> Engine<'a> {
    /// Loads the model into `machine`, as `plan` says.
    pub(crate) fn load(opened: Opened<'a>, plan: Plan, machine: &'a mut Machine) -> Result<Engine<'a>, Failure> {
        let Opened { file, model, source } = opened;
        let mut meter = Meter::new("load");
        let mut progress = |progress: session::Progress| {
            meter.relabel(progress.stage.name());
            meter.update(progress.done, progress.total);
        };
        let arena = machine.arena.bytes();
        let session = Session::new(source, model, plan, arena, machine.kernels, &*machine.executor, &mut progress);
        let session = wait(session).map_err(|error| Failure::about(file.path().display(), error))?;
        Ok(Engine { session, save_to: None })
    }

    /// The ids of `text`.
    pub(crate) fn encode(&mut self, text: &str, options: Encode) -> Result<Vec<u32>, Failure> {
        let mut ids = vec![0; crate::tokenize::most_tokens(text)];
        let n = wait(self.session.encode(text, options, &mut ids)).map_err(failure)?;
        ids.truncate(n);
        Ok(ids)
    }

    /// The ids of a turn's `pieces`.
    pub(crate) fn encode_pieces(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<u32>, Failure> {
        let mut ids = Vec::new();
        for piece in pieces {
            ids.extend(self.encode(piece.text, piece.encode)?);
        }
        Ok(ids)
    }

    /// Runs `ids` through the model; tiles of logits go to `sink` with their position and first id.
    pub(crate) fn feed(
        &mut self,
        ids: &[u32],
        want: Want,
        sink: &mut dyn FnMut(u32, u32, &[f32]),
    ) -> Result<(), Failure> {
        wait(self.session.feed(ids, want, sink)).map_err(failure)
    }

    /// As [`feed`](Self::feed), chunk by chunk under a progress bar. The last position's logits go to
    /// `sink` in tiles, or all positions' in whole rows.
    pub(crate) fn feed_all(
        &mut self,
        label: &'static str,
        ids: &[u32],
        all: bool,
        sink: &mut dyn FnMut(u32, u32, &[f32]),
    ) -> Result<(), Failure> {
        check_ids(ids, self.session.n_vocab())?;
        let mut meter = Meter::new(label);
        let chunk = usize::try_from(self.session.plan().chunk).unwrap_or(usize::MAX).max(1);
        let n_vocab = self.session.n_vocab() as usize;
        // The engine gives a chunk's logits tile by tile; rows of them are put together here.
        let chunk = if all { chunk.min(ALL_ROWS) } else { chunk };
        let mut rows = vec![0.0; if all { n_vocab * chunk.min(ids.len()) } else { 0 }];
        let mut done = 0;
        for piece in ids.chunks(chunk) {
            let start = self.position();
            done += piece.len();
            if all {
                self.feed(piece, Want::All, &mut |position, first, logits| {
                    let at = (position - start) as usize * n_vocab + first as usize;
                    rows[at..at + logits.len()].copy_from_slice(logits);
                })?;
                for (position, row) in (start..).zip(rows.chunks_exact(n_vocab)).take(piece.len()) {
                    sink(position, 0, row);
                }
            } else {
                let want = if done == ids.len() { Want::Last } else { Want::None };
                self.feed(piece, want, sink)?;
            }
            meter.update(done as u64, ids.len() as u64);
        }
        Ok(())
    }

    /// Gives `out` the text of `id`, as far as its characters are whole.
    pub(crate) fn decode(
        &mut self,
        id: u32,
        detokenizer: &mut Detokenizer,
        out: &mut dyn FnMut(&str),
    ) -> Result<(), Failure> {
        wait(self.session.decode(id, detokenizer, out)).map_err(failure)
    }

    /// Forgets all tokens.
    pub(crate) fn reset(&mut self) {
        self.session.reset();
    }

    /// Forgets the tokens from `position` on.
    pub(crate) fn rewind(&mut self, position: u32) -> Result<(), Failure> {
        self.session.rewind(position).map_err(failure)
    }

    /// Passes over the weights so far.
    pub(crate) fn passes(&self) -> u32 {
        self.session.passes()
    }

    /// The most tokens of a pass.
    pub(crate) fn chunk(&self) -> u32 {
        self.session.plan().chunk
    }

    /// What guesses tokens, if that is wanted.
    pub(crate) fn drafter(&self, draft: Draft) -> Option<Drafter> {
        /// Sixteenths of a pass that one more token takes, where weights are streamed and where they are in memory.
        const COSTS: [u8; 2] = [3, 5];
        let streams = self.session.plan().residency.streamed_bytes > 0;
        (draft == Draft::Prompt).then(|| Drafter::new(COSTS[usize::from(!streams)]))
    }

    /// Tokens in the context.
    pub(crate) fn position(&self) -> u32 {
        self.session.position()
    }

    /// Tokens that the context holds.
    pub(crate) fn ctx(&self) -> u32 {
        self.session.plan().ctx
    }

    /// Tokens that the context still takes.
    pub(crate) fn room(&self) -> u32 {
        self.ctx().saturating_sub(self.position())
    }

    /// Whether `id` ends the text.
    pub(crate) fn is_end(&self, id: u32) -> bool {
        self.session.is_end(id)
    }

    /// Tokens in the vocabulary.
    pub(crate) fn n_vocab(&self) -> u32 {
        self.session.n_vocab()
    }

    /// What the arena is used for.
    pub(crate) fn memory(&self) -> Memory {
        Memory::of(self.session.plan())
    }

    /// What was read from flash, as the loader and the forward pass did it.
    pub(crate) fn flash(&self) -> Traffic {
        let FlashStats { bytes_read, reads } = self.session.flash_stats();
        Traffic { bytes_read, reads }
    }
}

fn failure(error: Error) -> Failure {
    Failure::new(error.to_string())
}

/// The arena in reports.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Memory {
    pub(crate) arena_bytes: usize,
    pub(crate) pinned_bytes: usize,
    pub(crate) kv_bytes: usize,
    /// All the rest: tables, tiles, activations, tokenizer index, logits.
    pub(crate) scratch_bytes: usize,
}

impl Memory {
    fn of(plan: &Plan) -> Memory {
        let (pinned_bytes, kv_bytes) = (plan.usage.bytes(Region::Pinned), plan.usage.bytes(Region::KvCache));
        let scratch_bytes = plan.usage.total().saturating_sub(pinned_bytes).saturating_sub(kv_bytes);
        Memory { arena_bytes: plan.arena_bytes, pinned_bytes, kv_bytes, scratch_bytes }
    }
}

/// Flash traffic in reports.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Traffic {
    pub(crate) bytes_read: u64,
    pub(crate) reads: u64,
}

/// Says on standard error how a run went.
pub(crate) fn print_stats(engine: &Engine<'_>, generator: &Generator) {
    let (timings, drafts) = (&generator.timings, generator.drafts());
    let (memory, flash) = (engine.memory(), engine.flash());
    let Memory { arena_bytes, pinned_bytes, kv_bytes, scratch_bytes } = memory;
    let show_usize = |bytes: usize| show(bytes as u64);
    let drafted =
        drafts.map_or(String::new(), |Drafts { tokens, right }| format!(", {right} of {tokens} guesses right"));
    note(&format!(
        "prefill  {} tokens, {:.1} tokens/s\ndecode   {} tokens, {:.1} tokens/s\ncontext  {} of {} tokens\n\
         passes   {}{}\narena    {}: pinned {}, KV cache {}, scratch {}\nflash    {} in {} reads\n",
        timings.prefill_tokens,
        timings.prefill_rate(),
        timings.decode_tokens,
        timings.decode_rate(),
        engine.position(),
        engine.ctx(),
        engine.passes(),
        drafted,
        show_usize(arena_bytes),
        show_usize(pinned_bytes),
        show_usize(kv_bytes),
        show_usize(scratch_bytes),
        show(flash.bytes_read),
        flash.reads,
    ));
    if let Some(spent) = sim::spent() {
        note(&format!("board    simulated: {:.3} s, {spent}\n", spent.all_seconds()[0]));
    }
}
