//! Attention, its cache and rotary positions: all instruction sets against the scalar oracle bit for
//! bit, chunks against single tokens, and the oracle against plain `f64` arithmetic.

use flashlet::internal::kernels::{Attention, Group, HeadRotation, KvBlocks, Norm, WriteKv};
use flashlet::internal::simd::LANES;
use flashlet::kernels::{Executor, Inline, Kernels, KvType, NormKind, RopeStyle};
use flashlet_tests::kernel::{Reversed, Rng, TwoThreads, all_kernels, bits, panel, vector};

/// One layer: its shape, and the queries, keys and values of every position.
struct Layer {
    ty: KvType,
    head_dim: usize,
    n_head_kv: usize,
    /// Query heads to a key head.
    sharing: usize,
    window: Option<usize>,
    scale: f32,
    soft_cap: f32,
    queries: Vec<Vec<f32>>,
    keys: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
}

impl Layer {
    fn n_head(&self) -> usize {
        self.n_head_kv * self.sharing
    }

    /// Feeds all positions in chunks of the given lengths, over and over, through a ring of `blocks`.
    /// Returns every position's output, and the final cache.
    fn run(
        &self,
        kernels: &dyn Kernels,
        executor: &dyn Executor,
        chunks: &[usize],
        blocks: usize,
    ) -> (Vec<Vec<f32>>, [Vec<u8>; 2]) {
        let bytes = self.n_head_kv * blocks * self.ty.block_bytes(self.head_dim);
        // what an earlier conversation left behind must not matter, NaN included
        let mut cache = [vec![0x7F; bytes], vec![0x7F; bytes]];
        let (ty, head_dim, n_head_kv) = (self.ty, self.head_dim, self.n_head_kv);
        let (mut position, mut out) = (0, vec![]);
        for &tokens in chunks.iter().cycle() {
            let tokens = tokens.min(self.queries.len() - position);
            if tokens == 0 {
                break;
            }
            let [q, k, v] =
                [&self.queries, &self.keys, &self.values].map(|all| panel(&all[position..position + tokens]));
            let [keys, values] = &mut cache;
            let cache = KvBlocks { keys: &mut keys[..], values: &mut values[..], ty, blocks, n_head_kv, head_dim };
            kernels.write_kv(&mut WriteKv { cache, keys: &k, values: &v, tokens, position });
            let cache = KvBlocks { keys: &keys[..], values: &values[..], ty, blocks, n_head_kv, head_dim };
            let width = self.n_head() * head_dim;
            let mut y = vec![[0.0; LANES]; width.div_ceil(LANES) * tokens];
            let (n_head, window, scale, soft_cap) = (self.n_head(), self.window, self.scale, self.soft_cap);
            let job = Attention { cache, queries: &q, tokens, n_head, position, window, scale, soft_cap };
            kernels.attention(&job, &mut y, executor);
            out.extend((0..tokens).map(|t| vector(&y, tokens, t, width)));
            for (i, group) in y.iter().enumerate() {
                let padding = (i / tokens * LANES..).zip(group).skip_while(|(e, _)| *e < width);
                assert!(padding.into_iter().all(|(_, y)| y.to_bits() == 0), "padding is not zero");
            }
            position += tokens;
        }
        (out, cache)
    }

    /// The output of one position by the definition, in `f64`.
    fn expected(&self, position: usize) -> Vec<f64> {
        let first = self.window.map_or(0, |w| (position + 1).saturating_sub(w));
        let mut out = vec![];
        for head in 0..self.n_head() {
            let (q, kv) = (head * self.head_dim, head / self.sharing * self.head_dim);
            let scores = Vec::from_iter((first..=position).map(|p| {
                let products = (0..self.head_dim)
                    .map(|i| f64::from(self.queries[position][q + i]) * f64::from(self.keys[p][kv + i]));
                let score = products.sum::<f64>() * f64::from(self.scale);
                let cap = f64::from(self.soft_cap);
                if cap == 0.0 { score } else { cap * (score / cap).tanh() }
            }));
            let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = scores.iter().map(|s| (s - top).exp()).sum();
            out.extend((0..self.head_dim).map(|i| {
                let weighted =
                    scores.iter().zip(first..).map(|(s, p)| (s - top).exp() * f64::from(self.values[p][kv + i]));
                weighted.sum::<f64>() / total
            }));
        }
        out
    }
}

/// Vectors that a format of `bits` bits holds exactly: in each 32 elements its greatest multiple of `step`, which is a power
/// of two, and others.
fn exact(rng: &mut Rng, n: usize, bits: u32, step: f32) -> Vec<f32> {
    let most = (1 << (bits - 1)) - 1;
    let greatest = if bits == 4 { -8 } else { most };
    let mut other = || rng.below(2 * most as usize + 1) as i32 - most;
    (0..n).map(|i| if i % 32 == 5 { greatest } else { other() } as f32 * step).collect()
}

/// The Walsh-Hadamard transform of each 32 elements, by its definition. Twice it is 32 times the elements.
fn turn(x: &mut [f32], scale: f32) {
    for x in x.chunks_exact_mut(32) {
        let sign = |i: usize, j: usize| if (i & j).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
        let turned = Vec::from_iter((0..32).map(|i| (0..32).map(|j| sign(i, j) * x[j]).sum::<f32>() * scale));
        x.copy_from_slice(&turned);
    }
}

fn layer(rng: &mut Rng, ty: KvType, head_dim: usize, sharing: usize, window: Option<usize>, positions: usize) -> Layer {
    let n_head_kv = 2;
    let mut tokens = |heads: usize, bits, step: f32| {
        Vec::from_iter((0..positions).map(|_| exact(rng, heads * head_dim, bits, step)))
    };
    let bits = if ty == KvType::Q4_0 { 4 } else { 8 };
    let top = (1 << (8 - bits)) as f32;
    let mut queries = tokens(n_head_kv * sharing, 8, 1.0 / 64.0);
    let (mut keys, values) = (tokens(n_head_kv, bits, top / 64.0), tokens(n_head_kv, bits, top / 128.0));
    if ty == KvType::Q4_0 {
        // such that they come out of the cache's transform as the multiples that they are now
        queries.iter_mut().for_each(|q| turn(q, 1.0 / 4.0));
        keys.iter_mut().for_each(|k| turn(k, 1.0 / 8.0));
    }
    Layer { ty, head_dim, n_head_kv, sharing, window, scale: 0.25, soft_cap: 0.0, queries, keys, values }
}

/// Shapes under test: heads of 8 to 512 elements, windows within a block and over several, scores with a soft cap.
fn layers(positions: usize, mut check: impl FnMut(&str, Layer)) {
    let mut rng = Rng(1);
    for &ty in KvType::ALL {
        let dims =
            if ty.head_multiple() == 1 { &[8, 16, 64, 80, 96, 256, 400, 512][..] } else { &[32, 64, 96, 256, 512] };
        for (&head_dim, sharing) in dims.iter().zip([1, 3, 4, 1, 3, 2, 1, 3]) {
            for window in [None, Some(1), Some(9), Some(16), Some(17), Some(40)] {
                let what = format!("{ty:?}, heads of {head_dim}, window {window:?}");
                let layer = layer(&mut rng, ty, head_dim, sharing, window, positions);
                check(&what, Layer { soft_cap: if window == Some(17) { 3.0 } else { 0.0 }, ..layer });
            }
        }
    }
}

#[test]
fn attention_agrees_with_f64() {
    layers(51, |what, layer| {
        let (out, _) = layer.run(all_kernels()[0], &Inline, &[1], 4);
        for (position, out) in out.iter().enumerate() {
            for (e, (&got, want)) in out.iter().zip(layer.expected(position)).enumerate() {
                let error = (f64::from(got) - want).abs();
                // weights of half precision values have 13 bits, those of others 16
                let bound = if layer.ty == KvType::F16 { 6e-5 } else { 1e-5 };
                assert!(error < bound, "{what}: position {position}, element {e}: {got}, not {want}");
            }
        }
    });
}

#[test]
fn attention_has_the_same_bits_everywhere() {
    const CHUNKS: [usize; 7] = [1, 5, 2, 3, 5, 4, 1];
    let mut rng = Rng(2);
    layers(75, |what, mut layer| {
        // values that the cache has to round, and scores that the softmax has to shrink
        for v in layer.queries.iter_mut().chain(&mut layer.keys).chain(&mut layer.values).flatten() {
            *v *= 1.0 + rng.float();
        }
        let all = 75usize.div_ceil(LANES);
        let oracle = layer.run(all_kernels()[0], &Inline, &[1], all);
        // a ring just holds what a window and the longest chunk need
        let ring = layer.window.map_or(all, |w| (w + 5 + LANES).div_ceil(LANES));
        for kernels in all_kernels() {
            for executor in [&Inline as &dyn Executor, &Reversed, &TwoThreads] {
                let (out, cache) = layer.run(kernels, executor, &CHUNKS, all);
                assert!(cache == oracle.1, "{what} {:?}: the cache differs", kernels.isa());
                let (out_ring, _) = layer.run(kernels, executor, &CHUNKS, ring);
                for (position, want) in oracle.0.iter().enumerate() {
                    assert!(want.iter().all(|v| v.is_finite()), "{what}: position {position}");
                    assert_eq!(bits(&out[position]), bits(want), "{what} {:?}: position {position}", kernels.isa());
                    assert_eq!(bits(&out_ring[position]), bits(want), "{what} {:?}: ring, {position}", kernels.isa());
                }
            }
        }
    });
}

#[test]
fn extreme_keys_and_queries_have_the_same_bits_everywhere() {
    let mut rng = Rng(3);
    for &ty in KvType::ALL {
        for scale in [0.0, 1e-38, 1e-7, 100.0, 60000.0] {
            let mut layer = layer(&mut rng, ty, 64, 3, None, 40);
            for v in layer.queries.iter_mut().chain(&mut layer.keys).chain(&mut layer.values).flatten() {
                *v = rng.float() * scale;
            }
            let (want, cache) = layer.run(all_kernels()[0], &Inline, &[1], 3);
            for kernels in all_kernels() {
                let got = layer.run(kernels, &TwoThreads, &[3, 4], 3);
                assert!(got.1 == cache, "{ty:?} {scale} {:?}", kernels.isa());
                for (got, want) in got.0.iter().zip(&want) {
                    assert_eq!(bits(got), bits(want), "{ty:?} {scale} {:?}", kernels.isa());
                }
            }
        }
    }
}

/// ggml's blocks, of values and of turned keys, made by the Python package `gguf` (see `fixtures/make_quant.py`).
#[test]
fn a_q4_0_cache_holds_the_blocks_of_ggml() {
    let read = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quant").join(name);
        std::fs::read(path).expect("the fixture is there")
    };
    let (x, golden, turned) = (read("act.f32"), read("act.q4_0"), read("act.q4_0_turned"));
    let x: Vec<_> = x.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    let golden: Vec<_> = golden.chunks_exact(18).zip(turned.chunks_exact(18)).collect();
    assert_eq!(x.len(), golden.len() * 32);
    let (ty, n_head_kv, tokens) = (KvType::Q4_0, golden.len() / 8, 2);
    let head_dim = 128;
    let x: Vec<_> = x.chunks_exact(n_head_kv * head_dim).map(<[f32]>::to_vec).collect();
    let x = panel(&x);
    for kernels in all_kernels() {
        let bytes = ty.block_bytes(head_dim);
        let (mut keys, mut values) = (vec![0; n_head_kv * bytes], vec![0; n_head_kv * bytes]);
        let cache = KvBlocks { keys: &mut keys[..], values: &mut values[..], ty, blocks: 1, n_head_kv, head_dim };
        kernels.write_kv(&mut WriteKv { cache, keys: &x, values: &x, tokens, position: 0 });
        for (i, (golden, turned)) in golden.iter().enumerate() {
            let (token, head, block) = (i / (4 * n_head_kv), i / 4 % n_head_kv, i % 4);
            let at = |i: usize| head * bytes + i;
            let scale = at(16 * 64 + 2 * (block * 16 + token));
            assert_eq!(keys[scale..][..2], turned[..2], "{:?}: block {i}", kernels.isa());
            assert_eq!(values[scale..][..2], golden[..2], "{:?}: block {i}", kernels.isa());
            assert_eq!(values[at(token * 64 + block * 16)..][..16], golden[2..], "{:?}: block {i}", kernels.isa());
            for (word, quants) in turned[2..].chunks_exact(4).enumerate() {
                let word = at(((block * 4 + word) * 16 + token) * 4);
                assert_eq!(&keys[word..][..4], quants, "{:?}: block {i}", kernels.isa());
            }
        }
    }
}

/// Cosines and sines of `[tokens][pairs]`, positions from 1000 on.
fn angles(tokens: usize, pairs: usize) -> Vec<[f32; 2]> {
    let angle = |t: usize, i: usize| (1000 + t) as f64 * 10_000f64.powf(-(i as f64) / pairs as f64);
    let pairs = (0..tokens).flat_map(|t| (0..pairs).map(move |i| angle(t, i)));
    pairs.map(|a| [a.cos() as f32, a.sin() as f32]).collect()
}

/// Runs `check` on the panel's vectors before and after a rotation.
fn rotations(mut check: impl FnMut(&str, usize, &[Vec<f32>], &HeadRotation<'_>, &dyn Fn(&dyn Kernels) -> Vec<Group>)) {
    let mut rng = Rng(4);
    for style in [RopeStyle::Interleaved, RopeStyle::Halves] {
        for (head_dim, heads) in [(8, 3), (16, 1), (64, 3), (80, 2), (256, 4), (512, 2)] {
            for pairs in [head_dim / 2, head_dim / 4] {
                for tokens in [1, 2, 5] {
                    let weight = panel(&[rng.vector(head_dim, 2.0)]);
                    let norm = Norm { kind: NormKind::Rms, weight: &weight, bias: &[], width: head_dim, eps: 1e-3 };
                    let angles = angles(tokens, pairs);
                    let x = Vec::from_iter((0..tokens).map(|_| rng.vector(heads * head_dim, 2.0)));
                    let rows: Vec<_> = (0..heads).flat_map(|_| panel(&[rng.vector(head_dim, 2.0)])).collect();
                    let layer = Norm { kind: NormKind::Layer, bias: &weight, weight: &[], ..norm };
                    let of_heads = Norm { kind: NormKind::Layer, weight: &rows, ..norm };
                    for (norm, norm_rows, angles) in [
                        (None, false, &angles[..]),
                        (Some(norm), false, &angles),
                        (Some(layer), false, &angles),
                        (Some(of_heads), true, &angles),
                        (Some(of_heads), true, &[]),
                    ] {
                        let rotation = HeadRotation { heads, head_dim, norm, norm_rows, style, angles, pairs };
                        let run = |kernels: &dyn Kernels| {
                            let mut x = panel(&x);
                            kernels.rotate(&mut x, tokens, &rotation);
                            x
                        };
                        let kind = norm.map(|norm| norm.kind);
                        let turned = !angles.is_empty();
                        let what = format!("{style:?} {heads} heads of {head_dim}, norm {kind:?}, rotated {turned}");
                        check(&what, tokens, &x, &rotation, &run);
                    }
                }
            }
        }
    }
}

/// A head's norm by its definition.
fn normalise(x: &mut [f64], norm: &Norm<'_>, head: usize, norm_rows: bool) {
    let dim = x.len();
    let mean = if norm.kind == NormKind::Layer { x.iter().sum::<f64>() / dim as f64 } else { 0.0 };
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / dim as f64;
    let factor = 1.0 / (variance + f64::from(norm.eps)).sqrt();
    let row = |all: &[Group]| {
        let start = if norm_rows { head * dim.div_ceil(LANES) } else { 0 };
        (!all.is_empty()).then(|| vector(&all[start..], 1, 0, dim))
    };
    let (weight, bias) = (row(norm.weight), row(norm.bias));
    for (i, x) in x.iter_mut().enumerate() {
        let weight = weight.as_ref().map_or(1.0, |w| f64::from(w[i]));
        *x = (*x - mean) * factor * weight + bias.as_ref().map_or(0.0, |b| f64::from(b[i]));
    }
}

#[test]
fn rotation_has_the_same_bits_everywhere() {
    rotations(|what, tokens, x, rotation, run| {
        let oracle = run(all_kernels()[0]);
        for kernels in all_kernels() {
            let got = run(kernels);
            assert_eq!(bits(got.as_flattened()), bits(oracle.as_flattened()), "{what} {:?}", kernels.isa());
        }
        // a chunk is its tokens one by one
        for (t, x) in x.iter().enumerate() {
            let mut one = panel(core::slice::from_ref(x));
            let angles = rotation.angles.chunks_exact(rotation.pairs).nth(t).unwrap_or_default();
            all_kernels()[0].rotate(&mut one, 1, &HeadRotation { angles, ..*rotation });
            let (one, all) = (vector(&one, 1, 0, x.len()), vector(&oracle, tokens, t, x.len()));
            assert_eq!(bits(&one), bits(&all), "{what} token {t}");
        }
    });
}

#[test]
fn rotation_agrees_with_f64() {
    rotations(|what, tokens, x, rotation, run| {
        let got = run(all_kernels()[0]);
        let (dim, pairs) = (rotation.head_dim, rotation.pairs);
        for (t, x) in x.iter().enumerate() {
            let got = vector(&got, tokens, t, x.len());
            for (head, (got, x)) in got.chunks_exact(dim).zip(x.chunks_exact(dim)).enumerate() {
                let mut want: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
                if let Some(norm) = &rotation.norm {
                    normalise(&mut want, norm, head, rotation.norm_rows);
                }
                let turned = if rotation.angles.is_empty() { 0 } else { pairs };
                for i in 0..turned {
                    let (a, b) = match rotation.style {
                        RopeStyle::Interleaved => (2 * i, 2 * i + 1),
                        _ => (i, i + pairs),
                    };
                    let angle = (1000 + t) as f64 * 10_000f64.powf(-(i as f64) / pairs as f64);
                    let (sin, cos) = angle.sin_cos();
                    (want[a], want[b]) = (want[a] * cos - want[b] * sin, want[a] * sin + want[b] * cos);
                }
                for (e, (&got, want)) in got.iter().zip(want).enumerate() {
                    assert!((f64::from(got) - want).abs() < 3e-6, "{what}: element {e}: {got}, not {want}");
                }
            }
        }
    });
}
