//! A whole model: prefill of 128 tokens, and decode of 16 after a short and a long prompt.
//!
//! Takes the built-in model, or the file that `FLASHLET_MODEL` names. Weights are pinned, on the
//! fastest instruction set, with one thread and with two.

use core::time::Duration;
use std::path::PathBuf;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::kernels::{self, Executor, Inline};
use flashlet::model::Want;
use flashlet::weights::Residency;
use flashlet::{Error, Model, Options, Session};
use flashlet_sim::memory::HostArena;
use flashlet_sim::pool::Pool;

const PROMPT: usize = 128;
const NEW: usize = 16;

type Loaded<'a> = Session<'a, 'a, SliceFlash<'a>>;

fn wait<T>(future: impl Future<Output = Result<T, Error>>) -> T {
    block_on(future, core::hint::spin_loop).expect("the model loads and computes")
}

/// Runs `n` tokens, a pass each or all in passes of the plan's chunk.
fn feed(session: &mut Loaded<'_>, n: usize, one_by_one: bool) {
    let n_vocab = session.n_vocab() as usize;
    let start = session.position() as usize;
    let ids: Vec<u32> = (start..start + n).map(|i| ((7 * i + 11) % n_vocab.min(1000)) as u32).collect();
    for ids in ids.chunks(if one_by_one { 1 } else { n }) {
        wait(session.feed(ids, Want::Last, &mut |_, _, logits| {
            core::hint::black_box(logits);
        }));
    }
}

fn model(c: &mut Criterion) {
    let built_in = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../host-sim/demo/flashlet-demo-q4_k.gguf");
    let path = std::env::var_os("FLASHLET_MODEL").map_or(built_in, PathBuf::from);
    let file = std::fs::read(&path).expect("the model's file");
    let pool = Pool::new(2).expect("a second thread");
    let mut group = c.benchmark_group("model");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(2));
    for (threads, executor) in [("1 thread", &Inline as &dyn Executor), ("2 threads", &pool)] {
        let mut source = Source::with_mapping(SliceFlash(&file), &file);
        let model = wait(Model::open(&mut source));
        let options = Options { residency: Residency::Pinned, ..Options::default() };
        let plan = wait(model.plan(&mut source, &options, None));
        let long = (plan.ctx as usize).saturating_sub(NEW).min(1000);
        let mut arena = HostArena::new(plan.arena_bytes).expect("memory for the arena");
        let kernels = kernels::detect();
        let mut session = wait(Session::new(source, model, plan, arena.bytes(), kernels, executor, &mut |_| {}));
        group.throughput(Throughput::Elements(PROMPT.min(long) as u64));
        group.bench_function(format!("prefill/{threads}"), |b| {
            b.iter(|| {
                session.reset();
                feed(&mut session, PROMPT.min(long), false);
            });
        });
        for before in [16, long] {
            group.throughput(Throughput::Elements(NEW as u64));
            group.bench_function(format!("decode after {before}/{threads}"), |b| {
                // Always at the same positions; getting there does not count.
                b.iter_custom(|n| {
                    (0..n).fold(Duration::ZERO, |sum, _| {
                        session.reset();
                        feed(&mut session, before, false);
                        let start = Instant::now();
                        feed(&mut session, NEW, true);
                        sum + start.elapsed()
                    })
                });
            });
        }
    }
}

criterion_group!(benches, model);
criterion_main!(benches);
