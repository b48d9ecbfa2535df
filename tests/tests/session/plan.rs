//! Plans: what they promise holds to the byte.

use super::device::Chip;
use super::model::{Fixture, Memory, NAMES};
use flashlet::arena::Region;
use flashlet::flash::{Flash, Source, block_on};
use flashlet::kernels::{Inline, KvType};
use flashlet::model::Want;
use flashlet::simd::Scalar;
use flashlet::weights::{Residency, Verify};
use flashlet::{Error, Model, Options, Plan, Session};

fn plan<F: Flash>(source: &mut Source<'_, F>, options: &Options, arena_bytes: Option<usize>) -> Result<Plan, Error> {
    block_on(
        async {
            let model = Model::open(source).await?;
            model.plan(source, options, arena_bytes).await
        },
        || (),
    )
}

const RESIDENCIES: [Residency; 3] = [Residency::Auto, Residency::Pinned, Residency::Streamed];

#[test]
fn a_session_takes_exactly_the_bytes_of_its_plan() {
    for name in NAMES {
        let fixture = Fixture::load(name);
        let start = |residency, arena_bytes: Option<usize>, fewer: usize| {
            let mut source = Chip::<4>::source(&fixture.file, 0);
            let options = Options { ctx: 48, residency, ..Options::default() };
            let future = async {
                let model = Model::open(&mut source).await?;
                let plan = model.plan(&mut source, &options, arena_bytes).await?;
                assert_eq!(plan.usage.total(), plan.arena_bytes);
                let mut memory = Memory::new(plan.arena_bytes - fewer);
                let arena = memory.arena();
                let mut session = Session::new(source, model, plan, arena, &Scalar, &Inline, &mut |_| {}).await?;
                session.feed(&fixture.ids[..5], Want::Last, &mut |_, _, _| {}).await
            };
            block_on(future, || ())
        };
        for residency in RESIDENCIES {
            for arena_bytes in [None, Some(1 << 20)] {
                start(residency, arena_bytes, 0).expect("the planned bytes are enough");
                let error = start(residency, arena_bytes, 1).expect_err("one byte is missing");
                assert!(matches!(error, Error::Arena(_)), "{name}: {error}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_says_what_would() {
    for name in NAMES {
        let fixture = Fixture::load(name);
        for mapped in [false, true] {
            for residency in RESIDENCIES {
                for (ctx, chunk) in [(0, 0), (40, 0), (200, 7), (3, 0)] {
                    let options = Options { ctx, chunk, residency, ..Options::default() };
                    let with = |options: &Options, bytes: usize| {
                        let mut source = fixture.mapped();
                        source.mapped = source.mapped.filter(|_| mapped);
                        plan(&mut source, options, Some(bytes))
                    };
                    let need = match with(&options, 1000) {
                        Err(Error::DoesNotFit { need, have: 1000, fitting_ctx: 0 }) => need,
                        other => unreachable!("{name}: 1000 bytes are not enough: {other:?}"),
                    };
                    let least = with(&options, need).expect("what is needed is enough");
                    assert!(least.arena_bytes <= need);
                    // A byte too few, and enough for a third of the context only.
                    let third = with(&Options { ctx: least.ctx.div_ceil(3), ..options }, 1000);
                    let Err(Error::DoesNotFit { need: of_third, .. }) = third else {
                        unreachable!("{name}: 1000 bytes are not enough: {third:?}")
                    };
                    for short in [need - 1, of_third.min(need - 1)] {
                        let Err(Error::DoesNotFit { need: again, have, fitting_ctx }) = with(&options, short) else {
                            unreachable!("{name}: less than needed is not enough")
                        };
                        assert_eq!((again, have), (need, short));
                        assert!(fitting_ctx < least.ctx && fitting_ctx.is_multiple_of(16));
                        if fitting_ctx > 0 {
                            with(&Options { ctx: fitting_ctx, ..options }, short).expect("the shorter context fits");
                        }
                        // Sixteen more would not.
                        if fitting_ctx + 16 < least.ctx {
                            let longer = with(&Options { ctx: fitting_ctx + 16, ..options }, short);
                            assert!(matches!(longer, Err(Error::DoesNotFit { .. })), "{name}: {ctx} {fitting_ctx}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn no_plan_is_larger_than_its_arena() {
    let fixture = Fixture::load("llama-f16-mqa");
    for mapped in [false, true] {
        for residency in RESIDENCIES {
            // The long contexts bring the cache to where arenas count as large.
            for ctx in [33, 1000, 60_000, 130_000] {
                let options = Options { ctx, residency, ..Options::default() };
                let with = |bytes: Option<usize>| {
                    let mut source = fixture.mapped();
                    source.mapped = source.mapped.filter(|_| mapped);
                    plan(&mut source, &options, bytes)
                };
                let Err(Error::DoesNotFit { need, .. }) = with(Some(0)) else { unreachable!("nothing fits no bytes") };
                for more in (0..400_000).step_by(7919).chain([1 << 20, 9 << 20, usize::MAX / 2]) {
                    let plan = with(Some(need + more)).expect("more than needed is enough");
                    assert!(plan.arena_bytes <= need + more, "{residency:?}, ctx {ctx}, {need} + {more}: {plan:?}");
                }
            }
        }
    }
}

/// Weights that are mapped are pinned all the same where that is faster, unless the arena has a bound.
#[test]
fn mapped_weights_are_pinned_for_kernels_that_gain_by_it() {
    let fixture = Fixture::load("llama-f16-mqa");
    let with = |pins_mapped, bytes| {
        let options = Options { pins_mapped, ..Options::default() };
        plan(&mut fixture.mapped(), &options, bytes).expect("it fits").residency
    };
    let (copied, left) = (with(true, None), with(false, None));
    assert!(copied.mapped_bytes == 0 && copied.pinned_bytes >= left.mapped_bytes && left.pinned_bytes == 0);
    assert_eq!(with(true, Some(1 << 20)), with(false, Some(1 << 20)));
}

/// Where mapped weights may stay, none needs to be pinned.
#[test]
fn mapped_weights_need_no_room() {
    let fixture = Fixture::load("llama-f16-mqa");
    let need = |residency| match plan(&mut fixture.mapped(), &Options { residency, ..Options::default() }, Some(0)) {
        Err(Error::DoesNotFit { need, .. }) => need,
        other => unreachable!("nothing fits no bytes: {other:?}"),
    };
    assert_eq!(need(Residency::Auto), need(Residency::Mapped));
    assert!(need(Residency::Pinned) > need(Residency::Mapped));
}

/// Tiles take an eighth of what is left of the arena, and no more than is asked for.
#[test]
fn tiles_grow_with_the_arena() {
    let fixture = Fixture::load("llama-f16-mqa");
    let tile = |tile_bytes, arena_bytes| {
        let options = Options { chunk: 1, residency: Residency::Streamed, tile_bytes, ..Options::default() };
        plan(&mut Chip::<1>::source(&fixture.file, 0), &options, arena_bytes).expect("it fits").tile_bytes
    };
    let (small, large) = (tile(0, Some(1 << 20)), tile(0, Some(4 << 20)));
    // An eighth of what is not taken otherwise.
    assert!((100_000..=131_072).contains(&small) && (450_000..=524_288).contains(&large), "{small}, {large}");
    assert_eq!((tile(0, Some(64 << 20)), tile(0, None)), (1 << 20, 1 << 20));
    assert_eq!((tile(10_000, None), tile(10_048, None)), (9984, 10_048));
}

/// The values of a chunk take a quarter of the arena at most; logits are handed over in large tiles where there is room.
#[test]
fn chunks_and_tiles_of_logits_grow_with_the_arena() {
    let fixture = Fixture::load("llama-f16-mqa");
    let with = |arena_bytes| {
        let options = Options { ctx: 512, residency: Residency::Streamed, ..Options::default() };
        plan(&mut Chip::<1>::source(&fixture.file, 0), &options, arena_bytes)
    };
    let Err(Error::DoesNotFit { need, .. }) = with(Some(0)) else { unreachable!("nothing fits no bytes") };
    let chunk_and_logits = |arena_bytes| {
        let plan = with(arena_bytes).expect("it fits");
        (plan.chunk, plan.usage.bytes(Region::Logits))
    };
    assert_eq!(chunk_and_logits(Some(need)), (1, 4 * 1024));
    let (chunk, logits) = chunk_and_logits(Some(need + 10_000));
    assert!((8..64).contains(&chunk) && logits == 4 * 1024, "{chunk}, {logits}");
    // A group of sixteen logits for each token at least.
    assert_eq!(chunk_and_logits(Some(4 << 20)), (128, 128 * 16 * 4));
    assert_eq!(chunk_and_logits(Some(9 << 20)), (128, 4 * 16_384));
    assert_eq!(chunk_and_logits(None), (128, 4 * 16_384));
}

/// Pinning an embedding that is not the head saves a row a token, so the arena is spent on the rest.
#[test]
fn an_untied_embedding_is_pinned_last() {
    let fixture = Fixture::load("llama-f16-mqa");
    let options = Options { chunk: 1, tile_bytes: 1, ..Options::default() };
    let with = |bytes| plan(&mut Chip::<1>::source(&fixture.file, 0), &options, Some(bytes));
    let Err(Error::DoesNotFit { need, .. }) = with(0) else { unreachable!("nothing fits no bytes") };
    let plans = (need..).step_by(512).map(|bytes| with(bytes).expect("it fits"));
    let streamed: Vec<_> = plans.take_while(|plan| plan.residency.streamed_bytes > 0).collect();
    let (row, table) = (32 * 2, 128 * 32 * 2);
    assert!(streamed.iter().all(|plan| plan.residency.streamed_bytes >= table));
    let last = streamed.last().expect("little is pinned at first");
    assert_eq!((last.residency.streamed_bytes, last.flash_bytes_per_pass), (table, row));
}

/// A draft and the token before it are one chunk; what that takes is known in advance.
#[test]
fn a_chunk_has_room_for_a_draft() {
    for name in ["llama-mixed32", "gemma3-f16"] {
        let fixture = Fixture::load(name);
        let with = |ctx, chunk, draft, bytes| {
            let options = Options { ctx, chunk, draft, residency: Residency::Streamed, ..Options::default() };
            plan(&mut Chip::<1>::source(&fixture.file, 0), &options, bytes)
        };
        for (ctx, chunk, draft, same_as) in
            [(96, 1, 7, 8), (96, 8, 7, 8), (96, 16, 7, 16), (6, 2, 7, 6), (6, 2, u32::MAX, 6)]
        {
            let (drafted, plain) = (with(ctx, chunk, draft, None), with(ctx, same_as, 0, None));
            assert_eq!(drafted, plain, "{name}: {ctx} {chunk} {draft}");
            assert_eq!(drafted.map(|plan| plan.chunk), Ok(same_as));
        }
        // Where nobody asks for a chunk, a small arena makes it as short as the draft allows.
        let least = |draft| match with(96, 0, draft, Some(0)) {
            Err(Error::DoesNotFit { need, .. }) => need,
            other => unreachable!("{name}: nothing fits no bytes: {other:?}"),
        };
        assert!(least(7) > least(0));
        assert_eq!(with(96, 0, 7, Some(least(7))).map(|plan| plan.chunk), Ok(8), "{name}");
        assert!(with(96, 0, 7, None).is_ok_and(|plan| plan.chunk > 8), "{name}");
    }
}

#[test]
fn what_cannot_be_is_said() {
    let fixture = Fixture::load("llama-f16-mqa");
    let mapped = Options { residency: Residency::Mapped, ..Options::default() };
    assert_eq!(plan(&mut Chip::<1>::source(&fixture.file, 0), &mapped, None), Err(Error::NotMapped));
    assert!(plan(&mut fixture.mapped(), &mapped, None).is_ok());
    let q8 = Options { kv: KvType::Q8_0, ..Options::default() };
    assert_eq!(plan(&mut fixture.mapped(), &q8, None), Err(Error::KvHeadDim { kv: KvType::Q8_0, head_dim: 16 }));
}

/// Makes a session of the fixture with a plan that may not be its own.
fn with_plan(fixture: &Fixture, plan: Plan) -> Result<(), Error> {
    let future = async {
        let mut source = fixture.mapped();
        let model = Model::open(&mut source).await?;
        let mut memory = Memory::new(plan.arena_bytes);
        let session = Session::new(source, model, plan, memory.arena(), &Scalar, &Inline, &mut |_| {}).await;
        session.map(|_| ())
    };
    block_on(future, || ())
}

#[test]
fn plans_of_other_models_and_changed_ones_are_refused() {
    // Models of the same shapes in other formats would take each other's plans, which then pin more or less.
    let fixtures: [Fixture; 8] = core::array::from_fn(|i| Fixture::load(NAMES[i]));
    for residency in [Residency::Mapped, Residency::Pinned, Residency::Streamed] {
        let options = Options { ctx: 48, chunk: 8, residency, ..Options::default() };
        let plans = fixtures.each_ref().map(|fixture| plan(&mut fixture.mapped(), &options, None).expect("it fits"));
        for (fixture, own) in fixtures.iter().zip(plans) {
            assert_eq!(with_plan(fixture, own), Ok(()), "{}", fixture.name);
            for other in plans.iter().filter(|other| other.usage != own.usage) {
                assert_eq!(with_plan(fixture, *other), Err(Error::PlanMismatch), "{}", fixture.name);
            }
            let changes: [fn(&mut Plan); 7] = [
                |plan| plan.ctx = 0,
                |plan| plan.ctx = 64,
                |plan| plan.chunk = 0,
                |plan| plan.chunk = 9,
                |plan| plan.tile_bytes += 64,
                |plan| plan.residency.pinned_bytes += 64,
                |plan| plan.verify = Verify::All,
            ];
            for (i, change) in changes.into_iter().enumerate() {
                let mut changed = own;
                change(&mut changed);
                // Without keys and values no context takes memory.
                if changed.ctx == 64 && own.usage.bytes(Region::KvCache) == 0 {
                    continue;
                }
                assert_eq!(with_plan(fixture, changed), Err(Error::PlanMismatch), "{}, change {i}", fixture.name);
            }
        }
    }
}
