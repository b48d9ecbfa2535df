//! Attention over a cache of keys and values.
//!
//! The softmax visits block after block of the cache by absolute position, whatever the chunk, the
//! ring or the number of threads. Queries that share a key head, of neighbouring heads or tokens,
//! walk over it together: what a block holds is read and converted once for a [`Tile`] of them.

use super::executor::Executor;
use super::heads::{Elements, MAX_HEAD_DIM, MAX_HEAD_GROUPS};
use super::map::cap_scores;
use super::panel::Group;
use crate::simd::{Floats, Isa, LANES, Op, lanes, math};
use core::marker::PhantomData;
use core::ops::Range;
#[cfg(feature = "kv_f16")]
use format::F16;
#[cfg(feature = "kv_q4_0")]
use format::Q4;
#[cfg(feature = "kv_q8_0")]
use format::Q8;
use format::{Format, Row};

mod cache;
mod format;
#[cfg(any(feature = "kv_f16", feature = "kv_q8_0"))]
mod loops;
#[cfg(any(feature = "kv_q8_0", feature = "kv_q4_0"))]
mod query;

pub use cache::{KvBlocks, KvType, WriteKv};

/// Groups of heads of which four queries, or two, fit on the stack.
const SMALL: usize = 8;
const MEDIUM: usize = 2 * SMALL;

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
    /// Positions that a token sees, its own included; `None` for all.
    pub window: Option<usize>,
    /// The factor of scores.
    pub scale: f32,
    /// The bound `cap` of scaled scores, which become `cap * tanh(score / cap)`; 0 for none. Needs the feature
    /// `attention-variants`.
    pub soft_cap: f32,
}

impl Attention<'_> {
    fn head_dim(&self) -> usize {
        self.cache.head_dim.clamp(1, MAX_HEAD_DIM)
    }

    /// Query heads that share a key head.
    fn sharing(&self) -> usize {
        (self.n_head / self.cache.n_head_kv.max(1)).max(1)
    }

    /// The number of heads in a piece of work for one of `threads` threads: those that share a key head,
    /// unless threads would wait for each other longer than that saves.
    fn heads_of_piece(&self, threads: usize) -> usize {
        // The fewest heads whose outputs are whole groups.
        let mut unit = 1;
        while !(unit * self.head_dim()).is_multiple_of(LANES) {
            unit += 1;
        }
        if unit > 1 {
            return unit;
        }
        let (sharing, tokens) = (self.sharing(), self.tokens.max(1));
        let cost = |heads: usize| {
            let queries = heads.saturating_mul(tokens);
            // Converting a block's keys and values takes about as long as one query's products.
            let piece = queries.saturating_add(queries.div_ceil(4));
            self.n_head.div_ceil(heads).div_ceil(threads.max(1)).saturating_mul(piece)
        };
        let divisors = (1..=sharing).rev().filter(|heads| sharing.is_multiple_of(*heads));
        divisors.min_by_key(|heads| cost(*heads)).unwrap_or(1)
    }
}

pub(super) fn attention<I: Isa>(isa: I, job: &Attention<'_>, out: &mut [Group], executor: &dyn Executor) {
    let heads = job.heads_of_piece(executor.threads());
    let piece = heads * job.head_dim() * job.tokens.max(1);
    executor.for_rows(out.as_flattened_mut(), piece, &|i, out| {
        let heads = i * heads..((i + 1) * heads).min(job.n_head);
        match job.cache.ty {
            #[cfg(feature = "kv_f16")]
            KvType::F16 => some_heads::<I, F16>(isa, job, heads, out),
            #[cfg(feature = "kv_q8_0")]
            KvType::Q8_0 => some_heads::<I, Q8>(isa, job, heads, out),
            #[cfg(feature = "kv_q4_0")]
            KvType::Q4_0 => some_heads::<I, Q4>(isa, job, heads, out),
        }
    });
}

/// All tokens of a range of heads.
fn some_heads<I: Isa, F: Format<SMALL> + Format<MEDIUM> + Format<MAX_HEAD_GROUPS>>(
    isa: I,
    job: &Attention<'_>,
    heads: Range<usize>,
    out: &mut [f32],
) {
    let sharing = job.sharing();
    // Large tiles for small heads only, as stacks are small. Scalar code gains nothing from them.
    let small = I::ROWS > 1 && job.head_dim() <= SMALL * LANES;
    let wide = MAX_HEAD_GROUPS > MEDIUM && job.head_dim() > MEDIUM * LANES;
    let mut head = heads.start;
    while head < heads.end {
        let kv_head = head / sharing;
        let together = ((kv_head + 1) * sharing).min(heads.end) - head;
        let queries = together * job.tokens;
        let mut tile = Place { job, kv_head, head, first_head: heads.start, query: 0 };
        while tile.query < queries {
            tile.query += match queries - tile.query {
                _ if wide => tile.run::<I, F, 1, MAX_HEAD_GROUPS>(isa, out),
                4.. if small => tile.run::<I, F, 4, SMALL>(isa, out),
                3 if small => tile.run::<I, F, 3, SMALL>(isa, out),
                2.. if I::ROWS > 1 => tile.run::<I, F, 2, MEDIUM>(isa, out),
                _ => tile.run::<I, F, 1, MEDIUM>(isa, out),
            };
        }
        head += together;
    }
}

/// The queries of a tile: query `q` is of token `q % tokens` and of head `head + q / tokens`.
#[derive(Clone, Copy)]
struct Place<'a> {
    job: &'a Attention<'a>,
    kv_head: usize,
    head: usize,
    /// The head that the output begins with.
    first_head: usize,
    /// The tile's first query.
    query: usize,
}

impl Place<'_> {
    /// Computes `N` queries; returns `N`.
    fn run<I: Isa, F: Format<G>, const N: usize, const G: usize>(self, isa: I, out: &mut [f32]) -> usize {
        isa.run(Tile::<F, N, G> { place: self, out, format: PhantomData });
        N
    }

    /// The head and the token of the tile's query `n`.
    #[inline(always)]
    fn of(&self, n: usize) -> (usize, usize) {
        let (query, tokens) = (self.query + n, self.job.tokens.max(1));
        (self.head + query / tokens, query % tokens)
    }
}

/// `N` queries of one key head, each of at most `G` groups.
struct Tile<'a, 'b, F, const N: usize, const G: usize> {
    place: Place<'a>,
    out: &'b mut [f32],
    format: PhantomData<F>,
}

impl<F: Format<G>, const N: usize, const G: usize> Op for Tile<'_, '_, F, N, G> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let (place, job) = (self.place, self.place.job);
        let (dim, tokens) = (job.head_dim(), job.tokens.max(1));
        let groups = dim.div_ceil(LANES);
        let mut seen = [(0, 0); N];
        let mut result = [[[0.0; LANES]; G]; N];
        let mut queries = [F::NONE; N];
        for (n, (to, query)) in queries.iter_mut().zip(&mut result).enumerate() {
            let (head, t) = place.of(n);
            // The query is prepared in the memory of its result.
            Elements { tokens, token: t, start: head * dim, n: dim }.read(isa, job.queries, query.as_flattened_mut());
            let query = query.get_mut(..groups).unwrap_or_default();
            for q in query.iter_mut() {
                for f in lanes(isa) {
                    f.store(f.mul(f.load(q), f.splat(job.scale)), q);
                }
            }
            F::query(isa, query, to);
            query.fill([0.0; LANES]);
        }
        for (n, seen) in seen.iter_mut().enumerate() {
            let position = job.position + place.of(n).1;
            *seen = (job.window.map_or(0, |w| (position + 1).saturating_sub(w)), position);
        }
        walk::<I, F, N, G>(isa, job, place.kv_head, &queries, &seen, &mut result, groups);
        let out = self.out.as_chunks_mut::<LANES>().0;
        for (n, result) in result.iter().enumerate() {
            let (head, t) = place.of(n);
            Elements { tokens, token: t, start: (head - place.first_head) * dim, n: dim }.write(
                isa,
                out,
                result.as_flattened(),
            );
        }
    }
}

/// The positions of block `block` that are in `first..=last`.
#[inline(always)]
fn part(block: usize, (first, last): (usize, usize)) -> Range<usize> {
    let start = block * LANES;
    first.saturating_sub(start).min(LANES)..(last + 1).saturating_sub(start).min(LANES)
}

/// The keys that the queries see, block by block, with a running maximum: query `n` sees the positions
/// `seen[n].0..=seen[n].1`.
#[inline(always)]
fn walk<I: Isa, F: Format<G>, const N: usize, const G: usize>(
    isa: I,
    job: &Attention<'_>,
    kv_head: usize,
    queries: &[F::Query; N],
    seen: &[(usize, usize); N],
    out: &mut [Row<G>; N],
    groups: usize,
) {
    let cache = &job.cache;
    let first = seen.iter().map(|s| s.0).min().unwrap_or(0) / LANES;
    let last = seen.iter().map(|s| s.1).max().unwrap_or(0) / LANES;
    let mut softmax = [const { Softmax { top: f32::NEG_INFINITY, total: [0.0; LANES] } }; N];
    let mut next = [[0.0; LANES]; N];
    // A block's scores are computed before the softmax of the one before it, which waits for its own
    // results most of the time.
    for block in first..=last + 1 {
        let mut scores = next;
        if block <= last {
            let (start, bytes) = cache.offset(kv_head, block * LANES);
            let Some(keys) = cache.keys.get(start..).and_then(|b| b.get(..bytes)) else { return };
            next = F::scores(isa, queries, keys);
        }
        if block == first {
            continue;
        }
        if cfg!(feature = "attention-variants") && job.soft_cap != 0.0 {
            scores = cap_scores(isa, scores, job.soft_cap);
        }
        let block = block - 1;
        let (start, bytes) = cache.offset(kv_head, block * LANES);
        let Some(values) = cache.values.get(start..).and_then(|b| b.get(..bytes)) else { return };
        let mut p = [[0.0; LANES]; N];
        let parts = seen.map(|seen| part(block, seen));
        for n in 0..N {
            if !parts[n].is_empty() {
                softmax[n].weigh::<I, F, G>(isa, (&mut scores[n], &parts[n]), &mut p[n], &mut out[n], groups);
            }
        }
        if parts.iter().all(|part| *part == parts[0]) {
            F::mix(isa, values, &p, parts[0].clone(), out, groups);
            continue;
        }
        for ((p, part), out) in p.iter().zip(parts).zip(&mut *out) {
            if !part.is_empty() {
                F::mix(isa, values, core::array::from_ref(p), part, core::array::from_mut(out), groups);
            }
        }
    }
    for (softmax, out) in softmax.iter().zip(out) {
        let total = isa.sum(&softmax.total);
        for out in out.iter_mut().take(groups) {
            for f in lanes(isa) {
                f.store(f.div(f.load(out), f.splat(total)), out);
            }
        }
    }
}

/// The softmax of a query's scores so far.
struct Softmax {
    /// The greatest score.
    top: f32,
    /// The sums of the weights, `exp(score - top)`.
    total: Group,
}

impl Softmax {
    /// Turns a block's scores into the weights `p`; those outside of `part` are hidden. Scales `out`, the first `groups` groups of what
    /// the query has mixed so far, where there is a new greatest score.
    #[inline(always)]
    fn weigh<I: Isa, F: Format<G>, const G: usize>(
        &mut self,
        isa: I,
        (scores, part): (&mut Group, &Range<usize>),
        p: &mut Group,
        out: &mut Row<G>,
        groups: usize,
    ) {
        const LANE: Group = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];
        let &Range { start: low, end: high } = part;
        if low > 0 || high < LANES {
            for f in lanes(isa) {
                let (lane, hidden) = (f.load(&LANE), f.splat(f32::NEG_INFINITY));
                let score = f.select_lt(lane, f.splat(low as f32), hidden, f.load(scores));
                f.store(f.select_lt(f.splat((high - 1) as f32), lane, hidden, score), scores);
            }
        }
        let greatest = isa.greatest(scores);
        if greatest > self.top {
            // The same in all lanes.
            let f = isa.floats(0);
            let shrink = math::exp(f, f.splat(self.top - greatest));
            for out in out.iter_mut().take(groups).chain([&mut self.total]) {
                for f in lanes(isa) {
                    f.store(f.mul(f.load(out), shrink), out);
                }
            }
            self.top = greatest;
        }
        for f in lanes(isa) {
            let e = F::weight(f, math::exp(f, f.sub(f.load(scores), f.splat(self.top))));
            f.store(f.add(f.load(&self.total), e), &mut self.total);
            f.store(e, p);
        }
    }
}
