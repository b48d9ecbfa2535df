//! Storing a matrix product, or combining it with a gate.

use super::activation::{Act, activate};
use super::panel::Group;
use crate::simd::{Floats, Isa, Op, lanes};

/// The use of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Combine {
    /// `y = product`.
    Store,
    /// `y = act(y) * product`.
    Gate(Act),
}

/// A piece of a product: its rows from `first_row` on, as many as `y` has groups for.
pub(super) struct Piece<'a> {
    /// The products, a panel.
    pub(super) y: &'a mut [f32],
    /// The first row.
    pub(super) first_row: usize,
    /// The use of the products.
    pub(super) combine: Combine,
}

/// `y = act(y) * tile`. Not part of each format's loop, which would have it once for every tile of tokens.
#[inline(never)]
pub(super) fn gate_tile<I: Isa>(isa: I, act: Act, tile: &[Group], y: &mut [Group]) {
    isa.run(GateTile { act, tile, y });
}

struct GateTile<'a> {
    act: Act,
    tile: &'a [Group],
    y: &'a mut [Group],
}

impl Op for GateTile<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        for (product, y) in self.tile.iter().zip(self.y) {
            for f in lanes(isa) {
                let activated = activate(f, self.act, f.load(y));
                f.store(f.mul(activated, f.load(product)), y);
            }
        }
    }
}
