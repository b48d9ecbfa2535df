//! Attention, its cache and rotary positions: all instruction sets against the scalar oracle bit for
//! bit, chunks against single tokens, and the oracle against plain `f64` arithmetic.

use flashlet::kernels::{
    Attention, Executor, Group, HeadRotation, Inline, Kernels, KvBlocks, KvType, Norm, RopeStyle, WriteKv,
};
use flashlet::simd::LANES;
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
            let (n_head, window, scale) = (self.n_head(), self.window, self.scale);
            let job = Attention { cache, queries: &q, tokens, n_head, position, window, scale };
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
                products.sum::<f64>() * f64::from(self.scale)
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

/// Vectors that both cache formats hold exactly: in each 32 elements a `top * 127`, and other multiples of
/// `top`, which is a power of two.
fn exact(rng: &mut Rng, n: usize, top: f32) -> Vec<f32> {
    (0..n).map(|i| if i % 32 == 5 { 127.0 * top } else { (rng.below(255) as f32 - 127.0) * top }).collect()
}

fn layer(rng: &mut Rng, ty: KvType, head_dim: usize, sharing: usize, window: Option<usize>, positions: usize) -> Layer {
    let n_head_kv = 2;
    let mut tokens = |heads: usize, top: f32| Vec::from_iter((0..positions).map(|_| exact(rng, heads * head_dim, top)));
    let (queries, keys, values) =
        (tokens(n_head_kv * sharing, 1.0 / 64.0), tokens(n_head_kv, 1.0 / 64.0), tokens(n_head_kv, 1.0 / 128.0));
    Layer { ty, head_dim, n_head_kv, sharing, window, scale: 0.25, queries, keys, values }
}

/// Shapes under test: heads of 8 to 256 elements, windows within a block and over several.
fn layers(positions: usize, mut check: impl FnMut(&str, Layer)) {
    let mut rng = Rng(1);
    for (ty, dims) in [(KvType::F16, &[8, 16, 64, 80, 96, 256][..]), (KvType::Q8_0, &[32, 64, 96, 256][..])] {
        for (&head_dim, sharing) in dims.iter().zip([1, 3, 4, 1, 3, 2]) {
            for window in [None, Some(1), Some(9), Some(16), Some(17), Some(40)] {
                let what = format!("{ty:?}, heads of {head_dim}, window {window:?}");
                check(&what, layer(&mut rng, ty, head_dim, sharing, window, positions));
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
                assert!(error < 4e-6, "{what}: position {position}, element {e}: {got}, not {want}");
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
    for ty in [KvType::F16, KvType::Q8_0] {
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
        for (head_dim, heads) in [(8, 3), (16, 1), (64, 3), (80, 2), (256, 4)] {
            for pairs in [head_dim / 2, head_dim / 4] {
                for tokens in [1, 2, 5] {
                    let weight = panel(&[rng.vector(head_dim, 2.0)]);
                    let norm = Norm { weight: &weight, width: head_dim, eps: 1e-3 };
                    let angles = angles(tokens, pairs);
                    let x = Vec::from_iter((0..tokens).map(|_| rng.vector(heads * head_dim, 2.0)));
                    for norm in [None, Some(norm)] {
                        let rotation = HeadRotation { heads, head_dim, norm, style, angles: &angles, pairs };
                        let run = |kernels: &dyn Kernels| {
                            let mut x = panel(&x);
                            kernels.rotate(&mut x, tokens, &rotation);
                            x
                        };
                        let what = format!("{style:?} {heads} heads of {head_dim}, norm {}", norm.is_some());
                        check(&what, tokens, &x, &rotation, &run);
                    }
                }
            }
        }
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
            let angles = &rotation.angles[t * rotation.pairs..][..rotation.pairs];
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
            for (got, x) in got.chunks_exact(dim).zip(x.chunks_exact(dim)) {
                let mut want: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
                if let Some(norm) = rotation.norm {
                    let mean = want.iter().map(|x| x * x).sum::<f64>() / dim as f64;
                    let factor = 1.0 / (mean + 1e-3).sqrt();
                    let weight = vector(norm.weight, 1, 0, dim);
                    want.iter_mut().zip(weight).for_each(|(x, w)| *x *= factor * f64::from(w));
                }
                for i in 0..pairs {
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
