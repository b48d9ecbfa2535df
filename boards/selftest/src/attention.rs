//! The cache and attention over it.

use crate::check::Test;
use alloc::{vec, vec::Vec};
use core::fmt;
use flashlet::internal::kernels::{Attention, Group, KvBlocks, WriteKv};
use flashlet::internal::simd::LANES;
use flashlet::kernels::{Inline, Kernels, KvType};
use flashlet_test_data::Rng;

const POSITIONS: usize = 37;
const N_HEAD_KV: usize = 2;

/// One layer's shape, and a panel of queries, keys and values for each chunk of tokens.
struct Layer {
    ty: KvType,
    head_dim: usize,
    /// Query heads to a key head.
    sharing: usize,
    window: Option<usize>,
    chunks: Vec<(usize, [Vec<Group>; 3])>,
}

impl Layer {
    fn new(rng: &mut Rng, ty: KvType, head_dim: usize, sharing: usize, window: Option<usize>, scale: f32) -> Layer {
        let (mut chunks, mut left) = (vec![], POSITIONS);
        for tokens in [1, 5, 2, 3].into_iter().cycle() {
            if left == 0 {
                break;
            }
            let tokens = left.min(tokens);
            left -= tokens;
            let width = N_HEAD_KV * head_dim;
            chunks.push((tokens, [width * sharing, width, width].map(|width| rng.panel(width, tokens, scale))));
        }
        Layer { ty, head_dim, sharing, window, chunks }
    }

    /// A layer whose first block of values all but fades away: its sums become denormal when the next block's scores are 84
    /// higher, and nothing is added to them.
    fn fading(ty: KvType) -> Layer {
        let head_dim = 64;
        let panel = |value: f32| vec![[value; LANES]; N_HEAD_KV * head_dim / LANES];
        let chunks = (0..POSITIONS).map(|position| match position / LANES {
            0 => (1, [panel(1.0), panel(0.0), panel(1.0e-4)]),
            _ => (1, [panel(1.0), panel(84.0 / 16.0), panel(0.0)]),
        });
        Layer { ty, head_dim, sharing: 1, window: None, chunks: chunks.collect() }
    }

    /// All chunks' outputs, then the cache, two bytes to an element.
    fn run(&self, kernels: &dyn Kernels) -> Vec<Group> {
        let (ty, head_dim, n_head_kv, blocks) = (self.ty, self.head_dim, N_HEAD_KV, POSITIONS.div_ceil(LANES));
        let bytes = n_head_kv * blocks * ty.block_bytes(head_dim);
        let (mut keys, mut values) = (vec![0x7F; bytes], vec![0x7F; bytes]);
        let groups: usize = self.chunks.iter().map(|(_, [q, ..])| q.len()).sum();
        let (mut out, mut position) = (Vec::with_capacity(groups + bytes / LANES), 0);
        for (tokens, [q, k, v]) in &self.chunks {
            let tokens = *tokens;
            let cache = KvBlocks { keys: &mut keys[..], values: &mut values[..], ty, blocks, n_head_kv, head_dim };
            kernels.write_kv(&mut WriteKv { cache, keys: k, values: v, tokens, position });
            let cache = KvBlocks { keys: &keys[..], values: &values[..], ty, blocks, n_head_kv, head_dim };
            let mut y = vec![[0.0; LANES]; q.len()];
            let (n_head, window) = (n_head_kv * self.sharing, self.window);
            let job = Attention { cache, queries: q, tokens, n_head, position, window, scale: 0.25, soft_cap: 0.0 };
            kernels.attention(&job, &mut y, &Inline);
            out.append(&mut y);
            position += tokens;
        }
        for bytes in [&keys, &values].into_iter().flat_map(|bytes| bytes.as_chunks::<2>().0.as_chunks::<LANES>().0) {
            out.push(bytes.map(|pair| f32::from(u16::from_le_bytes(pair))));
        }
        out
    }
}

pub(crate) fn run(test: &mut Test<'_>) -> fmt::Result {
    let mut rng = Rng(3);
    for &ty in KvType::ALL {
        let dims = if ty.head_multiple() == 1 { &[8, 16, 64, 80, 256] } else { &[32, 64, 96, 256][..] };
        for (&head_dim, sharing) in dims.iter().zip([1, 3, 2, 1, 2]) {
            for window in [None, Some(1), Some(9), Some(17)] {
                for scale in [2.0, 1.0e-7, 300.0, 1.0e6] {
                    let layer = Layer::new(&mut rng, ty, head_dim, sharing, window, scale);
                    let what = format_args!("attention {ty:?}, heads of {head_dim}, window {window:?}, scale {scale}");
                    test.same_bits(what, |kernels| layer.run(kernels))?;
                }
            }
        }
        let layer = Layer::fading(ty);
        test.same_bits(format_args!("attention {ty:?}, denormal sums"), |kernels| layer.run(kernels))?;
    }
    test.done("attention")
}
