//! What streaming reads, when, and how often.

use super::device::{Chip, Event};
use super::model::{Fixture, Logits, Memory, NAMES};
use core::cell::RefCell;
use flashlet::flash::block_on;
use flashlet::internal::kernels::{
    Attention, ExpSums, Group, HeadRotation, Input, Map, Norm, Quants, Recurrence, WriteKv,
};
use flashlet::internal::quant::Weight;
use flashlet::kernels::{Act, Executor, Inline, Kernels};
use flashlet::model::Want;
use flashlet::simd::{ActForm, IsaName, Scalar};
use flashlet::weights::Residency;
use flashlet::{Model, Options, Plan, Session};
use std::rc::Rc;
use std::sync::Mutex;

/// Scalar kernels that note which weights they are given, as long as those are floats.
struct Noting(Mutex<Vec<usize>>);

impl Noting {
    fn note(&self, w: Weight<'_>) {
        let at = match w {
            Weight::F32(m) => m.blocks.as_ptr().addr(),
            Weight::F16(m) => m.blocks.as_ptr().addr(),
            _ => return,
        };
        self.0.lock().expect("nobody panicked").push(at);
    }
}

impl Kernels for Noting {
    fn isa(&self) -> IsaName {
        IsaName::Scalar
    }
    fn interleaves(&self) -> bool {
        Scalar.interleaves()
    }
    fn act_form(&self) -> ActForm {
        Scalar.act_form()
    }
    fn linear(&self, w: Weight<'_>, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        self.note(w);
        Scalar.linear(w, x, y, executor);
    }
    fn gated(&self, w: [Weight<'_>; 2], act: Act, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        w.into_iter().for_each(|w| self.note(w));
        Scalar.gated(w, act, x, y, executor);
    }
    fn gate_by(&self, up: Weight<'_>, act: Act, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
        self.note(up);
        Scalar.gate_by(up, act, x, y, executor);
    }
    fn prepare(&self, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, float: &mut [Group], quants: Quants<'_>) {
        Scalar.prepare(x, tokens, norm, float, quants);
    }
    fn add(&self, x: &mut [Group], y: &mut [Group], tokens: usize, norm: Option<Norm<'_>>, scale: f32) {
        Scalar.add(x, y, tokens, norm, scale);
    }
    fn map(&self, x: &mut [Group], tokens: usize, map: Map<'_>) {
        Scalar.map(x, tokens, map);
    }
    fn copy_rows(&self, from: &[Group], first: usize, n: usize, tokens: usize, to: &mut [Group]) {
        Scalar.copy_rows(from, first, n, tokens, to);
    }
    fn rotate(&self, x: &mut [Group], tokens: usize, rotation: &HeadRotation<'_>) {
        Scalar.rotate(x, tokens, rotation);
    }
    fn write_kv(&self, job: &mut WriteKv<'_>) {
        Scalar.write_kv(job);
    }
    fn attention(&self, job: &Attention<'_>, out: &mut [Group], executor: &dyn Executor) {
        Scalar.attention(job, out, executor);
    }
    fn recur(&self, job: Recurrence<'_>, executor: &dyn Executor) {
        Scalar.recur(job, executor);
    }
    fn add_exponentials(&self, first: u32, logits: &[f32], sums: &mut ExpSums) {
        Scalar.add_exponentials(first, logits, sums);
    }
    fn end_section(&self) {
        Scalar.end_section();
    }
    fn crc32c(&self, crc: u32, bytes: &[u8]) -> u32 {
        Scalar.crc32c(crc, bytes)
    }
}

/// The events of the pass over `tokens` tokens that follows one over the first three, and the plan.
fn one_pass<const ALIGN: usize>(fixture: &Fixture, options: &Options, waits: u32, tokens: usize) -> (Vec<Event>, Plan) {
    let mut source = Chip::<ALIGN>::source(&fixture.file, waits);
    let log: Rc<RefCell<Vec<Event>>> = source.flash.log.clone();
    let kernels = Noting(Mutex::default());
    let future = async {
        let model = Model::open(&mut source).await?;
        let plan = model.plan(&mut source, options, None).await?;
        let mut memory = Memory::new(plan.arena_bytes);
        let mut session = Session::new(source, model, plan, memory.arena(), &kernels, &Inline, &mut |_| {}).await?;
        let mut logits = Logits::new(3 + tokens, session.n_vocab() as usize);
        session.feed(&fixture.ids[..3], Want::All, &mut |p, first, l| logits.take(p, first, l)).await?;
        log.borrow_mut().clear();
        kernels.0.lock().expect("nobody panicked").clear();
        session.feed(&fixture.ids[3..][..tokens], Want::All, &mut |p, first, l| logits.take(p, first, l)).await?;
        logits.complete();
        Ok::<_, flashlet::Error>(plan)
    };
    // A read that is noted between two polls was begun before what is computed after it.
    let mut future = core::pin::pin!(future);
    let poll_all = core::future::poll_fn(|cx| {
        let poll = future.as_mut().poll(cx);
        let mut computed = kernels.0.lock().expect("nobody panicked");
        let mut log = log.borrow_mut();
        log.extend(computed.drain(..).map(|at| Event::Compute { at }));
        poll
    });
    let plan = block_on(poll_all, || ()).expect("the session runs");
    (log.take(), plan)
}

fn streamed(tile_bytes: usize) -> Options {
    Options { ctx: 96, chunk: 16, residency: Residency::Streamed, tile_bytes, ..Options::default() }
}

/// Reads as `(offset, bytes)`, in order.
fn reads(events: &[Event]) -> Vec<(u64, u64)> {
    let read = |event: &Event| match *event {
        Event::Read { offset, bytes, .. } => Some((offset, bytes as u64)),
        _ => None,
    };
    events.iter().filter_map(read).collect()
}

#[test]
fn a_pass_reads_each_byte_once_and_as_many_as_planned() {
    fn check<const ALIGN: usize>(fixture: &Fixture, tile_bytes: usize) {
        let (events, plan) = one_pass::<ALIGN>(fixture, &streamed(tile_bytes), 2, 1);
        let reads = reads(&events);
        let read: u64 = reads.iter().map(|(_, bytes)| bytes).sum();
        let widened = 2 * (ALIGN as u64 - 1) * reads.len() as u64;
        let planned = plan.flash_bytes_per_pass;
        assert!(
            (planned..=planned + widened).contains(&read),
            "{}: {read} bytes in {} reads, planned {planned}, tiles of {}",
            fixture.name,
            reads.len(),
            plan.tile_bytes
        );
        // The first read is the token's embedding, which a tied head contains.
        let mut rest = reads[1..].to_vec();
        rest.sort_unstable();
        for pair in rest.windows(2) {
            let twice = (pair[0].0 + pair[0].1).saturating_sub(pair[1].0);
            let widened = if ALIGN == 1 { 0 } else { ALIGN as u64 };
            assert!(twice <= widened, "{}: {pair:?} overlap", fixture.name);
        }
    }
    for name in NAMES {
        let fixture = Fixture::load(name);
        for tile_bytes in [1, 10_000, 1 << 20] {
            check::<1>(&fixture, tile_bytes);
            check::<64>(&fixture, tile_bytes);
        }
    }
}

#[test]
fn a_chunk_reads_the_weights_once() {
    let fixture = Fixture::load("llama-f16-mqa");
    let bytes = |tokens| reads(&one_pass::<1>(&fixture, &streamed(8192), 2, tokens).0).iter().map(|r| r.1).sum::<u64>();
    let row = 32 * 2;
    assert_eq!(bytes(16), bytes(1) + 15 * row);
}

#[test]
fn the_next_tile_is_on_its_way_before_this_one_is_used() {
    for name in ["llama-f16-mqa", "llama-f32-gqa", "gemma3-f16"] {
        // A flash that is faster than the computation, and one that is slower.
        for (tile_bytes, waits) in [(4096, 0), (4096, 2), (9000, 0), (9000, 5)] {
            let fixture = Fixture::load(name);
            let (events, plan) = one_pass::<4>(&fixture, &streamed(tile_bytes), waits, 4);
            let tiles = plan.tile_bytes;
            let base = events.iter().find_map(|e| if let Event::Read { to, .. } = e { Some(*to) } else { None });
            let base = base.expect("something is read");
            let tile_of = |at: usize| usize::from(at >= base + tiles);
            let (mut used, mut switches) = (None, 0);
            for (i, event) in events.iter().enumerate() {
                let Event::Compute { at } = *event else { continue };
                let tile = tile_of(at);
                if used == Some(tile) {
                    continue;
                }
                (used, switches) = (Some(tile), switches + 1);
                // Every read so far into this tile is done; the last begun is for the other tile.
                let last = events[..i].iter().rev().find_map(|e| match e {
                    Event::Read { to, .. } => Some(tile_of(*to)),
                    _ => None,
                });
                let more = events[i..].iter().any(|e| matches!(e, Event::Read { .. }));
                assert!(!more || last == Some(1 - tile), "{name}: event {i}: nothing is read ahead");
                let running = events[..i].iter().fold(None, |running, e| match e {
                    Event::Read { to, .. } => Some(tile_of(*to)),
                    Event::Done { .. } => None,
                    Event::Compute { .. } => running,
                });
                assert_ne!(running, Some(tile), "{name}: event {i}: a tile is used while it is filled");
            }
            assert!(switches > 4, "{name}: only {switches} tiles");
        }
    }
}
