//! Matrix products of sets that have block loops of their own.

use super::combine::{Combine, Piece, combine_into, gate_tile};
use super::panel::group_row;
use crate::quant::{Act, Format, Matrix};
use crate::simd::{BlockLoops, Isa, LANES, Op, Panel, RowBlocks};

/// Rows `first_row..` of a product by the set's own block loops.
pub(super) struct Strips<'a> {
    pub(super) loops: BlockLoops,
    pub(super) panel: Panel<'a>,
    pub(super) piece: Piece<'a>,
}

impl Op for Strips<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        for (g, y) in self.piece.y.chunks_mut(group_row(self.panel.tokens)).enumerate() {
            let row = self.piece.first_row + g * LANES;
            let y = y.as_chunks_mut::<LANES>().0;
            let mut t = 0;
            while t < self.panel.tokens {
                let Some(y) = y.get_mut(t..) else { return };
                let done = match self.piece.combine {
                    Combine::Store => self.loops.multiply(&self.panel, row, t, y),
                    Combine::Gate(gate) => {
                        let mut products = [[0.0; LANES]; BlockLoops::TOKENS];
                        let done = self.loops.multiply(&self.panel, row, t, &mut products);
                        gate_tile(isa, gate, products.get(..done).unwrap_or_default(), y);
                        done
                    }
                };
                if done == 0 {
                    return;
                }
                t += done;
            }
        }
    }
}

/// A product with activations in the form of pairs, for formats that the set has no block loop for: each block of
/// activations becomes bytes again for sixteen rows.
pub(super) struct FromPairs<'a, B: Format> {
    pub(super) m: Matrix<'a, B>,
    pub(super) x: &'a [<B::Act as Act>::Pairs],
    pub(super) tokens: usize,
    pub(super) piece: Piece<'a>,
}

impl<B: Format> Op for FromPairs<'_, B> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let row_blocks = self.m.row_blocks;
        for (g, y) in self.piece.y.chunks_mut(group_row(self.tokens)).enumerate() {
            let row = self.piece.first_row + g * LANES;
            for (t, y) in y.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                let mut sums = [[0.0; LANES]];
                let mut acc = [isa.f_splat(0.0); LANES];
                for (column, x) in self.x.iter().skip(t).step_by(self.tokens).take(row_blocks).enumerate() {
                    let x = [B::Act::from(*x)];
                    for (lane, acc) in acc.iter_mut().enumerate().take(self.m.rows().saturating_sub(row)) {
                        let block = self.m.blocks.get((row + lane) * row_blocks + column..).unwrap_or_default();
                        let Some(block) = RowBlocks::new(block, 1, 0, 1).and_then(|mut rows| rows.next()) else {
                            return;
                        };
                        let [dot] = B::dot(isa, block, &x);
                        *acc = isa.f_add(*acc, dot);
                    }
                }
                for (sum, acc) in sums[0].chunks_mut(1).zip(acc) {
                    isa.f_store(acc, sum);
                }
                combine_into(isa, self.piece.combine, &sums, core::slice::from_mut(y));
            }
        }
    }
}
