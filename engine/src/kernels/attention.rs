//! Attention over a cache of keys and values, and the cache's layout.
//!
//! Positions are cached in blocks of sixteen, and a layer's cache is a ring of blocks: position `p`
//! lies in block `p / 16 % blocks`. Keys are stored with the sixteen positions of a block as the
//! innermost index, so that one vector operation serves sixteen keys and no score needs a horizontal
//! sum; values are stored position by position. The softmax visits block after block by absolute
//! position, whatever the chunk, the ring or the number of threads.

use super::elementwise::read_head;
use super::{Executor, Group};
use crate::quant::Act32;
use crate::simd::{Isa, LANES, Op, Quad, math};
use half::f16;

/// The most elements a head may have: a query and its output live on the stack.
pub const MAX_HEAD_DIM: usize = 256;

const MAX_HEAD_GROUPS: usize = MAX_HEAD_DIM / LANES;

/// The number format of cached keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum KvType {
    /// Half precision.
    F16,
    /// 8-bit blocks of 32 with an `f16` scale; heads must be a multiple of 32 wide.
    Q8_0,
}

impl KvType {
    /// Bytes that sixteen positions of one head's keys, or of its values, take.
    #[must_use]
    pub const fn block_bytes(self, head_dim: usize) -> usize {
        match self {
            KvType::F16 => head_dim.next_multiple_of(LANES) * LANES * 2,
            KvType::Q8_0 => (head_dim + head_dim / 16) * LANES,
        }
    }
}

/// One layer's part of the cache: `[n_head_kv][blocks]` for keys, and the same for values.
#[derive(Clone, Copy, Debug)]
pub struct KvBlocks<T> {
    /// Keys. F16: `[head_dim][16]` halves a block. Q8_0: `[head_dim / 4][16][4]` quants, then
    /// `[head_dim / 32][16]` half scales.
    pub keys: T,
    /// Values. F16: `[16][head_dim]` halves a block. Q8_0: `[16][head_dim]` quants, then
    /// `[16][head_dim / 32]` half scales.
    pub values: T,
    /// Number format.
    pub ty: KvType,
    /// Blocks in the ring.
    pub blocks: usize,
    /// Heads.
    pub n_head_kv: usize,
    /// Elements of a head, at most [`MAX_HEAD_DIM`].
    pub head_dim: usize,
}

impl<T> KvBlocks<T> {
    /// Where the block of `position` starts in `keys` and `values`.
    #[inline(always)]
    fn offset(&self, head: usize, position: usize) -> (usize, usize) {
        let bytes = self.ty.block_bytes(self.head_dim);
        ((head * self.blocks + position / LANES % self.blocks.max(1)) * bytes, bytes)
    }
}

/// Appends a chunk's keys and values: see [`Kernels::write_kv`](super::Kernels::write_kv).
pub struct WriteKv<'a> {
    /// The layer's cache.
    pub cache: KvBlocks<&'a mut [u8]>,
    /// Panel of keys, `[n_head_kv * head_dim]`.
    pub keys: &'a [Group],
    /// Panel of values, likewise.
    pub values: &'a [Group],
    /// Tokens in the panels.
    pub tokens: usize,
    /// Position of the first token.
    pub position: usize,
}

impl Op for &mut WriteKv<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let dim = self.cache.head_dim.min(MAX_HEAD_DIM);
        let mut row = [[0.0; LANES]; MAX_HEAD_GROUPS];
        for t in 0..self.tokens {
            let position = self.position + t;
            for head in 0..self.cache.n_head_kv {
                let (start, bytes) = self.cache.offset(head, position);
                for (panel, out, is_key) in
                    [(self.keys, &mut *self.cache.keys, true), (self.values, &mut *self.cache.values, false)]
                {
                    read_head(panel, self.tokens, t, head * dim, dim, row.as_flattened_mut());
                    let Some(block) = out.get_mut(start..).and_then(|b| b.get_mut(..bytes)) else { return };
                    let row = row.get(..dim.div_ceil(LANES)).unwrap_or_default();
                    match self.cache.ty {
                        KvType::F16 => write_f16(isa, row, block, position % LANES, is_key),
                        KvType::Q8_0 => write_q8(isa, row, block, position % LANES, is_key),
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn write_f16<I: Isa>(isa: I, row: &[Group], block: &mut [u8], slot: usize, is_key: bool) {
    let halves = block.as_chunks_mut::<2>().0;
    let (start, step) = if is_key { (slot, LANES) } else { (slot * row.len() * LANES, 1) };
    let mut out = halves.iter_mut().skip(start).step_by(step);
    for group in row {
        for (half, out) in isa.x_to_f16(isa.x_load(group)).into_iter().zip(&mut out) {
            *out = half;
        }
    }
}

#[inline(always)]
fn write_q8<I: Isa>(isa: I, row: &[Group], block: &mut [u8], slot: usize, is_key: bool) {
    let dim = row.len() * LANES;
    let Some((quants, scales)) = block.split_at_mut_checked(dim * LANES) else { return };
    let scales = scales.as_chunks_mut::<2>().0;
    for (i, pair) in row.as_chunks::<2>().0.iter().enumerate() {
        let act = Act32::quantise(isa, pair);
        let scale = f16::from_f32(act.d).to_le_bytes();
        let place = if is_key { i * LANES + slot } else { slot * (dim / 32) + i };
        if let Some(out) = scales.get_mut(place) {
            *out = scale;
        }
        let words = quants.as_chunks_mut::<4>().0;
        let (start, step) = if is_key { (i * 8 * LANES + slot, LANES) } else { (slot * (dim / 4) + i * 8, 1) };
        for (quad, out) in act.q.iter().zip(words.iter_mut().skip(start).step_by(step)) {
            *out = quad.map(|q| q as u8);
        }
    }
}

/// Queries against a cache: see [`Kernels::attention`](super::Kernels::attention).
pub struct Attention<'a> {
    /// The layer's cache; the chunk's own keys and values are already in it.
    pub cache: KvBlocks<&'a [u8]>,
    /// Panel of queries, `[n_head * head_dim]`.
    pub queries: &'a [Group],
    /// Tokens in the panel.
    pub tokens: usize,
    /// Query heads; each `n_head / n_head_kv` neighbours share a key head.
    pub n_head: usize,
    /// Position of the first token.
    pub position: usize,
    /// How many positions, its own included, a token sees; `None` for all.
    pub window: Option<usize>,
    /// What scores are multiplied with.
    pub scale: f32,
}

pub(super) fn attention<I: Isa>(isa: I, job: &Attention<'_>, out: &mut [Group], executor: &dyn Executor) {
    let (dim, tokens) = (job.cache.head_dim.clamp(1, MAX_HEAD_DIM), job.tokens.max(1));
    // The fewest heads whose outputs are whole groups: a piece of work for one thread.
    let mut heads = 1;
    while !(heads * dim).is_multiple_of(LANES) {
        heads += 1;
    }
    executor.for_rows(out.as_flattened_mut(), heads * dim * tokens, &|i, piece| {
        for t in 0..tokens {
            isa.run(TokenHeads { job, first_head: i * heads, heads, t, out: piece });
        }
    });
}

/// A few heads of one token.
struct TokenHeads<'a, 'b> {
    job: &'a Attention<'a>,
    first_head: usize,
    heads: usize,
    t: usize,
    out: &'b mut [f32],
}

impl Op for TokenHeads<'_, '_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let job = self.job;
        let (dim, tokens) = (job.cache.head_dim.min(MAX_HEAD_DIM), job.tokens.max(1));
        let out = self.out.as_chunks_mut::<LANES>().0;
        let sharing = (job.n_head / job.cache.n_head_kv.max(1)).max(1);
        for h in 0..self.heads {
            let head = self.first_head + h;
            if head >= job.n_head {
                return;
            }
            let mut query = [[0.0; LANES]; MAX_HEAD_GROUPS];
            read_head(job.queries, tokens, self.t, head * dim, dim, query.as_flattened_mut());
            let query = query.get_mut(..dim.div_ceil(LANES)).unwrap_or_default();
            for q in query.iter_mut() {
                isa.x_store(isa.x_mul(isa.x_load(q), isa.x_splat(job.scale)), q);
            }
            let mut result = [[0.0; LANES]; MAX_HEAD_GROUPS];
            let result = result.get_mut(..query.len()).unwrap_or_default();
            let position = job.position + self.t;
            match job.cache.ty {
                KvType::F16 => one_head(isa, &F16Keys { query }, job, head / sharing, position, result),
                KvType::Q8_0 => {
                    let mut quants = [Act32 { q: [[0; 4]; 8], d: 0.0, sums: [0; 2] }; MAX_HEAD_DIM / 32];
                    for (act, pair) in quants.iter_mut().zip(query.as_chunks::<2>().0) {
                        *act = Act32::quantise(isa, pair);
                    }
                    let query = quants.get(..dim / 32).unwrap_or_default();
                    one_head(isa, &Q8Keys { query }, job, head / sharing, position, result);
                }
            }
            super::elementwise::write_head(out, tokens, self.t, h * dim, dim, result.as_flattened());
        }
    }
}

/// A query in the form that a cache format scores and mixes with.
trait Keys {
    /// Scores of a block's sixteen keys.
    fn scores<I: Isa>(&self, isa: I, block: &[u8]) -> I::X;
    /// `out += p[j] * value[j]` for the positions `range` of a block, in order.
    fn mix<I: Isa>(&self, isa: I, block: &[u8], p: &Group, range: core::ops::Range<usize>, out: &mut [Group]);
}

/// The keys that one token sees, block by block, with a running maximum.
#[inline(always)]
fn one_head<I: Isa>(isa: I, keys: &impl Keys, job: &Attention<'_>, kv_head: usize, position: usize, out: &mut [Group]) {
    const LANE: Group = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];
    let first = job.window.map_or(0, |w| (position + 1).saturating_sub(w));
    let (mut top, mut total) = (f32::NEG_INFINITY, isa.x_splat(0.0));
    for block in first / LANES..=position / LANES {
        let (start, bytes) = job.cache.offset(kv_head, block * LANES);
        let (Some(k), Some(v)) = (
            job.cache.keys.get(start..).and_then(|b| b.get(..bytes)),
            job.cache.values.get(start..).and_then(|b| b.get(..bytes)),
        ) else {
            return;
        };
        let low = first.saturating_sub(block * LANES);
        let high = (position - block * LANES).min(LANES - 1);
        let mut scores = keys.scores(isa, k);
        if low > 0 || high < LANES - 1 {
            let (lane, hidden) = (isa.x_load(&LANE), isa.x_splat(f32::NEG_INFINITY));
            scores = isa.x_select_lt(lane, isa.x_splat(low as f32), hidden, scores);
            scores = isa.x_select_lt(isa.x_splat(high as f32), lane, hidden, scores);
        }
        let greatest = isa.x_greatest(scores);
        if greatest > top {
            let shrink = math::exp(isa, isa.x_splat(top - greatest));
            total = isa.x_mul(total, shrink);
            for out in out.iter_mut() {
                isa.x_store(isa.x_mul(isa.x_load(out), shrink), out);
            }
            top = greatest;
        }
        let p = math::exp(isa, isa.x_sub(scores, isa.x_splat(top)));
        total = isa.x_add(total, p);
        let mut weights = [0.0; LANES];
        isa.x_store(p, &mut weights);
        keys.mix(isa, v, &weights, low..high + 1, out);
    }
    let total = isa.x_splat(isa.x_sum(total));
    for out in out {
        isa.x_store(isa.x_div(isa.x_load(out), total), out);
    }
}

struct F16Keys<'a> {
    query: &'a [Group],
}

impl Keys for F16Keys<'_> {
    /// Four partial sums, of the elements `i % 4`, added as `(0 + 1) + (2 + 3)`.
    #[inline(always)]
    fn scores<I: Isa>(&self, isa: I, block: &[u8]) -> I::X {
        let halves = block.as_chunks::<2>().0.as_chunks::<LANES>().0;
        let mut acc = [isa.x_splat(0.0); 4];
        for (q, k) in self.query.as_flattened().as_chunks::<4>().0.iter().zip(halves.as_chunks::<4>().0) {
            for ((acc, q), k) in acc.iter_mut().zip(q).zip(k) {
                *acc = isa.x_add(*acc, isa.x_mul(isa.x_splat(*q), isa.x_from_f16(k)));
            }
        }
        isa.x_add(isa.x_add(acc[0], acc[1]), isa.x_add(acc[2], acc[3]))
    }

    #[inline(always)]
    fn mix<I: Isa>(&self, isa: I, block: &[u8], p: &Group, range: core::ops::Range<usize>, out: &mut [Group]) {
        let halves = block.as_chunks::<2>().0.as_chunks::<LANES>().0;
        let groups = out.len();
        let p = p.get(range.clone()).unwrap_or_default();
        for (g, out) in out.iter_mut().enumerate() {
            let mut acc = isa.x_load(out);
            for (p, v) in p.iter().zip(halves.iter().skip(range.start * groups + g).step_by(groups)) {
                acc = isa.x_add(acc, isa.x_mul(isa.x_splat(*p), isa.x_from_f16(v)));
            }
            isa.x_store(acc, out);
        }
    }
}

struct Q8Keys<'a> {
    query: &'a [Act32],
}

impl Keys for Q8Keys<'_> {
    /// Exact integer dots of 32 elements, scaled and added block by block.
    #[inline(always)]
    fn scores<I: Isa>(&self, isa: I, block: &[u8]) -> I::X {
        let mut scores = [0.0; LANES];
        let Some((quants, scales)) = block.split_at_checked(self.query.len() * 32 * LANES) else {
            return isa.x_splat(0.0);
        };
        let words = quants.as_chunks::<4>().0.as_chunks::<LANES>().0.as_chunks::<8>().0;
        let scales = scales.as_chunks::<2>().0.as_chunks::<LANES>().0;
        for part in 0..LANES / I::ROWS {
            let mut acc = isa.f_splat(0.0);
            for ((act, words), scale) in self.query.iter().zip(words).zip(scales) {
                let mut w = [isa.splat(0); 8];
                for (w, word) in w.iter_mut().zip(words) {
                    *w = isa.load(word, part);
                }
                let mut d = [0.0; LANES];
                isa.x_store(isa.x_from_f16(scale), &mut d);
                let d = isa.as_f32(isa.load(&d.map(f32::to_le_bytes), part));
                let sum = isa.to_f32(isa.dot_i8(isa.splat(0), &w, &act.q, act.sum()));
                acc = isa.f_add(acc, isa.f_mul(isa.f_mul(d, isa.f_splat(act.d)), sum));
            }
            if let Some(out) = scores.get_mut(part * I::ROWS..) {
                isa.f_store(acc, out);
            }
        }
        isa.x_load(&scores)
    }

    #[inline(always)]
    fn mix<I: Isa>(&self, isa: I, block: &[u8], p: &Group, range: core::ops::Range<usize>, out: &mut [Group]) {
        let blocks = out.len() / 2;
        let Some((quants, scales)) = block.split_at_checked(blocks * 32 * LANES) else { return };
        let scales = scales.as_chunks::<2>().0;
        let quads: &[Quad] = bytemuck::try_cast_slice(quants).unwrap_or_default();
        let groups = quads.as_chunks::<4>().0;
        for j in range {
            for (i, pair) in out.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                let d = scales.get(j * blocks + i).map_or(0.0, |s| f16::from_le_bytes(*s).to_f32());
                let p = isa.x_splat(p[j % LANES] * d);
                for (out, q) in pair.iter_mut().zip(groups.iter().skip((j * blocks + i) * 2)) {
                    let q: &[i8; LANES] = bytemuck::cast_ref(q);
                    isa.x_store(isa.x_add(isa.x_load(out), isa.x_mul(p, isa.x_from_i8(q))), out);
                }
            }
        }
    }
}
