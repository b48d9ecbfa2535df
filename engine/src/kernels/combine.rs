//! Storing a matrix product, or combining it with a gate.

use super::elementwise::Gate;
use super::panel::Group;
use crate::simd::{Floats, Isa, Op, lanes, math};

/// The use of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Combine {
    /// `y = product`.
    Store,
    /// `y = act(y) * product`.
    Gate(Gate),
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

/// Puts `tile`'s sixteen products of each token in place.
#[inline(always)]
pub(super) fn combine_into<I: Isa>(isa: I, combine: Combine, tile: &[Group], y: &mut [Group]) {
    match combine {
        Combine::Store => {
            for (product, y) in tile.iter().zip(y) {
                *y = *product;
            }
        }
        Combine::Gate(gate) => gate_tile(isa, gate, tile, y),
    }
}

/// `y = act(y) * tile`. Not part of each format's loop, which would have it once for every tile of tokens.
#[inline(never)]
pub(super) fn gate_tile<I: Isa>(isa: I, gate: Gate, tile: &[Group], y: &mut [Group]) {
    isa.run(GateTile { gate, tile, y });
}

struct GateTile<'a> {
    gate: Gate,
    tile: &'a [Group],
    y: &'a mut [Group],
}

impl Op for GateTile<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        for (product, y) in self.tile.iter().zip(self.y) {
            for f in lanes(isa) {
                let g = f.load(y);
                let inner = match self.gate {
                    Gate::Silu => g,
                    Gate::Gelu => {
                        // tanh(z) = 2 sigmoid(2z) - 1, so 0.5 x (1 + tanh(z)) = x sigmoid(2z).
                        let cube = f.mul(f.mul(g, g), g);
                        f.mul(f.splat(1.595_769), f.add(g, f.mul(f.splat(0.044_715), cube)))
                    }
                };
                let activated = f.mul(g, math::sigmoid(f, inner));
                f.store(f.mul(activated, f.load(product)), y);
            }
        }
    }
}
