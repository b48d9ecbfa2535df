//! Restores and saves prefix snapshots on a NOR flash that holds a snapshot with some bytes changed, or anything.
//!
//! An input's first byte selects the model; the bytes to be changed on the device follow, and the rest are calls. Beyond not
//! panicking, and no word written twice: an unchanged snapshot is restored with the tokens it was saved of and is followed
//! by the logits that they are followed by; what is not restored leaves the session without tokens; what was saved is the
//! newest snapshot.
#![no_main]

use embedded_storage::nor_flash::ReadNorFlash;
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::kernels::{self, Inline};
use flashlet::model::Want;
use flashlet::session::{LogitsHash, ModelHash, Snapshots};
use flashlet::weights::Residency;
use flashlet::{Error, Model, Options, Session};
use flashlet_fuzz::{Input, MODELS, Memory, Nor};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

/// Tokens of the prompt, and of the snapshot that is on the device.
const PROMPT: u32 = 24;
const SAVED: usize = 20;
const DEVICE_BYTES: usize = 1 << 18;

type ModelSession<'a, 'm> = Session<'a, 'm, SliceFlash<'m>>;

/// A device with a snapshot, and the logits of the token that follows.
struct Image {
    bytes: Vec<u8>,
    next: String,
}

fuzz_target!(|bytes: &[u8]| {
    static IMAGES: [OnceLock<Image>; MODELS.len()] = [const { OnceLock::new() }; MODELS.len()];
    let mut input = Input(bytes);
    let index = input.below(MODELS.len());
    let image = IMAGES[index].get_or_init(|| image(MODELS[index]));
    let mut nor = Nor(image.bytes.clone());
    let changed = input.change(&mut nor.0);
    with_session(MODELS[index], async |session, hash| {
        let mut snapshots = Snapshots::new(nor, 0..DEVICE_BYTES as u32, hash, kernels::detect())?;
        let mut saved = false;
        while !input.is_empty() {
            match input.byte() % 4 {
                0 => {
                    let n = input.below(PROMPT as usize);
                    let prompt: Vec<u32> = (0..n as u32).collect();
                    match snapshots.restore(session, &prompt) {
                        Ok(Some(tokens)) => {
                            assert!(tokens == session.position() && tokens as usize <= prompt.len());
                            if !changed && !saved {
                                assert_eq!(tokens as usize, SAVED);
                                assert_eq!(next(session).await?, image.next);
                            }
                        }
                        result => {
                            assert_eq!(session.position(), 0);
                            assert!(changed || saved || n < SAVED, "an unchanged snapshot: {result:?}");
                        }
                    }
                }
                1 => {
                    let ids: Vec<u32> = (session.position()..).take(input.below(8)).collect();
                    let _ = session.feed(&ids, Want::None, &mut |_, _, _| ()).await;
                }
                2 => {
                    let ids: Vec<u32> = (0..session.position()).collect();
                    if let Ok(made) = snapshots.save(session, &ids) {
                        saved = true;
                        assert_eq!(snapshots.newest(), Some(made));
                        let mut read = [0; 64];
                        assert_eq!(snapshots.ids(&mut read)?, Some(ids.len()));
                        assert_eq!(read[..ids.len()], ids);
                    }
                }
                _ => drop(session.rewind(input.byte().into())),
            }
        }
        Ok(())
    })
    .expect("a whole model");
});

/// Runs `with` on a session over `file`.
fn with_session<T>(
    file: &[u8],
    with: impl AsyncFnOnce(&mut ModelSession<'_, '_>, ModelHash) -> Result<T, Error>,
) -> Result<T, Error> {
    block_on(
        async {
            let mut source = Source::with_mapping(SliceFlash(file), file);
            let model = Model::open(&mut source).await?;
            let hash = model.hash(&mut source, kernels::detect()).await?;
            let options = Options { ctx: 64, chunk: 8, residency: Residency::Mapped, ..Options::default() };
            let plan = model.plan(&mut source, &options, None).await?;
            let mut memory = Memory::new(plan.arena_bytes);
            let mut session =
                Session::new(source, model, plan, memory.arena(), kernels::detect(), &Inline, &mut |_| {}).await?;
            with(&mut session, hash).await
        },
        || (),
    )
}

/// The logits of the token whose id is the session's position.
async fn next(session: &mut ModelSession<'_, '_>) -> Result<String, Error> {
    let mut hash = LogitsHash::new();
    session.feed(&[session.position()], Want::Last, &mut |_, _, logits| hash.push(logits)).await?;
    hash.end_step();
    Ok(format!("{hash:?}"))
}

/// A device with a snapshot of the prompt's first tokens.
fn image(file: &[u8]) -> Image {
    with_session(file, async |session, hash| {
        let ids: Vec<u32> = (0..SAVED as u32).collect();
        session.feed(&ids, Want::None, &mut |_, _, _| ()).await?;
        let nor = Nor(vec![0xff; DEVICE_BYTES]);
        assert_eq!(nor.capacity(), DEVICE_BYTES);
        let mut snapshots = Snapshots::new(nor, 0..DEVICE_BYTES as u32, hash, kernels::detect())?;
        snapshots.save(session, &ids)?;
        Ok(Image { bytes: snapshots.release().0, next: next(session).await? })
    })
    .expect("a whole model")
}
