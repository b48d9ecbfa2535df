//! Kernels at the shapes of real models, on every instruction set that this machine has.
//!
//! A name has the form `gemv/Q4_1/2048x5632/avx2`: choose with a filter, as in
//! `cargo bench -p flashlet-benches --bench kernels -- gemv/Q4_1`. The scalar oracle runs at the
//! smallest shape only.

use core::cell::OnceCell;
use core::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use flashlet::internal::kernels::Norm;
use flashlet::internal::quant::{ActKind, WeightType};
use flashlet::kernels::{Act, Inline, Kernels, KvType, NormKind, by_name};
use flashlet::simd::IsaName;
use flashlet_benches::{Activations, Heads, RandomWeight, output, panel};

/// Rows and columns: of a 1.1-billion-parameter Llama and of SmolLM2 135M.
const SHAPES: [(usize, usize); 9] = [
    (6144, 2048),  // queries, keys and values
    (2048, 2048),  // attention's output
    (11264, 2048), // gate and up
    (2048, 5632),  // down
    (32000, 2048), // head
    (576, 576),
    (1536, 576),
    (576, 1536),
    (49152, 576),
];
/// Formats that the fused kernels run on.
const FUSED: [WeightType; 4] = [WeightType::Q4_1, WeightType::Q8_0, WeightType::Q4K, WeightType::Q6K];

fn instruction_sets() -> impl Iterator<Item = (&'static str, &'static dyn Kernels)> {
    IsaName::ALL.into_iter().filter_map(|name| Some((name.name(), by_name(name)?)))
}

fn group<'c>(c: &'c mut Criterion, name: &str) -> BenchmarkGroup<'c, WallTime> {
    let mut group = c.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
    group
}

/// `w . x` with `x` already quantised.
fn linear(c: &mut Criterion) {
    for (name, tokens) in [("gemv", 1), ("gemm8", 8), ("gemm32", 32)] {
        let mut group = group(c, name);
        for &ty in WeightType::ALL {
            for (rows, cols) in SHAPES {
                if !cols.is_multiple_of(ty.block_elems()) {
                    continue;
                }
                // Made by the first benchmark that the filter lets run.
                let matrix = OnceCell::new();
                for (isa, kernels) in instruction_sets() {
                    if kernels.isa() == IsaName::Scalar && rows * cols > 576 * 576 {
                        continue;
                    }
                    let macs = rows * cols * tokens;
                    group.throughput(match tokens {
                        1 => Throughput::Bytes((rows * cols / ty.block_elems() * ty.block_bytes()) as u64),
                        _ => Throughput::Elements(macs as u64),
                    });
                    group.bench_function(format!("{}/{rows}x{cols}/{isa}", ty.name()), |b| {
                        let matrix = matrix.get_or_init(|| RandomWeight::new(ty, rows, cols).expect("whole blocks"));
                        let mut y = output(rows, tokens);
                        Activations::with(kernels, cols, tokens, ty.act_kind(), |x| {
                            b.iter(|| kernels.linear(matrix.weight(), &x, &mut y, &Inline));
                        });
                    });
                }
            }
        }
    }
}

/// A norm, quantisation and the products of queries, keys and values; and a gated pair of products.
fn fused(c: &mut Criterion) {
    for tokens in [1, 32] {
        let mut group = group(c, &format!("fused{tokens}"));
        for ty in FUSED {
            for (qkv_rows, ffn_rows, cols) in [(960, 1536, 576usize), (6144, 5632, 2048)] {
                if !cols.is_multiple_of(ty.block_elems()) {
                    continue;
                }
                let (isa, kernels) = instruction_sets().last().expect("the oracle");
                let weight = panel(3, cols, 1);
                let norm = Norm { kind: NormKind::Rms, weight: &weight, bias: &[], width: cols, eps: 1e-5 };
                let x = panel(4, cols, tokens);
                group.throughput(Throughput::Elements((qkv_rows * cols * tokens) as u64));
                group.bench_function(format!("norm+linear/{}/{qkv_rows}x{cols}/{isa}", ty.name()), |b| {
                    let matrix = RandomWeight::new(ty, qkv_rows, cols).expect("whole blocks");
                    let (mut memory, mut y) = (Activations::new(cols, tokens), output(qkv_rows, tokens));
                    let mut buffer = memory.buffer();
                    b.iter(|| {
                        buffer.fill(kernels, &x, tokens, Some(norm), ty.act_kind());
                        kernels.linear(matrix.weight(), &buffer.input(kernels, ty.act_kind()), &mut y, &Inline);
                    });
                });
                group.throughput(Throughput::Elements((2 * ffn_rows * cols * tokens) as u64));
                group.bench_function(format!("gated/{}/2x{ffn_rows}x{cols}/{isa}", ty.name()), |b| {
                    let w = [0, 1].map(|_| RandomWeight::new(ty, ffn_rows, cols).expect("whole blocks"));
                    let mut y = output(ffn_rows, tokens);
                    Activations::with(kernels, cols, tokens, ty.act_kind(), |x| {
                        let [gate, up] = &w;
                        b.iter(|| kernels.gated([gate.weight(), up.weight()], Act::Silu, &x, &mut y, &Inline));
                    });
                });
            }
        }
    }
}

/// The norm and quantisation alone.
fn prepare(c: &mut Criterion) {
    let mut group = group(c, "prepare");
    for (isa, kernels) in instruction_sets() {
        for (name, kind) in [("q8x32", ActKind::Q8x32), ("q8x256", ActKind::Q8x256)] {
            let (weight, x) = (panel(3, 2048, 1), panel(4, 2048, 1));
            let norm = Norm { kind: NormKind::Rms, weight: &weight, bias: &[], width: 2048, eps: 1e-5 };
            group.throughput(Throughput::Elements(2048));
            group.bench_function(format!("{name}/2048/{isa}"), |b| {
                let mut memory = Activations::new(2048, 1);
                let mut buffer = memory.buffer();
                b.iter(|| buffer.fill(kernels, &x, 1, Some(norm), kind));
            });
        }
    }
}

/// One token's attention over caches of some length: SmolLM2's nine heads over three.
fn attention(c: &mut Criterion) {
    let mut group = group(c, "attention");
    for (isa, kernels) in instruction_sets() {
        for (name, ty) in KvType::ALL.iter().map(|ty| (ty.name(), *ty)) {
            for positions in [128, 512, 2048] {
                let heads = Heads { n_head: 9, n_head_kv: 3, head_dim: 64, positions };
                let width = heads.n_head * heads.head_dim;
                group.throughput(Throughput::Elements((2 * width * positions) as u64));
                group.bench_function(format!("{name}/{positions}/{isa}"), |b| {
                    let mut layer = vec![0; heads.bytes(ty)];
                    heads.fill(kernels, ty, &mut layer);
                    let (queries, mut y) = (heads.queries(), output(width, 1));
                    b.iter(|| heads.attend(kernels, ty, &layer, &queries, &mut y));
                });
            }
        }
    }
}

criterion_group!(benches, linear, fused, prepare, attention);
criterion_main!(benches);
