//! Matrix products: dequantise and multiply in one go, one row loop for every format.

use super::activation;
use super::combine::{Combine, Piece, gate_tile};
use super::executor::Executor;
#[cfg(any(feature = "f32", feature = "f16", feature = "bf16"))]
use super::floats::Float;
use super::input::Input;
use super::panel::{Group, Tile, for_tokens, group_row};
use super::prefetch::AHEAD;
use super::strips::strips;
use super::unpacked::{FEW, FEWER, MANY, add_group};
use crate::quant::{Act, Format, Matrix, Weight, with_format};
use crate::simd::{Columns, Isa, LANES, Op, Panel, RowBlocks, Rows};

/// Parts of a column of this format that are multiplied with `N` tokens at once.
const fn parts_at_once<I: Isa, B: Format, const N: usize>() -> usize {
    let parts = LANES / I::ROWS;
    let most = if N > 1 && B::LAYOUT.is_one_of(I::ONE_PART) { 1 } else { I::PARTS_AT_ONCE };
    if parts < most { parts } else { most }
}

/// The most tokens that are multiplied with blocks of this format at once.
const fn most_tokens<I: Isa, B: Format>() -> usize {
    if B::LAYOUT.is_one_of(I::STREAMED) { I::TOKENS } else { <I::Many as Isa>::TOKENS }
}

/// True if there are tiles of 2, 4 or 8 `tokens`: of the most that fit in registers, and of two for those that are left. Behind tiles
/// of four at most three tokens are left: tiles of two would take more time to compile than they save, except on sets whose words
/// have a single row.
const fn has_tiles_of<I: Isa, B: Format>(tokens: usize) -> bool {
    let most = most_tokens::<I, B>();
    has_own_tiles::<I, B>() || tokens == most || tokens == 2 && (most == 8 || most == 4 && I::ROWS == 1)
}

/// Elements of a panel that one piece of work covers: whole groups, several pieces a thread as far as
/// each reads enough to be worth handing out.
fn chunk(w: &Weight<'_>, tokens: usize, threads: usize) -> usize {
    /// Bytes of weights, for one token.
    const PIECE: usize = 1 << 15;
    let groups = w.rows().div_ceil(LANES).max(1);
    if threads <= 1 {
        return groups.saturating_mul(LANES).saturating_mul(tokens);
    }
    let pieces = (w.bytes().saturating_mul(tokens) / PIECE).min(threads.saturating_mul(8)).max(threads);
    groups.div_ceil(pieces).saturating_mul(LANES).saturating_mul(tokens)
}

pub(super) fn linear<I: Isa>(isa: I, w: Weight<'_>, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
    single(isa, w, x, y, Combine::Store, executor);
}

pub(super) fn gate_by<I: Isa>(
    isa: I,
    up: Weight<'_>,
    act: activation::Act,
    x: &Input<'_>,
    y: &mut [Group],
    executor: &dyn Executor,
) {
    single(isa, up, x, y, Combine::Gate(act), executor);
}

fn single<I: Isa>(isa: I, w: Weight<'_>, x: &Input<'_>, y: &mut [Group], combine: Combine, executor: &dyn Executor) {
    let tokens = x.tokens.max(1);
    let chunk = chunk(&w, tokens, executor.threads());
    let groups = chunk / tokens;
    executor.for_rows(y.as_flattened_mut(), chunk, &|i, y| {
        let first_row = i * groups;
        product(isa, w, x, Piece { y, first_row, combine });
    });
}

pub(super) fn gated<I: Isa>(
    isa: I,
    [gate, up]: [Weight<'_>; 2],
    act: activation::Act,
    x: &Input<'_>,
    y: &mut [Group],
    executor: &dyn Executor,
) {
    let tokens = x.tokens.max(1);
    let chunk = chunk(&gate, tokens, executor.threads());
    let groups = chunk / tokens;
    executor.for_rows(y.as_flattened_mut(), chunk, &|i, y| {
        // A group of rows at a time, so that the gate's values are still at hand for the product.
        for (g, y) in y.chunks_mut(group_row(tokens)).enumerate() {
            let first_row = i * groups + g * LANES;
            product(isa, gate, x, Piece { y: &mut *y, first_row, combine: Combine::Store });
            product(isa, up, x, Piece { y, first_row, combine: Combine::Gate(act) });
        }
    });
}

/// A piece of a product.
fn product<I: Isa>(isa: I, w: Weight<'_>, x: &Input<'_>, piece: Piece<'_>) {
    with_format!(
        w,
        m => quantised(isa, m, x, piece),
        m => isa.plain().run(Float { m, x: x.float, tokens: x.tokens.max(1), piece })
    );
}

/// A piece of a product with quantised weights.
#[inline(always)]
fn quantised<I: Isa, B: Format>(isa: I, m: Matrix<'_, B>, x: &Input<'_>, piece: Piece<'_>) {
    const { assert!(B::LAYOUT.bytes() == size_of::<B>() && B::LAYOUT.elems() == B::ELEMS) };
    let tokens = x.tokens.max(1);
    let Some(loops) = isa.block_loops(B::LAYOUT) else {
        let product = Quantised { m, x: x.blocks(B::Act::KIND), tokens, piece };
        if const { B::LAYOUT.is_one_of(I::STREAMED) && !has_own_tiles::<I, B>() } || tokens == 1 {
            isa.plain().run(product);
        } else {
            isa.run(product);
        }
        return;
    };
    let w = bytemuck::cast_slice(m.blocks);
    if let Some(panel) = Panel::new(loops, w, m.row_blocks, x.blocks(B::Act::KIND), tokens) {
        strips(isa, &panel, piece);
    }
}

struct Quantised<'a, B: Format> {
    m: Matrix<'a, B>,
    x: &'a [B::Act],
    tokens: usize,
    piece: Piece<'a>,
}

impl<B: Format> Op for Quantised<'_, B> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let (m, x, tokens, combine) = (&self.m, self.x, self.tokens, self.piece.combine);
        for (g, y) in self.piece.y.chunks_mut(group_row(tokens)).enumerate() {
            let row = self.piece.first_row + g * LANES;
            let y = y.as_chunks_mut::<LANES>().0;
            let is_whole = m.has_rows(row + LANES);
            let many = tokens >= FEW && is_whole;
            let tile = Tile { m, row, x, tokens, t: 0 };
            if many && isa.run_unpacking(ManyTokens { tile, y: &mut *y, combine }) {
                continue;
            }
            // The largest tile that the registers hold, then smaller ones for the tokens that are left.
            for_tokens!(tokens, [
                8 => has_tiles_of::<I, B>(8),
                4 => has_tiles_of::<I, B>(4),
                2 => has_tiles_of::<I, B>(2),
                1 => true
            ], t, N => {
                let Some(y) = y.get_mut(t..).and_then(|y| y.first_chunk_mut::<N>()) else { break };
                // A product that is stored needs no memory of its own.
                let mut own = None;
                let products = match combine {
                    Combine::Store => &mut *y,
                    Combine::Gate(_) => own.insert([[0.0; LANES]; N]),
                };
                if !is_whole {
                    *products = [[0.0; LANES]; N];
                }
                let tile = Tile { t, ..tile };
                let interleaved = I::INTERLEAVES && m.interleaves(row);
                // Nested conditions, not a `match` on a tuple: rustc evaluates that too late, and compiles branches that are never taken.
                if const { N > 1 && has_own_tiles::<I, B>() } {
                    by_set(isa, interleaved, tile, products);
                } else if const { N > 1 && B::LAYOUT.is_one_of(I::STREAMED) } {
                    several(isa.single(), interleaved, tile, products);
                } else if const { N > 1 } {
                    several(isa.many(), interleaved, tile, products);
                } else if interleaved {
                    // One token's tile of interleaved rows is small: inlined, it is 5 to 10 % faster on AVX-512.
                    Interleaved { tile, products }.call(isa);
                } else {
                    isa.single().run_part(AsInFile { tile, products });
                }
                if let (Combine::Gate(gate), Some(products)) = (combine, &own) {
                    gate_tile(isa, gate, products, y);
                }
            });
        }
    }
}

/// The products of several tokens.
#[inline(always)]
fn several<I: Isa, B: Format, const N: usize>(isa: I, interleaved: bool, tile: Tile<'_, B>, products: &mut [Group; N]) {
    if I::INTERLEAVES && interleaved {
        isa.run_part(Interleaved { tile, products });
    } else {
        isa.run_part(AsInFile { tile, products });
    }
}

/// Sixteen rows from `row` on, times all tokens, each column of blocks unpacked once.
struct ManyTokens<'a, B: Format> {
    tile: Tile<'a, B>,
    y: &'a mut [Group],
    combine: Combine,
}

impl<B: Format> Op for ManyTokens<'_, B> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        // Products to be stored are added up in `y`. Those for a gate are added up in this stack frame, so fewer at a time.
        let most = if self.combine == Combine::Store { MANY } else { FEWER };
        for (s, y) in self.y.chunks_mut(most).enumerate() {
            let mut own = [[0.0; LANES]; FEWER];
            let sums =
                if self.combine == Combine::Store { &mut *y } else { own.get_mut(..y.len()).unwrap_or_default() };
            sums.fill([0.0; LANES]);
            add_group(isa, Tile { t: s * most, ..self.tile }, sums);
            if let Combine::Gate(act) = self.combine {
                gate_tile(isa, act, &own, y);
            }
        }
    }
}

/// True if the set's own loop, [`Isa::tile`], multiplies several tokens with the format.
const fn has_own_tiles<I: Isa, B: Format>() -> bool {
    B::LAYOUT.takes_two_tokens(I::ACTS)
}

/// The products of several tokens by [`Isa::tile`].
#[inline(always)]
fn by_set<I: Isa, B: Format, const N: usize>(isa: I, interleaved: bool, tile: Tile<'_, B>, products: &mut [Group; N]) {
    if tile.m.has_rows(tile.row + LANES) {
        return isa.run_part(SetTile { tile, interleaved, products });
    }
    // Fewer rows than sixteen go one by one: all lanes take the same row.
    for (lane, row) in (tile.row..tile.m.rows()).enumerate().take(LANES) {
        let mut same = [[0.0; LANES]; N];
        isa.run_part(SetTile { tile: Tile { row, ..tile }, interleaved, products: &mut same });
        for (products, [product, ..]) in products.iter_mut().zip(same) {
            if let Some(of_row) = products.get_mut(lane) {
                *of_row = product;
            }
        }
    }
}

/// The products of sixteen rows, or of a row sixteen times, by [`Isa::tile`].
struct SetTile<'a, B: Format, const N: usize> {
    tile: Tile<'a, B>,
    interleaved: bool,
    products: &'a mut [Group; N],
}

impl<B: Format, const N: usize> Op for SetTile<'_, B, N> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let Tile { m, row, .. } = self.tile;
        // Each order of rows has a loop of its own.
        if self.interleaved {
            self.multiply(isa, RowBlocks::interleaved(m.blocks, m.row_blocks, row, LANES));
        } else {
            self.multiply(isa, RowBlocks::new(m.blocks, m.row_blocks, row, LANES));
        }
    }
}

impl<B: Format, const N: usize> SetTile<'_, B, N> {
    #[inline(always)]
    fn multiply<I: Isa>(self, isa: I, rows: Option<RowBlocks<'_, B>>) {
        let Tile { x, tokens, t, .. } = self.tile;
        if let Some(columns) = rows.and_then(|rows| Columns::new(rows, x, tokens, t)) {
            isa.tile(columns, self.products);
        }
    }
}

/// The products of a tile of interleaved rows.
struct Interleaved<'a, B: Format, const N: usize> {
    tile: Tile<'a, B>,
    products: &'a mut [Group; N],
}

impl<B: Format, const N: usize> Op for Interleaved<'_, B, N> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let Interleaved { tile, products } = self;
        for part in (0..LANES / I::ROWS).step_by(const { parts_at_once::<I, B, N>() }) {
            match const { parts_at_once::<I, B, N>() } {
                2 => dot_group::<I, B, N, 2>(isa, tile, part, products),
                _ => dot_group::<I, B, N, 1>(isa, tile, part, products),
            }
        }
    }
}

/// The products of a tile of rows that follow each other as in a file.
struct AsInFile<'a, B: Format, const N: usize> {
    tile: Tile<'a, B>,
    products: &'a mut [Group; N],
}

impl<B: Format, const N: usize> Op for AsInFile<'_, B, N> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let AsInFile { tile, products } = self;
        let end = tile.row + LANES;
        let end = if tile.m.has_rows(end) { end } else { tile.m.rows() };
        let mut next = tile.row;
        while next < end {
            // The last rows, fewer than lanes, go one by one: all lanes take the same row.
            let lanes = if next + I::ROWS <= end { I::ROWS } else { 1 };
            dot_rows::<I, B, N>(isa, tile, next, lanes, products);
            next += lanes;
        }
    }
}

/// Rows `row..row + I::ROWS` times the tile's tokens; the first `lanes` results go to `products`.
#[inline(always)]
fn dot_rows<I: Isa, B: Format, const N: usize>(
    isa: I,
    tile: Tile<'_, B>,
    row: usize,
    lanes: usize,
    products: &mut [Group; N],
) {
    let Tile { m, x, tokens, t, .. } = tile;
    let part = row - tile.row;
    let Some(rows) = RowBlocks::new(m.blocks, m.row_blocks, row, I::ROWS) else { return };
    let Some(columns) = Columns::<_, _, N>::new(rows, x, tokens, t) else { return };
    // The first tile of tokens prefetches the rows behind these, as many blocks a step as it uses.
    let behind = if t == 0 { (row + I::ROWS) * m.row_blocks } else { m.blocks.len() };
    let mut behind = m.blocks.get(behind..).unwrap_or_default().chunks_exact(I::ROWS);
    let mut acc = [isa.f_splat(0.0); N];
    for (rows, x) in columns {
        isa.prefetch(behind.next().unwrap_or_default(), 0, Rows::<B>::SMALL);
        let x = isa.rebased(x);
        let dots = B::block_dots(isa, rows, x);
        for (acc, dot) in acc.iter_mut().zip(dots) {
            *acc = isa.f_add(*acc, dot);
        }
    }
    for (product, acc) in products.iter_mut().zip(acc) {
        if let Some(out) = product.get_mut(part..part + lanes) {
            isa.f_store(acc, out);
        }
    }
}

/// Parts `first..first + P` of the tile's rows, which are interleaved, times its tokens.
#[inline(always)]
fn dot_group<I: Isa, B: Format, const N: usize, const P: usize>(
    isa: I,
    tile: Tile<'_, B>,
    first: usize,
    products: &mut [Group; N],
) {
    let Tile { m, row, x, tokens, t } = tile;
    let Some(rows) = RowBlocks::interleaved(m.blocks, m.row_blocks, row, I::ROWS) else { return };
    // The first tile prefetches for the others. A distance of 0 avoids a branch in the hot loop.
    let rows = rows.fetching(if t == 0 { AHEAD } else { 0 });
    let Some(columns) = Columns::<_, _, N>::new(rows, x, tokens, t) else { return };
    // All parts of a column before the next column, so that loads overlap with computations.
    let mut acc = [[isa.f_splat(0.0); N]; P];
    for (rows, x) in columns {
        let x = isa.rebased(x);
        for (part, acc) in (first..).zip(&mut acc) {
            let dots = B::block_dots(isa, rows.from_lane(part * I::ROWS), x);
            for (acc, dot) in acc.iter_mut().zip(&dots) {
                let sum = isa.f_add(*acc, *dot);
                // With one token compilers compute both parts at once, and would spill the sums.
                *acc = if const { N == 1 } { isa.settled(sum) } else { sum };
            }
        }
    }
    for (part, acc) in (first..).zip(acc) {
        for (product, acc) in products.iter_mut().zip(acc) {
            if let Some(out) = product.get_mut(part * I::ROWS..(part + 1) * I::ROWS) {
                isa.f_store(acc, out);
            }
        }
    }
}
