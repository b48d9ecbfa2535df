//! Makes a schedule of calls on a session over a fixture's model, whole or with some bytes changed.
//!
//! An input's first byte selects the model; the bytes to be changed follow, then context and chunk, and the rest are calls.
//! Beyond not panicking: a whole model opens; weights that are mapped and computed with this machine's kernels, and weights
//! that are streamed and computed with the scalar ones, give the same logits and the same errors; a call leaves the
//! position where it says.
#![no_main]

use flashlet::flash::{Flash, SliceFlash, Source, block_on};
use flashlet::kernels::{self, Inline, Kernels};
use flashlet::model::Want;
use flashlet::session::LogitsHash;
use flashlet::simd::Scalar;
use flashlet::text::{Detokenizer, Encode};
use flashlet::weights::Residency;
use flashlet::{Error, Model, Options, Session};
use flashlet_fuzz::{Input, MODELS, Memory, Words};
use libfuzzer_sys::fuzz_target;

/// The models are small: what needs more memory was made to.
const MOST_MEMORY: usize = 8 << 20;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let mut file = MODELS[input.below(MODELS.len())].to_vec();
    let changed = input.change(&mut file);
    let options =
        Options { ctx: 1 + u32::from(input.byte()) % 96, chunk: u32::from(input.byte()) % 20, ..Options::default() };
    let mapped = Source::with_mapping(SliceFlash(&file), &file);
    let mapped = run(mapped, Options { residency: Residency::Mapped, ..options }, kernels::detect(), Input(input.0));
    let streamed = Options { residency: Residency::Streamed, tile_bytes: 8192, ..options };
    let streamed = run(Source::new(Words(&file)), streamed, &Scalar, Input(input.0));
    match (mapped, streamed) {
        (Ok(mapped), Ok(streamed)) => assert_eq!(mapped, streamed),
        (mapped, streamed) => assert!(changed, "a whole model: {mapped:?}, {streamed:?}"),
    }
});

/// Answers to the calls, or what keeps the model from being used.
fn run<F: Flash>(
    mut source: Source<'_, F>,
    options: Options,
    kernels: &dyn Kernels,
    calls: Input<'_>,
) -> Result<Vec<String>, Error> {
    block_on(
        async {
            let model = Model::open(&mut source).await?;
            let plan = model.plan(&mut source, &options, Some(MOST_MEMORY)).await?;
            assert!(plan.arena_bytes <= MOST_MEMORY);
            let mut memory = Memory::new(plan.arena_bytes);
            let mut session = Session::new(source, model, plan, memory.arena(), kernels, &Inline, &mut |_| {}).await?;
            Ok(make(&mut session, calls).await)
        },
        || (),
    )
}

/// Makes the calls; returns what each answers.
async fn make<F: Flash>(session: &mut Session<'_, '_, F>, mut calls: Input<'_>) -> Vec<String> {
    let mut answers = Vec::new();
    while !calls.is_empty() && answers.len() < 24 {
        let before = session.position();
        let answer = match calls.byte() % 6 {
            call @ 0..=2 => {
                let n = calls.below(24);
                let ids: Vec<u32> = calls.bytes(n).iter().map(|&id| id.into()).collect();
                let (mut hash, mut positions) = (LogitsHash::new(), Vec::new());
                let mut sink = |position, _, logits: &[f32]| {
                    hash.push(logits);
                    positions.push(position);
                };
                let want = [Want::None, Want::Last, Want::All][usize::from(call)];
                let result = session.feed(&ids, want, &mut sink).await;
                hash.end_step();
                positions.dedup();
                if result.is_ok() {
                    assert_eq!(session.position(), before + ids.len() as u32);
                }
                // Tiles differ, so that positions come in another order; the bits of one position do not.
                // Logits before one that is not finite end with another tile.
                if result.is_err() {
                    positions.clear();
                }
                let hash = if want == Want::Last && result.is_ok() { format!("{hash:?}") } else { String::new() };
                positions.sort_unstable();
                positions.dedup();
                format!("{result:?} {hash} {positions:?}")
            }
            3 => {
                let to = u32::from(calls.byte()) % 128;
                let result = session.rewind(to);
                assert_eq!(session.position(), if result.is_ok() { to } else { before });
                format!("{result:?}")
            }
            4 => {
                let n = calls.below(40);
                let text = String::from_utf8_lossy(calls.bytes(n)).into_owned();
                let mut ids = [0; 64];
                let result =
                    session.encode(&text, Encode { bos: true, special: true, ..Encode::default() }, &mut ids).await;
                format!("{result:?} {ids:?}")
            }
            _ => {
                let mut text = String::new();
                let id = calls.byte().into();
                let result = session.decode(id, &mut Detokenizer::new(), &mut |piece| text.push_str(piece)).await;
                format!("{result:?} {text:?} {}", session.is_end(id))
            }
        };
        answers.push(format!("{answer} at {}", session.position()));
    }
    answers
}
