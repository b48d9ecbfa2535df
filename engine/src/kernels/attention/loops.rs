//! Scoring and mixing by a set's own loops, a query at a time: see [`AttentionLoops`].

use crate::kernels::panel::Group;
#[cfg(feature = "kv_q8_0")]
use crate::quant::Act32;
#[cfg(feature = "kv_q8_0")]
use crate::simd::ByteRow;
#[cfg(feature = "kv_f16")]
use crate::simd::HalfRow;
use crate::simd::{AttentionLoops, CachedRows, LANES};
use bytemuck::Pod;
#[cfg(feature = "kv_f16")]
use core::array::from_fn;
use core::ops::Range;

/// A block's bytes as whole numbers of `T`; empty where they are not aligned to words.
fn words<T: Pod>(bytes: &[u8]) -> &[T] {
    let whole = bytes.len() / size_of::<T>() * size_of::<T>();
    bytes.get(..whole).and_then(|bytes| bytemuck::try_cast_slice(bytes).ok()).unwrap_or_default()
}

/// Scores of a block's keys in halves: partial sums of the elements `i % 4`, added as `(0 + 1) + (2 + 3)`.
#[cfg(feature = "kv_f16")]
pub(super) fn score_halves(loops: &AttentionLoops, query: &[f32], block: &[u8]) -> Group {
    let rows: &[HalfRow] = words(block);
    let query = query.get(..rows.len()).unwrap_or_default();
    let mut sums = [[0.0; LANES]; 4];
    for (k, sums) in sums.iter_mut().enumerate() {
        let rows = CachedRows { rows: rows.get(k..).unwrap_or_default(), step: 4 };
        loops.add_halves(rows, query.get(k..).unwrap_or_default(), 4, sums);
    }
    from_fn(|l| (sums[0][l] + sums[1][l]) + (sums[2][l] + sums[3][l]))
}

/// Adds the values of the positions `range` in halves, each times its `p`.
#[cfg(feature = "kv_f16")]
pub(super) fn mix_halves(loops: &AttentionLoops, block: &[u8], p: &Group, range: Range<usize>, out: &mut [Group]) {
    let groups = out.len();
    let rows: &[HalfRow] = words(block);
    for (g, out) in out.iter_mut().enumerate() {
        let rows = CachedRows { rows: rows.get(range.start * groups + g..).unwrap_or_default(), step: groups };
        loops.add_halves(rows, p.get(range.clone()).unwrap_or_default(), 1, out);
    }
}

/// Scores of a block's keys in 8-bit blocks.
#[cfg(feature = "kv_q8_0")]
pub(super) fn score_bytes(
    loops: &AttentionLoops,
    query: &[Act32],
    quants: &[u8],
    scales: &[[[u8; 2]; LANES]],
) -> Group {
    let acts = bytemuck::try_cast_slice(query).unwrap_or_default();
    loops.dots(words(quants), words(scales.as_flattened().as_flattened()), acts)
}

/// Adds two groups of the values of the positions `range` in bytes, from group `g` on, each times its `p`.
#[cfg(feature = "kv_q8_0")]
pub(super) fn mix_bytes(
    loops: &AttentionLoops,
    quants: &[u8],
    p: &Group,
    range: Range<usize>,
    out: &mut [Group],
    g: usize,
) {
    let groups = out.len();
    let rows: &[ByteRow] = words(quants);
    for (g, out) in out.iter_mut().enumerate().skip(g).take(2) {
        let rows = CachedRows { rows: rows.get(range.start * groups + g..).unwrap_or_default(), step: groups };
        loops.add_bytes(rows, p.get(range.clone()).unwrap_or_default(), out);
    }
}
