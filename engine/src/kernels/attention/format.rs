//! Loads and sums for scoring and mixing in each number format of the cache, for `N` queries at once.

#[cfg(feature = "kv_q4_0")]
use super::cache::{QUERY_SCALE, hadamard};
#[cfg(any(feature = "kv_f16", feature = "kv_q8_0"))]
use super::loops;
#[cfg(any(feature = "kv_q8_0", feature = "kv_q4_0"))]
use super::query::{Heads, QueryBlocks};
use crate::kernels::panel::Group;
use crate::kernels::prefetch::AHEAD;
#[cfg(any(feature = "kv_q8_0", feature = "kv_q4_0"))]
use crate::quant::Act32;
#[cfg(feature = "kv_q4_0")]
use crate::quant::nibbles;
#[cfg(feature = "kv_q8_0")]
use crate::simd::AttentionLoops;
use crate::simd::{Floats, Isa, LANES, lanes, math};
#[cfg(any(feature = "kv_q8_0", feature = "kv_q4_0"))]
use bytemuck::Pod;
use core::ops::Range;

/// A query, or its output, of up to `G` groups; `G` is a power of two.
pub(super) type Row<const G: usize> = [Group; G];

/// A number format of keys and values. What a block holds is converted once for all queries.
pub(super) trait Format<const G: usize> {
    /// A query in the form that keys are multiplied with.
    type Query: Copy;
    /// A query of zeros.
    const NONE: Self::Query;
    /// Takes in a query, padded with zeros to whole groups.
    fn query<I: Isa>(isa: I, row: &[Group], query: &mut Self::Query);
    /// Scores of a block's sixteen keys.
    fn scores<I: Isa, const N: usize>(isa: I, queries: &[Self::Query; N], block: &[u8]) -> [Group; N];
    /// The weight of a value, rounded to as few bits as keep its product with the value exact.
    fn weight<F: Floats>(f: F, p: F::V) -> F::V;
    /// `out[n] += p[n][j] * value[j]` for the positions `range` of a block, in order.
    fn mix<I: Isa, const N: usize>(
        isa: I,
        block: &[u8],
        p: &[Group; N],
        range: Range<usize>,
        out: &mut [Row<G>; N],
        groups: usize,
    );
}

/// The number of sums that a query gets at once: the most, up to four, with which those of `queries` still fit
/// in half the registers; enough of them to hide an addition's latency.
const fn at_once<I: Isa>(queries: usize) -> usize {
    match I::FLOAT_SUMS / queries {
        0 | 1 => 1,
        2 | 3 => 2,
        _ => 4,
    }
}

/// One or two groups of sixteen values as the cache stores them.
pub(super) trait Stored: Copy {
    /// Groups.
    const GROUPS: usize = 1;
    /// Group `g` of a row.
    fn load<F: Floats>(f: F, stored: &Self, g: usize) -> F::V;
}

#[cfg(feature = "kv_f16")]
impl Stored for [[u8; 2]; LANES] {
    #[inline(always)]
    fn load<F: Floats>(f: F, stored: &Self, _: usize) -> F::V {
        f.load_f16(stored)
    }
}

#[cfg(feature = "kv_q8_0")]
impl Stored for [i8; LANES] {
    #[inline(always)]
    fn load<F: Floats>(f: F, stored: &Self, _: usize) -> F::V {
        f.load_i8(stored)
    }
}

/// Two nibbles a byte.
#[cfg(feature = "kv_q4_0")]
impl Stored for [u8; LANES] {
    const GROUPS: usize = 2;

    #[inline(always)]
    fn load<F: Floats>(f: F, stored: &Self, g: usize) -> F::V {
        f.load_nibbles(stored, 4 * (g % 2) as u32)
    }
}

/// `out[n][g..g + K] += p[n][j] * values[j][g..g + K]` for the positions `range`. Rows have `groups` groups, whole `S`.
#[inline(always)]
fn add_values<I: Isa, S: Stored, const N: usize, const K: usize, const G: usize>(
    isa: I,
    values: &[S],
    p: &[Group; N],
    range: &Range<usize>,
    out: &mut [Row<G>; N],
    groups: usize,
    g: usize,
) {
    for f in lanes(isa) {
        add_lanes::<I, S, N, K, G>(isa, f, values, p, range, out, groups, g);
    }
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "an inlined piece of one loop")]
fn add_lanes<I: Isa, S: Stored, const N: usize, const K: usize, const G: usize>(
    isa: I,
    f: I::Floats,
    values: &[S],
    p: &[Group; N],
    range: &Range<usize>,
    out: &mut [Row<G>; N],
    groups: usize,
    g: usize,
) {
    let mut acc = [[f.splat(0.0); K]; N];
    // Whole arrays: for a slice of unknown length the compiler would call `memcpy`.
    for (acc, out) in acc.iter_mut().zip(&*out) {
        let Some(out) = out.get(g..).and_then(<[Group]>::first_chunk::<K>) else { return };
        for (acc, out) in acc.iter_mut().zip(out) {
            *acc = f.load(out);
        }
    }
    let row = groups / S::GROUPS;
    let rows = values.get(range.start * row..).unwrap_or_default().chunks_exact(row.max(1));
    for (j, row) in range.clone().zip(rows) {
        let Some(row) = row.get(g / S::GROUPS..).and_then(|row| row.get(..K.div_ceil(S::GROUPS))) else { return };
        isa.prefetch(row, AHEAD, false);
        for k in 0..K {
            let v = S::load(f, &row[k / S::GROUPS], g + k);
            for (acc, p) in acc.iter_mut().zip(p) {
                acc[k] = f.add_exact(acc[k], f.splat(p[j % LANES]), v);
            }
        }
    }
    for (acc, out) in acc.iter().zip(out) {
        let Some(out) = out.get_mut(g..).and_then(<[Group]>::first_chunk_mut::<K>) else { return };
        for (acc, out) in acc.iter().zip(out) {
            f.store(*acc, out);
        }
    }
}

/// Half precision.
#[cfg(feature = "kv_f16")]
pub(super) struct F16;

#[cfg(feature = "kv_f16")]
impl F16 {
    /// Partial sums `first..first + P` of four: those of the elements `i` with `i % 4` the same.
    #[inline(always)]
    fn partial<I: Isa, const N: usize, const P: usize, const G: usize>(
        isa: I,
        f: I::Floats,
        queries: &[Row<G>; N],
        keys: &[[[[u8; 2]; LANES]; LANES]],
        first: usize,
        sums: &mut [[<I::Floats as Floats>::V; 4]; N],
    ) {
        let mut acc = [[f.splat(0.0); P]; N];
        for (i, keys) in keys.iter().enumerate() {
            for four in 0..4 {
                if first == 0 {
                    isa.prefetch(&keys[4 * four..4 * four + 4], AHEAD, false);
                }
                for k in 0..P {
                    let e = 4 * four + (first + k) % 4;
                    let key = f.load_f16(&keys[e]);
                    for (acc, query) in acc.iter_mut().zip(queries) {
                        acc[k] = f.add_exact(acc[k], f.splat(query[i % G][e]), key);
                    }
                }
            }
        }
        // `&acc`, as an iterator over the array itself would hold a copy of it on the stack.
        for (sums, acc) in sums.iter_mut().zip(&acc) {
            for (sum, acc) in sums.iter_mut().skip(first).zip(acc) {
                *sum = *acc;
            }
        }
    }
}

#[cfg(feature = "kv_f16")]
impl<const G: usize> Format<G> for F16 {
    type Query = Row<G>;
    const NONE: Self::Query = [[0.0; LANES]; G];

    #[inline(always)]
    fn query<I: Isa>(isa: I, row: &[Group], query: &mut Self::Query) {
        for (group, query) in row.iter().zip(query) {
            for f in lanes(isa) {
                f.store(math::shorten::<_, 11>(f, f.load(group)), query);
            }
        }
    }

    /// Queries have 13 bits, so that each product with a key is exact. Four partial sums, of the elements `i % 4`, added as
    /// `(0 + 1) + (2 + 3)`.
    #[inline(always)]
    fn scores<I: Isa, const N: usize>(isa: I, queries: &[Self::Query; N], block: &[u8]) -> [Group; N] {
        if let Some(loops) = isa.attention_loops() {
            return queries.each_ref().map(|query| loops::score_halves(&loops, query.as_flattened(), block));
        }
        let keys = block.as_chunks::<2>().0.as_chunks::<LANES>().0.as_chunks::<LANES>().0;
        let mut scores = [[0.0; LANES]; N];
        for f in lanes(isa) {
            let mut sums = [[f.splat(0.0); 4]; N];
            match const { at_once::<I>(N) } {
                4 => F16::partial::<I, N, 4, G>(isa, f, queries, keys, 0, &mut sums),
                2 => {
                    F16::partial::<I, N, 2, G>(isa, f, queries, keys, 0, &mut sums);
                    F16::partial::<I, N, 2, G>(isa, f, queries, keys, 2, &mut sums);
                }
                _ => {
                    F16::partial::<I, N, 1, G>(isa, f, queries, keys, 0, &mut sums);
                    F16::partial::<I, N, 1, G>(isa, f, queries, keys, 1, &mut sums);
                    F16::partial::<I, N, 1, G>(isa, f, queries, keys, 2, &mut sums);
                    F16::partial::<I, N, 1, G>(isa, f, queries, keys, 3, &mut sums);
                }
            }
            for (scores, s) in scores.iter_mut().zip(&sums) {
                f.store(f.add(f.add(s[0], s[1]), f.add(s[2], s[3])), scores);
            }
        }
        scores
    }

    #[inline(always)]
    fn weight<F: Floats>(f: F, p: F::V) -> F::V {
        math::shorten::<_, 11>(f, p)
    }

    #[inline(always)]
    fn mix<I: Isa, const N: usize>(
        isa: I,
        block: &[u8],
        p: &[Group; N],
        range: Range<usize>,
        out: &mut [Row<G>; N],
        groups: usize,
    ) {
        if let Some(loops) = isa.attention_loops() {
            for (p, out) in p.iter().zip(out) {
                loops::mix_halves(&loops, block, p, range.clone(), out.get_mut(..groups).unwrap_or_default());
            }
            return;
        }
        let halves = block.as_chunks::<2>().0.as_chunks::<LANES>().0;
        let mut g = 0;
        if const { at_once::<I>(N) == 4 } {
            while g + 4 <= groups {
                add_values::<I, _, N, 4, G>(isa, halves, p, &range, out, groups, g);
                g += 4;
            }
        }
        if const { at_once::<I>(N) == 2 } {
            while g + 2 <= groups {
                add_values::<I, _, N, 2, G>(isa, halves, p, &range, out, groups, g);
                g += 2;
            }
        }
        while g < groups {
            add_values::<I, _, N, 1, G>(isa, halves, p, &range, out, groups, g);
            g += 1;
        }
    }
}

/// Blocks of 32 with a scale.
#[cfg(any(feature = "kv_q8_0", feature = "kv_q4_0"))]
pub(super) trait Blocks {
    /// Words of a block's quants.
    const WORDS: usize;
    /// The stored form of a row of values.
    type Values: Stored + Pod;
    /// 32 elements of a query as those of the keys are stored.
    #[inline(always)]
    fn turn(pair: &[Group; 2]) -> [Group; 2] {
        *pair
    }
    /// The set's own loops, where it has them for the format.
    #[cfg(feature = "kv_q8_0")]
    #[inline(always)]
    fn loops<I: Isa>(_: I) -> Option<AttentionLoops> {
        None
    }
    /// Exact dots of 32 elements of part `part` of sixteen keys with each query's.
    fn dot<I: Isa, const N: usize>(isa: I, words: &[[[u8; 4]; LANES]], part: usize, queries: [&Act32; N]) -> [I::W; N];
}

/// 8-bit blocks of 32.
#[cfg(feature = "kv_q8_0")]
pub(super) struct Q8;

#[cfg(feature = "kv_q8_0")]
impl Blocks for Q8 {
    const WORDS: usize = 8;
    type Values = [i8; LANES];

    #[inline(always)]
    fn loops<I: Isa>(isa: I) -> Option<AttentionLoops> {
        isa.attention_loops()
    }

    #[inline(always)]
    fn dot<I: Isa, const N: usize>(isa: I, words: &[[[u8; 4]; LANES]], part: usize, queries: [&Act32; N]) -> [I::W; N] {
        let mut w = [isa.splat(0); 8];
        for (w, word) in w.iter_mut().zip(words) {
            *w = isa.load(word, part);
        }
        queries.map(|act| isa.dot_i8(isa.splat(0), &w, &act.q, act.sum))
    }
}

/// 4-bit blocks of 32.
#[cfg(feature = "kv_q4_0")]
pub(super) struct Q4;

#[cfg(feature = "kv_q4_0")]
impl Blocks for Q4 {
    const WORDS: usize = 4;
    type Values = [u8; LANES];

    #[inline(always)]
    fn turn(pair: &[Group; 2]) -> [Group; 2] {
        hadamard(pair, QUERY_SCALE)
    }

    #[inline(always)]
    fn dot<I: Isa, const N: usize>(isa: I, words: &[[[u8; 4]; LANES]], part: usize, queries: [&Act32; N]) -> [I::W; N] {
        let mut w = [isa.splat(0); 4];
        for (w, word) in w.iter_mut().zip(words) {
            *w = isa.load(word, part);
        }
        let q = nibbles(isa, w);
        queries.map(|act| isa.dot_u8::<15, 8>(isa.splat((-8 * act.sum) as u32), &q, &act.q))
    }
}

/// A block's quants and half scales.
#[cfg(any(feature = "kv_q8_0", feature = "kv_q4_0"))]
type Quantised<'a> = (&'a [u8], &'a [[[u8; 2]; LANES]]);

#[cfg(any(feature = "kv_q8_0", feature = "kv_q4_0"))]
#[inline(always)]
fn split<B: Blocks>(block: &[u8]) -> Quantised<'_> {
    // A key's 32 elements take their quants and two bytes of scale.
    let quants = block.len() / const { B::WORDS * 4 + 2 } * const { B::WORDS * 4 };
    let (quants, scales) = block.split_at_checked(quants).unwrap_or_default();
    (quants, scales.as_chunks::<2>().0.as_chunks::<LANES>().0)
}

#[cfg(any(feature = "kv_q8_0", feature = "kv_q4_0"))]
impl<B: Blocks, const G: usize> Format<G> for B
where
    Heads<G>: QueryBlocks,
{
    type Query = <Heads<G> as QueryBlocks>::Blocks;
    const NONE: Self::Query = Heads::<G>::NONE;

    #[inline(always)]
    fn query<I: Isa>(isa: I, row: &[Group], query: &mut Self::Query) {
        for (act, pair) in query.as_mut().iter_mut().zip(row.as_chunks::<2>().0) {
            *act = Act32::quantise(isa, &B::turn(pair));
        }
    }

    /// Exact integer dots of 32 elements, scaled and added block by block.
    #[inline(always)]
    fn scores<I: Isa, const N: usize>(isa: I, queries: &[Self::Query; N], block: &[u8]) -> [Group; N] {
        let mut scores = [[0.0; LANES]; N];
        let (quants, scales) = split::<B>(block);
        #[cfg(feature = "kv_q8_0")]
        if let Some(loops) = B::loops(isa) {
            return queries.each_ref().map(|query| loops::score_bytes(&loops, query.as_ref(), quants, scales));
        }
        let words = quants.as_chunks::<4>().0.as_chunks::<LANES>().0.chunks_exact(B::WORDS);
        for part in 0..LANES / I::ROWS {
            let mut acc = [isa.f_splat(0.0); N];
            for (i, (words, scale)) in words.clone().zip(scales).enumerate() {
                if part == 0 {
                    isa.prefetch(words, AHEAD, false);
                }
                let mut d = [0.0; LANES];
                // The scales of all lanes; only this part's where a value is a single lane.
                let f = isa.floats(part);
                f.store(f.load_f16(scale), &mut d);
                let d = isa.as_f32(isa.load(&d.map(f32::to_le_bytes), part));
                let acts = queries.each_ref().map(|query| Heads::<G>::block(query, i));
                for ((acc, act), sum) in acc.iter_mut().zip(acts).zip(B::dot(isa, words, part, acts)) {
                    *acc = isa.f_add(*acc, isa.f_mul(isa.f_mul(d, isa.f_splat(act.d)), isa.to_f32(sum)));
                }
            }
            for (scores, acc) in scores.iter_mut().zip(acc) {
                if let Some(out) = scores.get_mut(part * I::ROWS..) {
                    isa.f_store(acc, out);
                }
            }
        }
        scores
    }

    /// Unchanged: weights are rounded after they are multiplied with a block's scale.
    #[inline(always)]
    fn weight<F: Floats>(_: F, p: F::V) -> F::V {
        p
    }

    #[inline(always)]
    fn mix<I: Isa, const N: usize>(
        isa: I,
        block: &[u8],
        p: &[Group; N],
        range: Range<usize>,
        out: &mut [Row<G>; N],
        groups: usize,
    ) {
        let (quants, scales) = split::<B>(block);
        let rows = bytemuck::try_cast_slice::<u8, B::Values>(quants).unwrap_or_default();
        for (i, scale) in scales.iter().enumerate() {
            let mut scaled = [[0.0; LANES]; N];
            for f in lanes(isa) {
                let d = f.load_f16(scale);
                for (scaled, p) in scaled.iter_mut().zip(p) {
                    f.store(math::shorten::<_, 8>(f, f.mul(f.load(p), d)), scaled);
                }
            }
            #[cfg(feature = "kv_q8_0")]
            if let Some(loops) = B::loops(isa) {
                for (p, out) in scaled.iter().zip(&mut *out) {
                    let out = out.get_mut(..groups).unwrap_or_default();
                    loops::mix_bytes(&loops, quants, p, range.clone(), out, 2 * i);
                }
                continue;
            }
            if const { at_once::<I>(N) > 1 } {
                add_values::<I, _, N, 2, G>(isa, rows, &scaled, &range, out, groups, 2 * i);
            } else {
                add_values::<I, _, N, 1, G>(isa, rows, &scaled, &range, out, groups, 2 * i);
                add_values::<I, _, N, 1, G>(isa, rows, &scaled, &range, out, groups, 2 * i + 1);
            }
        }
    }
}
