//! The engine, a stub flash and a tiny model, linked with nothing else: no std, no alloc, no allocator, no C library.
//!
//! `check.sh` builds this and reads its symbols. It is run as well, and exits with 0 when the engine
//! answered as it should; but what matters is that it links, and what is *not* in it.
#![no_std]
#![no_main]

#[cfg(feature = "planted-alloc")]
extern crate alloc;

mod freestanding;
mod stack;
mod stub;

use core::fmt::Write;
use core::hint::black_box;
use flashlet::flash::{Flash, SliceFlash, Source, block_on};
use flashlet::kernels::{self, Inline, Kernels, KvType};
use flashlet::model::Want;
use flashlet::session::{SnapshotError, Snapshots};
use flashlet::simd::Scalar;
use flashlet::text::{ChatFormat, ChatPieces, Turn};
#[cfg(feature = "grammar")]
use flashlet::text::{Follower, TextError, grammar::Grammar};
use flashlet::weights::Residency;
use flashlet::{AnswerOptions, Buffers, Conversation, Error, Lane, Model, Options, SamplerConfig, Session};
use stub::{StubFlash, StubNor, Text};

/// The model that the stub flash holds. The optimiser is kept from knowing.
static MODEL: &[u8] = include_bytes!("../../fixtures/tiny/llama.gguf");
/// Bytes of the arena.
const ARENA: usize = 256 * 1024;
/// Bytes of the flash that snapshots are kept in.
const NOR: usize = 128 * 1024;
/// Prompt tokens at most.
const PROMPT: usize = 128;

/// A step of [`exercise`] that failed.
enum Failure {
    /// The engine refused what it should do.
    Engine(Error),
    /// It did what it should refuse, or did it wrong.
    Answer(&'static str),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Engine(error.into())
    }
}

/// The tables of a grammar: one state, where texts begin and end, and which any byte leads back to.
#[cfg(feature = "grammar")]
const ANY_TEXT: [u8; 32] = *b"FGR1\x01\0\0\0\x01\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\x01\x01\0\0\0\0\xff\0\0";

/// Uses every entry to the engine that firmware would, with values that the optimiser cannot see; returns the sum
/// of all logits and ids, which is the same whatever the flash, the kernels and where the weights are.
fn exercise<F: Flash>(
    mut source: Source<'_, F>,
    [arena, nor]: [&mut [u8]; 2],
    options: &Options,
    sampling: SamplerConfig,
    kernels: &dyn Kernels,
) -> Result<u64, Failure> {
    #[cfg(feature = "grammar")]
    let mapped = source.mapped.is_some();
    let model = run("open", || Model::open(&mut source))?;
    let format = run("chat format", || ChatFormat::recognise(model.gguf(), &mut source))?;
    let pieces = run("chat pieces", || ChatPieces::read(model.gguf(), &mut source))?;
    let hash = run("model hash", || model.hash(&mut source, kernels))?;
    let arena_bytes = black_box(Some(arena.len()));
    let plan = run("plan", || model.plan(&mut source, options, arena_bytes))?;
    let mut steps = 0;
    let mut progress = |_| steps += 1;
    let mut session = run("load", || Session::new(source, model, plan, arena, kernels, &Inline, &mut progress))?;

    let turn =
        Turn { first: true, system: black_box(Some("sing the thing")), user: black_box(" the ring is a king\n") };
    let mut ids = [0; PROMPT];
    let mut n = 0;
    for piece in &format.pieces(&turn) {
        let rest = ids.get_mut(n..).unwrap_or_default();
        n += run("encode", || session.encode(piece.text, piece.encode, rest))?;
    }
    if let Some(pieces) = black_box(pieces) {
        let mut text = [0; 1024];
        n = run("encode a turn", || session.encode_turn(&pieces, &turn, &mut text, &mut ids))?;
    }
    let prompt = ids.get(..n).unwrap_or_default();

    // In whatever order they come.
    let mut sum = 0u64;
    let mut count = |position: u32, first: u32, logits: &[f32]| {
        for (id, logit) in (first..).zip(logits) {
            let place = u64::from(position) << 32 | u64::from(id);
            sum = sum.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(logit.to_bits()));
        }
    };
    run("feed a prompt", || session.feed(prompt, black_box(Want::All), &mut count))?;
    session.reset();
    run("feed a prompt", || session.feed(prompt, black_box(Want::None), &mut count))?;

    // Saved, and restored in place of itself.
    let end = nor.len() as u32;
    let mut snapshots = Snapshots::new(StubNor(nor), black_box(0..end), black_box(hash), kernels)?;
    let saved = stack::measure("save", || snapshots.save(&session, prompt))?;
    check(saved.tokens == n as u32 && snapshots.newest() == Some(saved), "what was saved is not found")?;
    let mut saved_ids = [0; PROMPT];
    check(snapshots.ids(&mut saved_ids)? == Some(n) && saved_ids == ids, "the ids are others")?;
    let refused = stack::measure("restore", || snapshots.restore(&mut session, black_box(&[])));
    check(refused == Err(SnapshotError::OtherTokens { at: 0, tokens: n as u32 }), "another prompt was taken")?;
    let restored = stack::measure("restore", || snapshots.restore(&mut session, prompt))?;
    check(restored == Some(n as u32) && session.position() == n as u32, "the prompt was not restored")?;

    // An answer that goes on from the prompt, with drafts; the prompt repeats itself.
    let (mut tokens, mut lane, mut drafts) = ([0; 2 * PROMPT], Lane::new(), [Lane::new(), Lane::new()]);
    let mut text = [0; 300];
    #[cfg(feature = "grammar")]
    let mut follower = Follower::new();
    let buffers = Buffers { tokens: &mut tokens, lane: &mut lane, drafts: &mut drafts, text: &mut text };
    let mut conversation = Conversation::new(buffers, sampling);
    conversation.remember(prompt);
    conversation.draft_with(black_box(Some(session.drafter())));
    conversation.push(black_box(5))?;
    let (stop, passes) = (["no such text"], session.passes());
    let answer_options = AnswerOptions {
        tokens: black_box(8),
        stop: black_box(&stop),
        hash: black_box(true),
        ..AnswerOptions::default()
    };
    let mut answer = run("answer", || session.answer(&mut conversation, black_box(&[]), &answer_options))?;
    while let Some(token) = run("next token", || answer.next())? {
        sum = token.text.bytes().fold(sum ^ u64::from(token.id), |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    }
    let _ = black_box(answer.rest());
    drop(answer);
    check(session.passes().wrapping_sub(passes) <= 8, "more passes than tokens")?;
    let position = session.position();
    check(conversation.rewind(&mut session, position - 1) == position - 1, "a token cannot be taken back")?;
    check(session.rewind(black_box(1000)).is_err(), "there are no 1000 tokens to go on to")?;

    // An answer that follows a grammar, which takes a model that is mapped.
    #[cfg(feature = "grammar")]
    {
        let grammar =
            stack::measure("open a grammar", || Grammar::open(black_box(&ANY_TEXT))).map_err(TextError::Grammar)?;
        conversation.follow(black_box(Some((grammar, &mut follower))));
        conversation.push(black_box(5))?;
        let mut answer = run("answer", || session.answer(&mut conversation, black_box(&[]), &answer_options))?;
        let followed = matches!(run("next token by a grammar", || answer.next()), Ok(Some(_)));
        drop(answer);
        check(followed == mapped, "the grammar of a mapped model is followed, and no other")?;
    }

    check(n > 40 && steps > 0 && session.position() > n as u32, "too few tokens")?;
    Ok(sum)
}

/// Opens what is no model; the error must have something to say.
fn refuse<F: Flash>(mut source: Source<'_, F>) -> Result<(), Failure> {
    let Err(error) = run("open", || Model::open(&mut source)) else { return Err(Failure::Answer("opened")) };
    let mut text = Text::default();
    let written = writeln!(text, "{error}");
    check(written.is_ok() && text.bytes > 20, "an error without a message")
}

fn check(right: bool, wrong: &'static str) -> Result<(), Failure> {
    if right { Ok(()) } else { Err(Failure::Answer(wrong)) }
}

/// Runs a step of the engine to its end, and notes its stack use.
fn run<F: Future>(step: &str, future: impl FnOnce() -> F) -> F::Output {
    stack::measure(step, || block_on(future(), || ()))
}

/// The fastest kernels, or only the portable ones.
fn fast() -> &'static dyn Kernels {
    if cfg!(feature = "detect") { kernels::detect() } else { &Scalar }
}

fn all() -> Result<(), Failure> {
    let (mut bytes, mut nor) = ([0u8; ARENA], [0u8; NOR]);
    let (arena, nor) = (black_box(&mut bytes[..]), black_box(&mut nor[..]));
    let model = black_box(MODEL);
    #[cfg(feature = "planted-panic")]
    black_box(black_box(7) / model[black_box(0)]);
    #[cfg(feature = "planted-alloc")]
    black_box(alloc::vec![model]);
    let broken = model.get(..black_box(1000)).unwrap_or_default();
    refuse(Source::new(StubFlash::new(broken)))?;

    let mut options = Options { ctx: 192, residency: Residency::Streamed, chunk: 16, ..Options::default() };
    let greedy = SamplerConfig::GREEDY;
    let read = exercise(Source::new(StubFlash::new(model)), [arena, nor], black_box(&options), greedy, &Scalar)?;
    options.residency = Residency::Auto;
    options.chunk = 0;
    let source = Source::with_mapping(SliceFlash(model), model);
    let mapped = exercise(source, [arena, nor], black_box(&options), black_box(greedy), fast())?;
    options.kv = KvType::Q8_0;
    let sampling = black_box(SamplerConfig::default());
    let drawn = exercise(Source::new(StubFlash::new(model)), [arena, nor], &options, sampling, fast())?;
    #[cfg(feature = "stack")]
    quantised(arena)?;
    check(read == mapped, "scalar and streamed is not as fast and mapped")?;
    check(read != drawn, "the numbers are the same whatever is done")
}

/// Feeds models of quantised weights, whose kernels need more stack than those of [`MODEL`].
#[cfg(feature = "stack")]
fn quantised(arena: &mut [u8]) -> Result<(), Failure> {
    const MODELS: [&[u8]; 2] = [
        include_bytes!("../../fixtures/models/llama-mixed32.gguf"),
        include_bytes!("../../fixtures/models/llama-mixed256.gguf"),
    ];
    for model in MODELS {
        let mut source = Source::with_mapping(SliceFlash(model), model);
        let opened = block_on(Model::open(&mut source), || ())?;
        let options = Options { ctx: 160, ..Options::default() };
        let plan = block_on(opened.plan(&mut source, &options, Some(arena.len())), || ())?;
        let mut progress = |_| ();
        let session = Session::new(source, opened, plan, &mut *arena, fast(), &Inline, &mut progress);
        let mut session = block_on(session, || ())?;
        let mut count = |_: u32, _: u32, logits: &[f32]| {
            black_box(logits);
        };
        run("feed a token to quantised weights", || session.feed(&[5], Want::All, &mut count))?;
        run("feed a prompt to quantised weights", || session.feed(&[5; 128], Want::All, &mut count))?;
    }
    Ok(())
}

/// The exit code: 0, or what failed.
fn code() -> u8 {
    match all() {
        Ok(()) => 0,
        Err(Failure::Engine(error)) => {
            let _ = write!(Text::default(), "{error}");
            1
        }
        Err(Failure::Answer(wrong)) => {
            freestanding::print(wrong);
            2
        }
    }
}
