//! Matrix products of sets that have block loops of their own.

use super::combine::{Combine, Piece, gate_tile};
use super::panel::group_row;
use crate::simd::{Isa, LANES, Panel};

/// A piece of a product by the set's own block loops. One function for all formats, as it is the same for all.
#[inline(never)]
pub(super) fn strips<I: Isa>(isa: I, panel: &Panel<'_>, piece: Piece<'_>) {
    for (g, y) in piece.y.chunks_mut(group_row(panel.tokens())).enumerate() {
        let row = piece.first_row + g * LANES;
        let y = y.as_chunks_mut::<LANES>().0;
        let mut t = 0;
        while t < panel.tokens() {
            let Some(y) = y.get_mut(t..) else { return };
            let done = match piece.combine {
                Combine::Store => panel.multiply(row, t, y),
                Combine::Gate(act) => {
                    let mut products = [[0.0; LANES]; Panel::TOKENS];
                    let done = panel.multiply(row, t, &mut products);
                    gate_tile(isa, act, products.get(..done).unwrap_or_default(), y);
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
