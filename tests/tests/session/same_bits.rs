//! One arithmetic: logits are the same bits wherever weights lie and however tokens are fed.

use super::device::{Chip, TwoThreads};
use super::edit::{name as name_of, tensors};
use super::model::{Fixture, NAMES, Run, assert_same, run, shallow};
use flashlet::flash::block_on;
use flashlet::kernels::{Inline, KvType};
use flashlet::weights::Residency;
use flashlet::{Error, Model, Options};
use flashlet_tests::kernel::all_kernels;

/// What the others are compared with: mapped, scalar, one thread, all tokens in one chunk.
fn oracle(fixture: &Fixture) -> Vec<Vec<f32>> {
    let mut setup = Run::default();
    setup.options.chunk = 96;
    run(fixture.mapped(), &fixture.ids, &setup).0
}

#[test]
fn chunks_and_pieces() {
    for name in NAMES {
        let fixture = Fixture::load(name);
        let want = oracle(&fixture);
        for chunk in [1, 2, 3, 5, 16, 17, 64] {
            let mut setup = Run::default();
            setup.options.chunk = chunk;
            let (have, plan) = run(fixture.mapped(), &fixture.ids, &setup);
            assert_eq!(plan.chunk, chunk);
            assert_same(&want, &have, &format!("{name}, chunks of {chunk}"));
        }
        for pieces in [&[1][..], &[7, 1, 13], &[33, 2]] {
            let (have, _) = run(fixture.mapped(), &fixture.ids, &Run { pieces, ..Run::default() });
            assert_same(&want, &have, &format!("{name}, pieces of {pieces:?}"));
        }
    }
}

#[test]
fn instruction_sets_and_threads() {
    for name in shallow() {
        let fixture = Fixture::load(name);
        let want = oracle(&fixture);
        for kernels in all_kernels() {
            // Pinned rows are interleaved for vector kernels, those of a tied embedding too.
            for residency in [Residency::Mapped, Residency::Pinned] {
                for chunk in [1, 4, 23] {
                    let mut setup = Run { kernels, executor: &TwoThreads, ..Run::default() };
                    (setup.options.chunk, setup.options.residency) = (chunk, residency);
                    let what = format!("{name}, {:?}, {residency:?}, chunks of {chunk}", kernels.isa());
                    assert_same(&want, &run(fixture.mapped(), &fixture.ids, &setup).0, &what);
                    setup.executor = &Inline;
                    assert_same(&want, &run(fixture.mapped(), &fixture.ids, &setup).0, &what);
                    if residency == Residency::Pinned {
                        let chip = Chip::<4>::source(&fixture.file, 0);
                        assert_same(&want, &run(chip, &fixture.ids, &setup).0, &format!("{what}, from a chip"));
                    }
                }
            }
        }
    }
}

/// The fewest bytes that do.
fn least_arena<const ALIGN: usize>(file: &[u8], options: &Options) -> usize {
    let mut source = Chip::<ALIGN>::source(file, 0);
    let future = async {
        let model = Model::open(&mut source).await?;
        model.plan(&mut source, options, Some(0)).await
    };
    match block_on(future, || ()) {
        Err(Error::DoesNotFit { need, .. }) => need,
        other => unreachable!("nothing fits no bytes: {other:?}"),
    }
}

/// Runs with every residency that an unmapped flash has, at several tile and arena sizes; returns how
/// many runs there were in which some matrices were pinned and others streamed.
fn everywhere<const ALIGN: usize>(fixture: &Fixture, kv: KvType) -> usize {
    let mut setup = Run::default();
    setup.options.kv = kv;
    let want = run(fixture.mapped(), &fixture.ids, &setup).0;
    let name = fixture.name;
    let (ids, file) = (&fixture.ids[..], &fixture.file[..]);

    // A table of which passes read rows is never pinned.
    let table = tensors(file).into_iter().find(|tensor| name_of(tensor) == "per_layer_token_embd.weight");
    let table_bytes = table.map_or(0, |table| table.bytes);
    for (residency, chunk) in [(Residency::Pinned, 9), (Residency::Pinned, 64), (Residency::Auto, 64)] {
        (setup.options.residency, setup.options.chunk) = (residency, chunk);
        let (have, plan) = run(Chip::<ALIGN>::source(file, 0), ids, &setup);
        assert_eq!((plan.residency.streamed_bytes, plan.residency.mapped_bytes), (table_bytes, 0));
        assert_same(&want, &have, &format!("{name}, {residency:?}"));
    }

    setup.options.residency = Residency::Streamed;
    for (tile_bytes, chunk, waits) in [(1, 64, 0), (1, 5, 1), (1 << 12, 64, 2), (20_000, 7, 0), (1 << 20, 40, 3)] {
        (setup.options.tile_bytes, setup.options.chunk) = (tile_bytes, chunk);
        let (have, plan) = run(Chip::<ALIGN>::source(file, waits), ids, &setup);
        assert_eq!((plan.residency.pinned_bytes, plan.residency.mapped_bytes), (0, 0));
        assert_same(&want, &have, &format!("{name}, tiles of {} bytes aligned to {ALIGN}", plan.tile_bytes));
    }

    (setup.options.residency, setup.options.tile_bytes) = (Residency::Auto, 1);
    setup.options.chunk = 24;
    let (least, all) =
        (least_arena::<ALIGN>(file, &setup.options), run(Chip::<ALIGN>::source(file, 0), ids, &setup).1.arena_bytes);
    let mut mixed = 0;
    for step in 0..=12 {
        let arena_bytes = least + (all - least) * step / 12;
        setup.arena_bytes = Some(arena_bytes);
        let (have, plan) = run(Chip::<ALIGN>::source(file, 1), ids, &setup);
        assert!(plan.arena_bytes <= arena_bytes);
        assert_same(&want, &have, &format!("{name}, an arena of {arena_bytes} bytes"));
        mixed += usize::from(plan.residency.pinned_bytes > 0 && plan.residency.streamed_bytes > 0);
    }
    mixed
}

#[test]
fn residencies() {
    for name in NAMES {
        let fixture = Fixture::load(name);
        let mixed = everywhere::<1>(&fixture, KvType::F16) + everywhere::<64>(&fixture, KvType::F16);
        assert!(mixed >= 3, "{name}: only {mixed} arenas made the planner mix");
    }
}

#[test]
fn residencies_with_smaller_caches() {
    for name in ["llama-mixed32", "llama-mixed256", "gemma3-q8_0", "arch-gemma4-q8_0"] {
        everywhere::<4>(&Fixture::load(name), KvType::Q8_0);
        everywhere::<4>(&Fixture::load(name), KvType::Q4_0);
    }
}

/// Arenas between everything streamed and everything pinned, in small steps: the border comes to lie
/// between a gate and its up projection too.
#[test]
fn every_border_between_pinned_and_streamed() {
    for name in ["llama-mixed32", "llama-f16-mqa"] {
        let fixture = Fixture::load(name);
        let ids = &fixture.ids[..12];
        let mut setup = Run::default();
        (setup.options.ctx, setup.options.chunk, setup.options.tile_bytes) = (16, 12, 1);
        let (want, _) = run(fixture.mapped(), ids, &setup);
        let least = least_arena::<1>(&fixture.file, &setup.options);
        let mut amounts = std::collections::BTreeSet::new();
        for arena_bytes in (least..).step_by(512) {
            setup.arena_bytes = Some(arena_bytes);
            let (have, plan) = run(Chip::<1>::source(&fixture.file, 0), ids, &setup);
            assert_same(&want, &have, &format!("{name}, an arena of {arena_bytes} bytes"));
            amounts.insert(plan.residency.pinned_bytes);
            if plan.residency.streamed_bytes == 0 {
                break;
            }
        }
        assert!(amounts.len() > 14, "{name}: {amounts:?}");
    }
}
