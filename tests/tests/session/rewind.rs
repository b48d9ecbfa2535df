//! Tokens that are taken back leave no trace, wherever weights lie and however often a window's ring went round.

use super::device::Chip;
use super::model::{Fixture, Logits, Memory, NAMES, Run, assert_same, run};
use flashlet::flash::{Flash, Source, block_on};
use flashlet::kernels::{Inline, KvType};
use flashlet::model::Want;
use flashlet::simd::Scalar;
use flashlet::weights::Residency;
use flashlet::{Error, Model, Options, Session};

/// Runs `with` on a session over `source`.
pub(crate) fn session<F: Flash>(
    mut source: Source<'_, F>,
    options: &Options,
    with: impl AsyncFnOnce(&mut Session<'_, '_, F>) -> Result<(), Error>,
) {
    let future = async {
        let model = Model::open(&mut source).await?;
        let plan = model.plan(&mut source, options, None).await?;
        let mut memory = Memory::new(plan.arena_bytes);
        let mut session = Session::new(source, model, plan, memory.arena(), &Scalar, &Inline, &mut |_| {}).await?;
        with(&mut session).await
    };
    block_on(future, || ()).expect("the session runs");
}

pub(crate) fn ignore(_: u32, _: u32, _: &[f32]) {}

/// The fixture's tokens, verified as drafts: every length up to `longest`, rejected at every place and at none.
async fn drafted<F: Flash>(
    session: &mut Session<'_, '_, F>,
    fixture: &Fixture,
    longest: usize,
) -> Result<Vec<Vec<f32>>, Error> {
    let (ids, n_vocab) = (&fixture.ids[..], session.n_vocab());
    let mut logits = Logits::new(ids.len(), n_vocab as usize);
    let mut plans = (0..=longest).flat_map(|length| (0..=length).map(move |right| (length, right))).cycle();
    let (mut at, mut passes) = (0, 0);
    while at < ids.len() {
        let (length, right) = plans.next().expect("there is no end");
        // The context must have room for a draft, right or wrong.
        let length = length.min(session.plan().ctx as usize - at - 1);
        let right = right.min(length).min(ids.len() - at - 1);
        let wrong = (0..length - right).map(|i| (ids.get(at + 1 + right + i).unwrap_or(&3) + 1 + i as u32) % n_vocab);
        let pass: Vec<u32> = ids[at..=at + right].iter().copied().chain(wrong).collect();
        let mut sink = |position: u32, first, values: &[f32]| {
            if position as usize <= at + right {
                logits.take(position, first, values);
            }
        };
        session.feed(&pass, Want::All, &mut sink).await?;
        at += 1 + right;
        session.rewind(at as u32)?;
        passes += 1;
        assert_eq!((session.position() as usize, session.passes()), (at, passes), "a draft is verified in one pass");
    }
    Ok(logits.complete())
}

#[test]
fn drafts_rejected_at_any_place_leave_no_trace() {
    for name in NAMES {
        let fixture = Fixture::load(name);
        let (want, _) = run(fixture.mapped(), &fixture.ids, &Run::default());
        for residency in [Residency::Mapped, Residency::Pinned, Residency::Streamed] {
            // Drafts that are longer than a chunk of the prompt, and shorter.
            for (chunk, draft) in [(1, 3), (0, 7), (5, 5), (24, 7)] {
                let options =
                    Options { ctx: 96, residency, chunk, draft: draft as u32, tile_bytes: 6000, ..Options::default() };
                let what = format!("{name}, {residency:?}, chunks of {chunk}, drafts of {draft}");
                session(fixture.mapped(), &options, async |session| {
                    assert_same(&want, &drafted(session, &fixture, draft).await?, &what);
                    // Once more, over what is there already.
                    session.rewind(0)?;
                    assert_eq!(session.position(), 0);
                    let mut again = Logits::new(fixture.ids.len(), want[0].len());
                    session.feed(&fixture.ids, Want::All, &mut |p, first, l| again.take(p, first, l)).await?;
                    assert_same(&want, &again.complete(), &what);
                    Ok(())
                });
            }
        }
    }
}

#[test]
fn drafts_leave_no_trace_in_smaller_caches_read_through_a_chip() {
    for (name, kv) in [("llama-mixed32", KvType::Q8_0), ("gemma3-q8_0", KvType::Q8_0), ("gemma3-q8_0", KvType::Q4_0)] {
        let fixture = Fixture::load(name);
        let mut setup = Run::default();
        setup.options.kv = kv;
        let (want, _) = run(fixture.mapped(), &fixture.ids, &setup);
        for residency in [Residency::Pinned, Residency::Streamed] {
            let options = Options { residency, chunk: 2, draft: 6, ..setup.options };
            session(Chip::<4>::source(&fixture.file, 1), &options, async |session| {
                assert_same(&want, &drafted(session, &fixture, 6).await?, name);
                Ok(())
            });
        }
    }
}

/// A window of 16 and chunks of 4 make a ring of 48 positions. After 72 tokens the first 24 are gone, and a token needs
/// the 15 before it.
#[test]
fn a_window_that_moved_on_is_no_way_back() {
    let fixture = Fixture::load("gemma3-f16");
    assert_eq!(fixture.ids.len(), 72);
    let (want, _) = run(fixture.mapped(), &fixture.ids, &Run::default());
    let options = Options { ctx: 96, chunk: 4, ..Options::default() };
    session(fixture.mapped(), &options, async |session| {
        session.feed(&fixture.ids, Want::None, &mut ignore).await?;
        assert_eq!(session.rewind(73), Err(Error::CannotRewind { to: 73, least: 39, position: 72 }));
        assert_eq!(session.rewind(38), Err(Error::CannotRewind { to: 38, least: 39, position: 72 }));
        assert_eq!(session.position(), 72);
        session.rewind(50)?;
        assert_eq!(session.rewind(51), Err(Error::CannotRewind { to: 51, least: 39, position: 50 }));
        session.rewind(39)?;
        // The caches hold what came up to the 72nd token, whatever was forgotten since.
        let error = session.rewind(38).expect_err("these windows have moved on");
        assert_eq!(error, Error::CannotRewind { to: 38, least: 39, position: 39 });
        assert!(error.to_string().contains("38") && error.to_string().contains("39"), "{error}");
        let mut logits = Logits::new(72 - 39, want[0].len());
        session.feed(&fixture.ids[39..], Want::All, &mut |p, first, l| logits.take(p - 39, first, l)).await?;
        assert_same(&want[39..], &logits.complete(), "after the least that can be left");
        Ok(())
    });
    let fixture = Fixture::load("llama-f32-gqa");
    session(fixture.mapped(), &options, async |session| {
        session.feed(&fixture.ids, Want::None, &mut ignore).await?;
        session.rewind(1)
    });
}

/// Fewer tokens than there were once do not bring windows back.
#[test]
fn windows_that_moved_on_stay_so_after_shorter_texts() {
    let fixture = Fixture::load("gemma3-f16");
    let options = Options { ctx: 96, chunk: 4, ..Options::default() };
    session(fixture.mapped(), &options, async |session| {
        session.feed(&fixture.ids, Want::None, &mut ignore).await?;
        session.rewind(45)?;
        session.feed(&fixture.ids[45..47], Want::None, &mut ignore).await?;
        assert_eq!(session.rewind(38), Err(Error::CannotRewind { to: 38, least: 39, position: 47 }));
        session.rewind(39)
    });
}

/// Only the last token of a prompt of several chunks has logits, if they are asked for that way.
#[test]
fn logits_that_were_not_asked_for_do_not_come() {
    let fixture = Fixture::load("llama-f32-gqa");
    let (want, _) = run(fixture.mapped(), &fixture.ids, &Run::default());
    let options = Options { ctx: 96, chunk: 4, ..Options::default() };
    session(fixture.mapped(), &options, async |session| {
        for (wanted, n) in [(Want::None, 9), (Want::Last, 9), (Want::Last, 4), (Want::Last, 1), (Want::All, 9)] {
            session.reset();
            let mut positions = Vec::new();
            let mut sink = |position: u32, first: u32, logits: &[f32]| {
                assert_eq!(logits, &want[position as usize][first as usize..][..logits.len()]);
                positions.push(position);
            };
            session.feed(&fixture.ids[..n], wanted, &mut sink).await?;
            positions.dedup();
            let all: Vec<u32> = match wanted {
                Want::None => Vec::new(),
                Want::Last => vec![n as u32 - 1],
                Want::All => {
                    positions.sort_unstable();
                    positions.dedup();
                    (0..n as u32).collect()
                }
            };
            assert_eq!(positions, all, "{wanted:?} of {n} tokens");
        }
        Ok(())
    });
}

/// A pass that failed has written to the caches: its positions count.
#[test]
fn a_failed_pass_moves_windows_too() {
    let fixture = Fixture::load("gemma3-f16");
    let source = Chip::<4>::source(&fixture.file, 0);
    let fails_after = source.flash.fails_after.clone();
    let options = Options { ctx: 96, chunk: 4, residency: Residency::Streamed, ..Options::default() };
    session(source, &options, async |session| {
        session.feed(&fixture.ids[..60], Want::None, &mut ignore).await?;
        assert_eq!(session.rewind(26), Err(Error::CannotRewind { to: 26, least: 27, position: 60 }));
        let passes = session.passes();
        assert_eq!(passes, 15);
        fails_after.set(Some(0));
        session.feed(&fixture.ids[60..64], Want::None, &mut ignore).await.expect_err("a read fails");
        fails_after.set(None);
        assert_eq!(session.passes(), 16);
        assert_eq!(session.rewind(30), Err(Error::CannotRewind { to: 30, least: 31, position: 60 }));
        session.rewind(60)?;
        session.reset();
        assert_eq!(session.rewind(1), Err(Error::CannotRewind { to: 1, least: 0, position: 0 }));
        session.rewind(0)
    });
}
