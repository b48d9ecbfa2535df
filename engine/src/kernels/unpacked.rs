//! Products with many tokens: each column of blocks is unpacked once for all of them.

use super::panel::{Group, Tile};
use super::prefetch::AHEAD;
use crate::quant::{Format, Unpacked};
use crate::simd::{Isa, LANES, RowBlocks, Rows};
use core::slice::Chunks;

/// The fewest tokens for which unpacking into memory pays: it takes as long as the products with a few.
pub(super) const FEW: usize = 16;

/// The tokens of most tiles: as many as there are registers for.
const TILE: usize = 12;

/// The most tokens that share one unpacking.
pub(super) const MANY: usize = 128;

/// The most tokens that share one unpacking where their sums are kept in the stack frame.
pub(super) const FEWER: usize = 64;

/// Adds a tile's products with as many tokens as there are `sums`.
#[inline(always)]
pub(super) fn add_group<I: Isa, B: Format>(isa: I, tile: Tile<'_, B>, sums: &mut [Group]) {
    let Tile { m, row, x, tokens, t } = tile;
    let columns = if m.interleaves(row) {
        RowBlocks::interleaved(m.blocks, m.row_blocks, row, LANES)
    } else {
        RowBlocks::new(m.blocks, m.row_blocks, row, LANES)
    };
    let Some(columns) = columns else { return };
    let mut quants = [[isa.splat(0); 8]; 8];
    let mut w = Unpacked::new(isa, &mut quants);
    // Prefetched in pieces, one with each tile of tokens: all lines of a column at once would wait for each other.
    let first = if t == 0 { row * m.row_blocks } else { m.blocks.len() };
    let mut read = m.blocks.get(first..).unwrap_or_default().chunks_exact(LANES);
    let pieces = LANES.div_ceil((sums.len() / TILE).max(1));
    for (rows, x) in columns.zip(x.chunks_exact(tokens.max(1))) {
        B::unpack(isa, rows, &mut w);
        let Some(x) = x.get(t..).and_then(|x| x.get(..sums.len())) else { return };
        let mut read = read.next().unwrap_or_default().chunks(pieces);
        let (x, sums) = add_tiles::<I, B, TILE>(isa, &w, x, sums, &mut read);
        let (x, sums) = add_tiles::<I, B, 4>(isa, &w, x, sums, &mut read);
        add_tiles::<I, B, 1>(isa, &w, x, sums, &mut read);
    }
}

/// Adds the products with `N` tokens at a time, prefetches for the next piece of `read` with each, and returns the tokens and sums
/// that are left.
#[inline(always)]
fn add_tiles<'a, I: Isa, B: Format, const N: usize>(
    isa: I,
    w: &Unpacked<'_, I>,
    x: &'a [B::Act],
    sums: &'a mut [Group],
    read: &mut Chunks<'_, B>,
) -> (&'a [B::Act], &'a mut [Group]) {
    let ((x, x_left), (sums, sums_left)) = (x.as_chunks::<N>(), sums.as_chunks_mut::<N>());
    for (x, sums) in x.iter().zip(sums) {
        isa.prefetch(read.next().unwrap_or_default(), AHEAD, Rows::<B>::SMALL);
        let dots = B::dot_unpacked(isa, w, isa.rebased(x));
        for (sum, dot) in sums.iter_mut().zip(&dots) {
            let before = isa.as_f32(isa.load(bytemuck::cast_ref(sum), 0));
            isa.f_store(isa.f_add(before, *dot), sum);
        }
    }
    (x_left, sums_left)
}
