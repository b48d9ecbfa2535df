//! Matrix products with float weights.

use super::combine::{Combine, Piece, gate_tile};
use super::panel::{Group, for_tokens, group_row};
use crate::quant::{FloatFormat, Matrix};
use crate::simd::{Floats, Isa, LANES, Op, lanes};

/// The most tokens, and on sets with float vectors the most rows, that are multiplied at once.
const MOST: usize = 4;

/// Rows that are multiplied at once with `tokens`: as many as registers have sums for. One sum alone would wait for its last addition.
const fn rows_at_once<I: Isa>(tokens: usize) -> usize {
    let rows = if has_vectors::<I>() { <I::Floats as Floats>::SUMS / tokens } else { 1 };
    if rows > MOST { MOST } else { rows }
}

/// True on sets with float vectors.
const fn has_vectors<I: Isa>() -> bool {
    <I::Floats as Floats>::LANES > 1
}

/// True if several tokens share one load of weights: not where lanes are numbers, whose sums lie in memory, unless the compiler makes
/// vectors of them.
const fn several_tokens<I: Isa>() -> bool {
    has_vectors::<I>() || cfg!(target_feature = "sse2")
}

/// True if [`MOST`] tokens share it: registers have their sums, or a load is worth more than those.
const fn many_tokens<I: Isa, B: FloatFormat>() -> bool {
    has_vectors::<I>() || several_tokens::<I>() && B::TAKES_STEPS
}

/// A piece of a product.
pub(super) struct Float<'a, B> {
    /// The weights.
    pub(super) m: Matrix<'a, B>,
    /// The activations, a panel.
    pub(super) x: &'a [Group],
    /// Tokens of the activations.
    pub(super) tokens: usize,
    /// The rows, and the use of their products.
    pub(super) piece: Piece<'a>,
}

impl<B: FloatFormat> Op for Float<'_, B> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let Float { m, x, tokens, piece } = self;
        for (g, y) in piece.y.chunks_mut(group_row(tokens)).enumerate() {
            let row = piece.first_row + g * LANES;
            for_tokens!(tokens, [MOST => many_tokens::<I, B>(), 2 => several_tokens::<I>(), 1 => true], t, N => {
                let mut tile = [[0.0; LANES]; N];
                let x = Columns { x, tokens, t };
                // Numbers of rows are written out, as constants of types cannot stand for them.
                if const { !several_tokens::<I>() } {
                    row_by_row(isa, &m, row, x, &mut tile);
                } else if const { rows_at_once::<I>(N) == 4 } {
                    rows_together::<I, B, N, 4>(isa, &m, row, x, &mut tile);
                } else if const { rows_at_once::<I>(N) == 2 } {
                    rows_together::<I, B, N, 2>(isa, &m, row, x, &mut tile);
                } else {
                    rows_together::<I, B, N, 1>(isa, &m, row, x, &mut tile);
                }
                let y = y.as_chunks_mut::<LANES>().0.get_mut(t..).unwrap_or_default();
                combine_into(isa, piece.combine, &tile, y);
            });
        }
    }
}

/// The activations of some tokens, from `t` on.
#[derive(Clone, Copy)]
struct Columns<'a> {
    x: &'a [Group],
    tokens: usize,
    t: usize,
}

/// The products of sixteen rows from `row` on, one by one; of rows past the end, none. Where lanes are numbers, the compiler has the
/// sums of this loop in registers, which it has not for several rows.
#[inline(always)]
fn row_by_row<I: Isa, B: FloatFormat, const N: usize>(
    isa: I,
    m: &Matrix<'_, B>,
    row: usize,
    x: Columns<'_>,
    tile: &mut [Group; N],
) {
    for lane in 0..LANES {
        let start = (row + lane) * m.row_blocks;
        let Some(w) = m.blocks.get(start..).and_then(|w| w.get(..m.row_blocks)) else { break };
        for (tile, sum) in tile.iter_mut().zip(dot_row::<I, B, N>(isa, w, x)) {
            tile[lane] = sum;
        }
    }
}

/// One row times `N` tokens, in sixteen lanes.
#[inline(always)]
fn dot_row<I: Isa, B: FloatFormat, const N: usize>(isa: I, w: &[B], x: Columns<'_>) -> [f32; N] {
    let mut sums = [[0.0; LANES]; N];
    let (full, rest) = w.as_chunks::<LANES>();
    let last = padded(rest);
    let groups = full.iter().chain((!rest.is_empty()).then_some(&last));
    for (w, x_of_all) in groups.zip(x.x.chunks_exact(x.tokens.max(1))) {
        for f in lanes(isa) {
            let w = B::load(f, w);
            for (sums, x) in sums.iter_mut().zip(x_of_all.iter().skip(x.t)) {
                f.store(f.add(f.load(sums), f.mul(w, f.load(x))), sums);
            }
        }
    }
    sums.map(|sums| isa.sum(&sums))
}

/// A group of the weights that are left at the end of a row, padded with zeros, which leave the lanes' sums as they are.
#[inline(always)]
fn padded<B: FloatFormat>(rest: &[B]) -> [B; LANES] {
    let mut last = [B::zeroed(); LANES];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    last
}

/// The products of sixteen rows from `row` on, `R` rows at a time; of rows past the end, none.
#[inline(always)]
fn rows_together<I: Isa, B: FloatFormat, const N: usize, const R: usize>(
    isa: I,
    m: &Matrix<'_, B>,
    row: usize,
    x: Columns<'_>,
    tile: &mut [Group; N],
) {
    let rows = m.rows();
    for first in (0..LANES).step_by(R) {
        // Rows past the end are multiplied as the last one, in vain.
        let weights = core::array::from_fn(|r| {
            let start = (row + first + r).min(rows.saturating_sub(1)) * m.row_blocks;
            m.blocks.get(start..).and_then(|w| w.get(..m.row_blocks)).unwrap_or_default()
        });
        let sums = dot_rows::<_, _, N, R>(isa, weights, x);
        for (lane, sums) in (first..).zip(sums).take_while(|(lane, _)| row + lane < rows) {
            for (tile, sum) in tile.iter_mut().zip(sums) {
                tile[lane % LANES] = sum;
            }
        }
    }
}

/// `R` rows times `N` tokens, in sixteen lanes each.
#[inline(always)]
fn dot_rows<'a, I: Isa, B: FloatFormat, const N: usize, const R: usize>(
    isa: I,
    rows: [&[B]; R],
    x: Columns<'a>,
) -> [[f32; N]; R] {
    let mut sums = [[[0.0; LANES]; N]; R];
    let groups = rows.map(|row| row.as_chunks::<LANES>().0);
    let first = groups[0];
    // All rows are of one length. Where the compiler knows that, it checks nothing in the loop.
    if groups.iter().any(|groups| groups.len() != first.len()) {
        return [[0.0; N]; R];
    }
    let mut columns = x.x.chunks_exact(x.tokens.max(1));
    let of_tokens = |column: &'a [Group]| column.get(x.t..)?.first_chunk::<N>();
    for (i, (_, column)) in first.iter().zip(columns.clone()).enumerate() {
        let Some(x) = of_tokens(column) else { break };
        for (groups, sums) in groups.iter().zip(&mut sums) {
            let Some(w) = groups.get(i) else { break };
            add_products(isa, w, x, sums);
        }
    }
    let last = columns.nth(first.len()).and_then(of_tokens);
    for (row, sums) in rows.iter().zip(&mut sums) {
        let Some(x) = last else { break };
        add_products(isa, &padded(row.as_chunks::<LANES>().1), x, sums);
    }
    sums.map(|sums| sums.map(|sum| isa.sum(&sum)))
}

/// `sums += w * x` of each token, in sixteen lanes.
#[inline(always)]
fn add_products<I: Isa, B: FloatFormat, const N: usize>(
    isa: I,
    w: &[B; LANES],
    x: &[Group; N],
    sums: &mut [[f32; LANES]; N],
) {
    for f in lanes(isa) {
        let w = B::load(f, w);
        for (sum, x) in sums.iter_mut().zip(x) {
            f.store(f.add(f.load(sum), f.mul(w, f.load(x))), sum);
        }
    }
}

/// Puts `tile`'s sixteen products of each token in place.
#[inline(always)]
fn combine_into<I: Isa>(isa: I, combine: Combine, tile: &[Group], y: &mut [Group]) {
    match combine {
        Combine::Store => {
            for (product, y) in tile.iter().zip(y) {
                *y = *product;
            }
        }
        Combine::Gate(act) => gate_tile(isa, act, tile, y),
    }
}
