//! What scoring and mixing take in each number format of the cache, for `N` queries at once.

use super::{MAX_HEAD_DIM, MAX_HEAD_GROUPS};
use crate::kernels::Group;
use crate::quant::Act32;
use crate::simd::{Isa, LANES};
use core::ops::Range;

/// One query's output, as far as it goes.
pub(super) type Output = [Group; MAX_HEAD_GROUPS];

/// A number format of keys and values. What a block holds is converted once for all queries.
pub(super) trait Format {
    /// A query in the form that keys are multiplied with.
    type Query: Copy;
    /// Takes in a query, padded with zeros to whole groups.
    fn query<I: Isa>(isa: I, row: &Output) -> Self::Query;
    /// Scores of a block's sixteen keys.
    fn scores<I: Isa, const N: usize>(isa: I, queries: &[Self::Query; N], block: &[u8]) -> [I::X; N];
    /// `out[n] += p[n][j] * value[j]` for the positions `range` of a block, in order.
    fn mix<I: Isa, const N: usize>(
        isa: I,
        block: &[u8],
        p: &[Group; N],
        range: Range<usize>,
        out: &mut [Output; N],
        groups: usize,
    );
}

/// How many sums a query gets at once: the most, up to four, with which those of `queries` still fit
/// in registers; enough of them to hide an addition's latency.
const fn at_once<I: Isa>(queries: usize) -> usize {
    match 12 / (queries * (LANES / I::ROWS)) {
        0 | 1 => 1,
        2 | 3 => 2,
        _ => 4,
    }
}

/// `out[n][g..g + G] += p[n][j] * v` for every position `j` with its values `v` of those groups.
#[inline(always)]
fn add_values<I: Isa, const N: usize, const G: usize>(
    isa: I,
    p: &[Group; N],
    values: impl Iterator<Item = (usize, [I::X; G])>,
    out: &mut [Output; N],
    g: usize,
) {
    let mut acc = [[isa.x_splat(0.0); G]; N];
    for (acc, out) in acc.iter_mut().zip(&*out) {
        for (acc, out) in acc.iter_mut().zip(out.iter().skip(g)) {
            *acc = isa.x_load(out);
        }
    }
    for (j, values) in values {
        for (acc, p) in acc.iter_mut().zip(p) {
            let p = isa.x_splat(p[j % LANES]);
            for (acc, v) in acc.iter_mut().zip(values) {
                *acc = isa.x_add(*acc, isa.x_mul(p, v));
            }
        }
    }
    for (acc, out) in acc.iter().zip(out) {
        for (acc, out) in acc.iter().zip(out.iter_mut().skip(g)) {
            isa.x_store(*acc, out);
        }
    }
}

/// Half precision.
pub(super) struct F16;

impl F16 {
    /// Partial sums `first..first + P` of four: those of the elements `i` with `i % 4` the same.
    #[inline(always)]
    fn partial<I: Isa, const N: usize, const P: usize>(
        isa: I,
        queries: &[[[f32; 4]; MAX_HEAD_DIM / 4]; N],
        keys: &[[[[u8; 2]; LANES]; 4]],
        first: usize,
        sums: &mut [[I::X; 4]; N],
    ) {
        let mut acc = [[isa.x_splat(0.0); P]; N];
        for (i, keys) in keys.iter().enumerate() {
            for k in 0..P {
                let key = isa.x_from_f16(&keys[(first + k) % 4]);
                for (acc, query) in acc.iter_mut().zip(queries) {
                    let q = query[i % (MAX_HEAD_DIM / 4)][(first + k) % 4];
                    acc[k] = isa.x_add(acc[k], isa.x_mul(isa.x_splat(q), key));
                }
            }
        }
        for (sums, acc) in sums.iter_mut().zip(acc) {
            for (sum, acc) in sums.iter_mut().skip(first).zip(acc) {
                *sum = acc;
            }
        }
    }

    #[inline(always)]
    fn mix_groups<I: Isa, const N: usize, const G: usize>(
        isa: I,
        halves: &[[[u8; 2]; LANES]],
        p: &[Group; N],
        range: Range<usize>,
        out: &mut [Output; N],
        groups: usize,
        g: usize,
    ) {
        let rows = halves.chunks_exact(groups.max(1)).enumerate().skip(range.start).take(range.len());
        let values = rows.filter_map(|(j, row)| {
            let row = row.get(g..)?.first_chunk::<G>()?;
            let mut values = [isa.x_splat(0.0); G];
            for (value, halves) in values.iter_mut().zip(row) {
                *value = isa.x_from_f16(halves);
            }
            Some((j, values))
        });
        add_values(isa, p, values, out, g);
    }
}

impl Format for F16 {
    type Query = [[f32; 4]; MAX_HEAD_DIM / 4];

    #[inline(always)]
    fn query<I: Isa>(_: I, row: &Output) -> Self::Query {
        bytemuck::cast(*row)
    }

    /// Four partial sums, of the elements `i % 4`, added as `(0 + 1) + (2 + 3)`.
    #[inline(always)]
    fn scores<I: Isa, const N: usize>(isa: I, queries: &[Self::Query; N], block: &[u8]) -> [I::X; N] {
        let keys = block.as_chunks::<2>().0.as_chunks::<LANES>().0.as_chunks::<4>().0;
        let mut sums = [[isa.x_splat(0.0); 4]; N];
        match const { at_once::<I>(N) } {
            4 => F16::partial::<I, N, 4>(isa, queries, keys, 0, &mut sums),
            2 => {
                F16::partial::<I, N, 2>(isa, queries, keys, 0, &mut sums);
                F16::partial::<I, N, 2>(isa, queries, keys, 2, &mut sums);
            }
            _ => {
                F16::partial::<I, N, 1>(isa, queries, keys, 0, &mut sums);
                F16::partial::<I, N, 1>(isa, queries, keys, 1, &mut sums);
                F16::partial::<I, N, 1>(isa, queries, keys, 2, &mut sums);
                F16::partial::<I, N, 1>(isa, queries, keys, 3, &mut sums);
            }
        }
        sums.map(|s| isa.x_add(isa.x_add(s[0], s[1]), isa.x_add(s[2], s[3])))
    }

    #[inline(always)]
    fn mix<I: Isa, const N: usize>(
        isa: I,
        block: &[u8],
        p: &[Group; N],
        range: Range<usize>,
        out: &mut [Output; N],
        groups: usize,
    ) {
        let halves = block.as_chunks::<2>().0.as_chunks::<LANES>().0;
        let mut g = 0;
        if const { at_once::<I>(N) == 4 } {
            while g + 4 <= groups {
                F16::mix_groups::<I, N, 4>(isa, halves, p, range.clone(), out, groups, g);
                g += 4;
            }
        }
        if const { at_once::<I>(N) == 2 } {
            while g + 2 <= groups {
                F16::mix_groups::<I, N, 2>(isa, halves, p, range.clone(), out, groups, g);
                g += 2;
            }
        }
        while g < groups {
            F16::mix_groups::<I, N, 1>(isa, halves, p, range.clone(), out, groups, g);
            g += 1;
        }
    }
}

/// 8-bit blocks of 32.
pub(super) struct Q8;

/// A block's quants and half scales.
type Quantised<'a> = (&'a [u8], &'a [[[u8; 2]; LANES]]);

impl Q8 {
    #[inline(always)]
    fn split(block: &[u8]) -> Quantised<'_> {
        // Of 34 bytes, 2 are the scale.
        let (quants, scales) = block.split_at_checked(block.len() / 34 * 32).unwrap_or_default();
        (quants, scales.as_chunks::<2>().0.as_chunks::<LANES>().0)
    }

    #[inline(always)]
    fn mix_groups<I: Isa, const N: usize, const G: usize>(
        isa: I,
        quants: &[[i8; LANES]],
        p: &[Group; N],
        range: Range<usize>,
        out: &mut [Output; N],
        groups: usize,
        g: usize,
    ) {
        let rows = quants.chunks_exact(groups.max(1)).enumerate().skip(range.start).take(range.len());
        let values = rows.filter_map(|(j, row)| {
            let row = row.get(g..)?.first_chunk::<G>()?;
            let mut values = [isa.x_splat(0.0); G];
            for (value, quants) in values.iter_mut().zip(row) {
                *value = isa.x_from_i8(quants);
            }
            Some((j, values))
        });
        add_values(isa, p, values, out, g);
    }
}

impl Format for Q8 {
    type Query = [Act32; MAX_HEAD_DIM / 32];

    #[inline(always)]
    fn query<I: Isa>(isa: I, row: &Output) -> Self::Query {
        let mut query = [Act32 { q: [[0; 4]; 8], d: 0.0, sums: [0; 2] }; MAX_HEAD_DIM / 32];
        for (act, pair) in query.iter_mut().zip(row.as_chunks::<2>().0) {
            *act = Act32::quantise(isa, pair);
        }
        query
    }

    /// Exact integer dots of 32 elements, scaled and added block by block.
    #[inline(always)]
    fn scores<I: Isa, const N: usize>(isa: I, queries: &[Self::Query; N], block: &[u8]) -> [I::X; N] {
        let mut scores = [[0.0; LANES]; N];
        let (quants, scales) = Q8::split(block);
        let words = quants.as_chunks::<4>().0.as_chunks::<LANES>().0.as_chunks::<8>().0;
        for part in 0..LANES / I::ROWS {
            let mut acc = [isa.f_splat(0.0); N];
            for (i, (words, scale)) in words.iter().zip(scales).enumerate() {
                let mut w = [isa.splat(0); 8];
                for (w, word) in w.iter_mut().zip(words) {
                    *w = isa.load(word, part);
                }
                let mut d = [0.0; LANES];
                isa.x_store(isa.x_from_f16(scale), &mut d);
                let d = isa.as_f32(isa.load(&d.map(f32::to_le_bytes), part));
                for (acc, query) in acc.iter_mut().zip(queries) {
                    let act = &query[i % (MAX_HEAD_DIM / 32)];
                    let sum = isa.to_f32(isa.dot_i8(isa.splat(0), &w, &act.q, act.sum()));
                    *acc = isa.f_add(*acc, isa.f_mul(isa.f_mul(d, isa.f_splat(act.d)), sum));
                }
            }
            for (scores, acc) in scores.iter_mut().zip(acc) {
                if let Some(out) = scores.get_mut(part * I::ROWS..) {
                    isa.f_store(acc, out);
                }
            }
        }
        scores.map(|scores| isa.x_load(&scores))
    }

    #[inline(always)]
    fn mix<I: Isa, const N: usize>(
        isa: I,
        block: &[u8],
        p: &[Group; N],
        range: Range<usize>,
        out: &mut [Output; N],
        groups: usize,
    ) {
        let (quants, scales) = Q8::split(block);
        let quants = bytemuck::try_cast_slice::<u8, i8>(quants).unwrap_or_default().as_chunks::<LANES>().0;
        for (i, scale) in scales.iter().enumerate() {
            let d = isa.x_from_f16(scale);
            let mut scaled = [[0.0; LANES]; N];
            for (scaled, p) in scaled.iter_mut().zip(p) {
                isa.x_store(isa.x_mul(isa.x_load(p), d), scaled);
            }
            if const { at_once::<I>(N) > 1 } {
                Q8::mix_groups::<I, N, 2>(isa, quants, &scaled, range.clone(), out, groups, 2 * i);
            } else {
                Q8::mix_groups::<I, N, 1>(isa, quants, &scaled, range.clone(), out, groups, 2 * i);
                Q8::mix_groups::<I, N, 1>(isa, quants, &scaled, range.clone(), out, groups, 2 * i + 1);
            }
        }
    }
}
