//! Prefix snapshots: what is restored gives the logits of what was fed, and what does not fit is refused.

use super::device::Chip;
use super::edit;
use super::model::{Fixture, Logits, Memory, NAMES, Run, assert_same, run, shallow};
use super::nor::Nor;
use super::rewind::{ignore, session};
use embedded_storage::nor_flash::NorFlash;
use flashlet::flash::{Flash, SliceFlash, Source, block_on};
use flashlet::kernels::{Inline, KvType};
use flashlet::model::Want;
use flashlet::session::{ModelHash, Saved, SnapshotError, Snapshots};
use flashlet::simd::Scalar;
use flashlet::weights::Residency;
use flashlet::{Error, Model, Options, Session};
use flashlet_sim::faults::Faults;
use flashlet_sim::pack;
use flashlet_tests::kernel::all_kernels;

/// A QSPI chip: 256-byte pages, written byte by byte.
pub(crate) type Qspi = Nor<1, 1, 4096>;

pub(crate) fn hash_of(file: &[u8]) -> ModelHash {
    let mut source = Source::new(SliceFlash(file));
    let future = async { Model::open(&mut source).await?.hash(&mut source, &Scalar).await };
    block_on(future, || ()).expect("the fixture is a model")
}

/// The snapshots of `fixture` on all of `device`.
pub(crate) fn snapshots<D: NorFlash>(device: D, fixture: &Fixture) -> Snapshots<'static, D> {
    let end = device.capacity() as u32;
    Snapshots::new(device, 0..end, hash_of(&fixture.file), &Scalar).expect("the device will do")
}

fn kv_types(name: &str) -> &'static [KvType] {
    // Blocks of 32 need heads that are as wide.
    let wide = ["llama-mixed32", "llama-mixed256", "gemma3-q8_0"].contains(&name);
    if wide { KvType::ALL } else { &[KvType::F16] }
}

/// Restores a prefix, feeds the rest, and compares all logits, those of the prefix's last token included.
async fn same_after<F: Flash>(
    session: &mut Session<'_, '_, F>,
    nor: &mut Qspi,
    fixture: &Fixture,
    prefix: usize,
    want: &[Vec<f32>],
    what: &str,
) -> Result<(), Error> {
    let ids = &fixture.ids;
    let passes = session.passes();
    assert_eq!(snapshots(&mut *nor, fixture).restore(session, ids)?, Some(prefix as u32), "{what}");
    assert_eq!((session.position() as usize, session.passes()), (prefix, passes), "{what}");
    let mut logits = Logits::new(ids.len() - prefix, want[0].len());
    let mut sink = |p: u32, first, l: &[f32]| logits.take(p - prefix as u32, first, l);
    session.feed(&ids[prefix..], Want::All, &mut sink).await?;
    assert_same(&want[prefix..], &logits.complete(), what);

    // Once more, from the prefix's last token on.
    snapshots(&mut *nor, fixture).restore(session, &ids[..prefix])?;
    let last = prefix - 1;
    session.rewind(last as u32)?;
    let mut logits = Logits::new(ids.len() - last, want[0].len());
    let mut sink = |p: u32, first, l: &[f32]| logits.take(p - last as u32, first, l);
    session.feed(&ids[last..], Want::All, &mut sink).await?;
    assert_same(&want[last..], &logits.complete(), what);
    Ok(())
}

#[test]
fn what_is_restored_gives_the_logits_of_what_was_fed() {
    let mut compared = 0;
    for name in NAMES {
        let fixture = Fixture::load(name);
        for &kv in kv_types(name) {
            let mut setup = Run::default();
            setup.options.kv = kv;
            let (want, _) = run(fixture.mapped(), &fixture.ids, &setup);
            // A window is 16: with chunks of 4 its ring of 48 wraps.
            let prefixes = [(1, 1), (15, 4), (16, 64), (17, 5), (33, 4), (39, 64), (52, 4), (69, 4), (71, 64)];
            for (prefix, chunk) in prefixes.into_iter().filter(|(prefix, _)| *prefix < fixture.ids.len()) {
                let mut nor = Qspi::new(1 << 20);
                session(fixture.mapped(), &Options { chunk, ..setup.options }, async |session| {
                    session.feed(&fixture.ids[..prefix], Want::None, &mut ignore).await?;
                    let saved = snapshots(&mut nor, &fixture).save(session, &fixture.ids[..prefix])?;
                    assert_eq!((saved.tokens as usize, saved.sequence, saved.offset), (prefix, 0, 0));
                    // Saving changes nothing.
                    same_after(session, &mut nor, &fixture, prefix, &want, name).await
                });
                let others = [
                    Options { ctx: fixture.ids.len() as u32, chunk: 1, residency: Residency::Pinned, ..setup.options },
                    Options { ctx: 160, chunk: 3, residency: Residency::Streamed, tile_bytes: 6000, ..setup.options },
                    Options { ctx: 80, chunk: 40, residency: Residency::Mapped, ..setup.options },
                ];
                for options in others {
                    let what = format!("{name}, {kv:?}, {prefix} tokens, restored for {options:?}");
                    session(fixture.mapped(), &options, async |session| {
                        // Over what is there already.
                        session.feed(&fixture.ids[5..], Want::None, &mut ignore).await?;
                        same_after(session, &mut nor, &fixture, prefix, &want, &what).await
                    });
                    compared += 1;
                }
                session(Chip::<4>::source(&fixture.file, 1), &others[1], async |session| {
                    same_after(session, &mut nor, &fixture, prefix, &want, name).await
                });
            }
        }
    }
    println!("{compared} restored sessions gave the logits of fed ones, bit for bit");
}

/// Saved with one instruction set, restored with another.
#[test]
fn snapshots_are_the_same_for_all_kernels() {
    for (name, kv) in [("llama-mixed32", KvType::Q8_0), ("gemma3-f16", KvType::F16)] {
        let fixture = Fixture::load(name);
        let mut images = Vec::new();
        for kernels in all_kernels() {
            let future = async {
                let mut source = fixture.mapped();
                let model = Model::open(&mut source).await?;
                let hash = model.hash(&mut source, kernels).await?;
                let options = Options { ctx: 96, kv, ..Options::default() };
                let plan = model.plan(&mut source, &options, None).await?;
                let mut memory = Memory::new(plan.arena_bytes);
                let mut session =
                    Session::new(source, model, plan, memory.arena(), kernels, &Inline, &mut |_| {}).await?;
                session.feed(&fixture.ids[..40], Want::None, &mut ignore).await?;
                let mut nor = Qspi::new(1 << 20);
                Snapshots::new(&mut nor, 0..1 << 20, hash, kernels)?.save(&session, &fixture.ids[..40])?;
                Ok::<_, Error>(nor.bytes)
            };
            images.push(block_on(future, || ()).expect("the session runs"));
        }
        assert!(images.iter().all(|image| *image == images[0]), "{name}");
    }
}

/// Windows that moved on can be followed on from the prefix's end and from the token before it, and no further back.
#[test]
fn a_restored_window_goes_back_one_token() {
    let fixture = Fixture::load("gemma3-f16");
    let ids = &fixture.ids;
    let options = Options { ctx: 96, chunk: 4, ..Options::default() };
    session(fixture.mapped(), &options, async |session| {
        let mut nor = Qspi::new(1 << 20);
        session.feed(&ids[..60], Want::None, &mut ignore).await?;
        snapshots(&mut nor, &fixture).save(session, &ids[..60])?;
        // As far back as the ring reaches, what a snapshot has besides is gone.
        session.rewind(27)?;
        let error = snapshots(&mut nor, &fixture).save(session, &ids[..27]).expect_err("position 11 was overwritten");
        assert_eq!(error, SnapshotError::WindowsMovedOn { least: 28, position: 27 });
        session.feed(&ids[27..28], Want::None, &mut ignore).await?;
        snapshots(&mut nor, &fixture).save(session, &ids[..28])?;
        assert_eq!(snapshots(&mut nor, &fixture).restore(session, ids)?, Some(28));
        assert_eq!(session.rewind(26), Err(Error::CannotRewind { to: 26, least: 27, position: 28 }));
        session.rewind(27)?;
        let error = snapshots(&mut nor, &fixture).save(session, &ids[..27]).expect_err("there is no more of windows");
        assert_eq!(error, SnapshotError::WindowsMovedOn { least: 28, position: 27 });
        session.feed(&ids[27..40], Want::None, &mut ignore).await?;
        assert_eq!(session.rewind(26), Err(Error::CannotRewind { to: 26, least: 27, position: 40 }));
        session.reset();
        session.feed(&ids[..10], Want::None, &mut ignore).await?;
        session.rewind(1)
    });
    // A prefix inside the windows goes back to any token.
    session(fixture.mapped(), &options, async |session| {
        let mut nor = Qspi::new(1 << 20);
        session.feed(&ids[..16], Want::None, &mut ignore).await?;
        snapshots(&mut nor, &fixture).save(session, &ids[..16])?;
        snapshots(&mut nor, &fixture).restore(session, ids)?;
        session.rewind(1)
    });
}

#[test]
fn slots_take_turns_and_wear_alike() {
    let fixture = Fixture::load("llama-f32-gqa");
    session(fixture.mapped(), &Options { ctx: 96, ..Options::default() }, async |session| {
        let mut nor = Qspi::new(9 * 4096);
        nor.bytes[8 * 4096..].fill(0x5a);
        let mut total = 0;
        for sequence in 0..21 {
            let n = 1 + sequence as usize % 5;
            session.reset();
            session.feed(&fixture.ids[..n], Want::None, &mut ignore).await?;
            let mut snapshots = snapshots(&mut nor, &fixture);
            assert_eq!(snapshots.slot_bytes(), 4 * 4096);
            let saved = snapshots.save(session, &fixture.ids[..n])?;
            let bytes = Snapshots::<Qspi>::bytes_for(session);
            let offset = if sequence % 2 == 0 { 0 } else { 4 * 4096 };
            assert_eq!(saved, Saved { offset, bytes, tokens: n as u32, sequence, model: hash_of(&fixture.file) });
            assert_eq!(snapshots.newest(), Some(saved));
            let mut ids = [0; 5];
            assert_eq!(snapshots.ids(&mut ids)?, Some(n));
            assert_eq!(ids[..n], fixture.ids[..n]);
            let error = snapshots.ids(&mut ids[..n - 1]).expect_err("one id too many");
            assert_eq!(error, SnapshotError::TooManyIds { need: n as u32, have: n - 1 });
            total += bytes.div_ceil(4096) as u32;
        }
        println!("21 snapshots of {total} blocks: blocks erased {:?} times", nor.erases);
        assert_eq!(nor.erases.iter().sum::<u32>(), total);
        assert_eq!((nor.erases[0], nor.erases[4], nor.erases[8]), (11, 10, 0));
        assert!(nor.bytes[8 * 4096..].iter().all(|&byte| byte == 0x5a), "an odd block is left alone");
        Ok(())
    });
}

/// The newest is the one whose number is higher, going round.
#[test]
fn sequence_numbers_go_round() {
    let fixture = Fixture::load("llama-f32-gqa");
    session(fixture.mapped(), &Options { ctx: 96, ..Options::default() }, async |session| {
        let mut nor = Qspi::new(2 * 16384);
        session.feed(&fixture.ids[..3], Want::None, &mut ignore).await?;
        snapshots(&mut nor, &fixture).save(session, &fixture.ids[..3])?;
        // The header's number, and its checksum after it.
        nor.bytes[12..16].copy_from_slice(&(u32::MAX - 1).to_le_bytes());
        let crc = flashlet::kernels::Kernels::crc32c(&Scalar, 0, &nor.bytes[..60]);
        nor.bytes[60..64].copy_from_slice(&crc.to_le_bytes());
        for (sequence, offset) in [(u32::MAX, 16384), (0, 0), (1, 16384)] {
            let saved = snapshots(&mut nor, &fixture).save(session, &fixture.ids[..3])?;
            assert_eq!((saved.sequence, saved.offset), (sequence, offset));
            assert_eq!(snapshots(&mut nor, &fixture).newest(), Some(saved));
        }
        Ok(())
    });
}

#[test]
fn hashes_tell_weights_apart() {
    assert_eq!(ModelHash(0xab << 40).to_string(), "0000ab0000000000");
    for name in shallow() {
        let file = Fixture::load(name).file;
        let hash = hash_of(&file);
        // All of it, and not the last tensors.
        let [mapped, cut] = [file.len(), file.len() / 2].map(|mapped| {
            let mut source = Source::with_mapping(SliceFlash(&file), &file[..mapped]);
            block_on(async { Model::open(&mut source).await?.hash(&mut source, &Scalar).await }, || ())
        });
        let chip = {
            let mut source = Chip::<4>::source(&file, 1);
            block_on(async { Model::open(&mut source).await?.hash(&mut source, &Scalar).await }, || ())
        };
        assert_eq!((mapped, cut, chip), (Ok(hash), Ok(hash), Ok(hash)), "{name}");
        // Any byte of any tensor counts.
        for tensor in edit::tensors(&file) {
            for at in [tensor.offset, tensor.offset + tensor.bytes / 2, tensor.offset + tensor.bytes - 1] {
                let mut tuned = file.clone();
                tuned[at as usize] ^= 1;
                assert_ne!(hash_of(&tuned), hash, "{name}, {}", edit::name(&tensor));
            }
        }
        // Checksums tell all weights apart, the very last too.
        let packed = |file: &[u8]| {
            let mut out = Vec::new();
            let mut source = Source::with_mapping(SliceFlash(file), file);
            pack::pack(&mut source, &pack::Options::default(), &mut out, &mut |_, _| ()).expect("it can be packed");
            out
        };
        let mut tuned = file.clone();
        let last = tuned.iter().rposition(|&byte| byte != 0).expect("there are weights");
        tuned[last] ^= 1;
        assert_ne!(hash_of(&packed(&file)), hash_of(&packed(&tuned)), "{name}");
    }
}

/// What the newest snapshot is refused for; nothing of it stays.
#[test]
fn what_does_not_fit_is_refused() {
    let fixture = Fixture::load("llama-mixed32");
    let ids = &fixture.ids;
    let mut nor = Qspi::new(1 << 18);
    let options = Options { ctx: 96, ..Options::default() };
    session(fixture.mapped(), &options, async |session| {
        let mut snapshots = snapshots(&mut nor, &fixture);
        assert_eq!(snapshots.restore(session, ids)?, None);
        assert_eq!(snapshots.ids(&mut [])?, None);
        assert_eq!(snapshots.newest(), None);
        assert_eq!(snapshots.save(session, &[]), Err(SnapshotError::Empty));
        session.feed(&ids[..30], Want::None, &mut ignore).await?;
        assert_eq!(snapshots.save(session, ids), Err(SnapshotError::Tokens { given: ids.len(), position: 30 }));
        snapshots.save(session, &ids[..30])?;
        Ok(())
    });
    let refused = |options: &Options, prompt: &[u32], model: ModelHash, nor: &mut Qspi| {
        let mut error = None;
        session(fixture.mapped(), options, async |session| {
            session.feed(&ids[..7], Want::None, &mut ignore).await?;
            let mut snapshots = Snapshots::new(&mut *nor, 0..1 << 18, model, &Scalar)?;
            error = snapshots.restore(session, prompt).err();
            assert_eq!(session.position(), 0);
            Ok(())
        });
        error.expect("it is refused")
    };
    let hash = hash_of(&fixture.file);
    let mut other = ids.clone();
    other[29] ^= 1;
    let foreign = ModelHash(hash.0 ^ 1 << 40);
    for (options, prompt, model, want, word) in [
        (options, &ids[..], foreign, SnapshotError::OtherModel { saved: hash, have: foreign }, "another model"),
        (
            Options { kv: KvType::Q8_0, ..options },
            ids,
            hash,
            SnapshotError::OtherKvType { saved: 1, have: 8 },
            "KV cache is F16, the session's is Q8_0",
        ),
        (
            Options { ctx: 29, ..options },
            ids,
            hash,
            SnapshotError::ContextTooShort { need: 30, ctx: 29 },
            "context of 29",
        ),
        (options, &other, hash, SnapshotError::OtherTokens { at: 29, tokens: 30 }, "token 29"),
        (options, &ids[..29], hash, SnapshotError::OtherTokens { at: 29, tokens: 30 }, "token 29"),
        (options, &[], hash, SnapshotError::OtherTokens { at: 0, tokens: 30 }, "token 0"),
    ] {
        let error = refused(&options, prompt, model, &mut nor);
        assert_eq!(error, want);
        assert!(error.to_string().contains(word), "{error}");
    }
    // A context of just as many tokens is long enough.
    session(fixture.mapped(), &Options { ctx: 30, ..options }, async |session| {
        assert_eq!(snapshots(&mut nor, &fixture).restore(session, ids)?, Some(30));
        Ok(())
    });
    // Any bit of it, and it is no snapshot.
    let random = Faults::new(1);
    let bytes = snapshots(&mut nor, &fixture).newest().expect("it is there").bytes;
    for bit in (0..8 * 64).chain((0..200).map(|_| random.below(8 * bytes))) {
        nor.bytes[bit as usize / 8] ^= 1 << (bit % 8);
        session(fixture.mapped(), &options, async |session| {
            let result = snapshots(&mut nor, &fixture).restore(session, &other);
            let want = if bit < 8 * 64 { Ok(None) } else { Err(SnapshotError::Broken { offset: 0 }) };
            assert_eq!((result, session.position()), (want, 0), "bit {bit}");
            Ok(())
        });
        nor.bytes[bit as usize / 8] ^= 1 << (bit % 8);
    }
    // A valid header of more than there is: the device was cut short.
    let mut short = Qspi::new(2 * 4096);
    short.bytes.copy_from_slice(&nor.bytes[..2 * 4096]);
    session(fixture.mapped(), &options, async |session| {
        let mut snapshots = snapshots(&mut short, &fixture);
        assert_eq!(snapshots.restore(session, ids), Err(SnapshotError::Broken { offset: 0 }));
        session.feed(&ids[..30], Want::None, &mut ignore).await?;
        let error = snapshots.save(session, &ids[..30]).expect_err("a slot is one block");
        assert_eq!(error, SnapshotError::NoRoom { need: bytes, have: 4096 });
        assert!(error.to_string().contains(&bytes.to_string()) && error.to_string().contains("4096"), "{error}");
        Ok(())
    });
}
