//! Matrix products of every format.

use crate::check::Test;
use alloc::{format, vec, vec::Vec};
use core::fmt;
use flashlet::internal::kernels::Group;
use flashlet::internal::quant::{Weight, WeightType};
use flashlet::internal::simd::LANES;
use flashlet::kernels::{Act, Inline, Kernels};
use flashlet_test_data::{Activations, Placed, Rng, activations, interleaved, panel, weights};

/// Rows around the lanes of every set, and tokens around every tile, each with one of the other; 23 tokens are tiles of
/// every size, in interleaved rows too.
const SHAPES: [(usize, usize); 14] = [
    (1, 1),
    (1, 9),
    (2, 2),
    (3, 1),
    (4, 3),
    (5, 1),
    (7, 8),
    (8, 1),
    (9, 4),
    (15, 2),
    (16, 1),
    (17, 23),
    (33, 1),
    (40, 2),
];

/// `w . x`, as one set computes it, its own quantisation included.
pub(crate) fn linear(kernels: &dyn Kernels, w: Weight<'_>, x: &[Group], tokens: usize) -> Vec<Group> {
    let kind = w.ty().act_kind();
    let mut activations = Activations::new(x, tokens);
    let mut buffer = activations.fill(kernels, x, tokens, None, kind);
    let mut y = vec![[f32::NAN; LANES]; w.rows().div_ceil(LANES) * tokens];
    kernels.linear(w, &buffer.input(kernels, kind), &mut y, &Inline);
    y
}

fn gated(kernels: &dyn Kernels, [gate, up]: [Weight<'_>; 2], act: Act, x: &[Group], tokens: usize) -> Vec<Group> {
    let mut y = vec![[f32::NAN; LANES]; gate.rows().div_ceil(LANES) * tokens];
    let mut activations = Activations::new(x, tokens);
    let mut buffer = activations.fill(kernels, x, tokens, None, gate.ty().act_kind());
    if gate.ty().act_kind() == up.ty().act_kind() {
        kernels.gated([gate, up], act, &buffer.input(kernels, gate.ty().act_kind()), &mut y, &Inline);
    } else {
        kernels.linear(gate, &buffer.input(kernels, gate.ty().act_kind()), &mut y, &Inline);
        kernels.gate_by(up, act, &buffer.input(kernels, up.ty().act_kind()), &mut y, &Inline);
    }
    y
}

/// Offsets of weights from an aligned address; the shapes take them in turn, and each width begins with another.
const OFFSETS: usize = 4;

pub(crate) fn run(test: &mut Test<'_>) -> fmt::Result {
    let mut rng = Rng(1);
    let interleaving: Vec<_> = test.kernels.iter().copied().filter(|kernels| kernels.interleaves()).collect();
    for &ty in WeightType::ALL {
        let elems = ty.block_elems();
        let widths: &[usize] = if elems == 1 { &[1, 15, 17, 100] } else { &[elems, 2 * elems, 3 * elems] };
        for (i, &cols) in widths.iter().enumerate() {
            for (j, (rows, tokens)) in SHAPES.into_iter().enumerate() {
                let offset = (i + j) % OFFSETS;
                let bytes = Placed::new(&weights(&mut rng, ty, rows * cols / elems), offset);
                let Some(w) = Weight::new(ty, bytes.bytes(), cols) else { continue };
                let first = rng.below(6);
                let x: Vec<_> = (first..first + tokens).map(|t| activations(&mut rng, t, cols)).collect();
                let x = panel(&x);
                let what = format_args!("{} {rows}x{cols} at {offset}, {tokens} tokens", ty.name());
                test.same_bits(what, |kernels| linear(kernels, w, &x, tokens))?;
                if interleaving.is_empty() || rows < LANES {
                    continue;
                }
                let Some(other) = interleaved(ty, bytes.bytes(), cols) else { continue };
                let other = Placed::new(&other, offset);
                let Some(other) = Weight::new(ty, other.bytes(), cols).map(Weight::interleaved) else { continue };
                let plain = linear(test.oracle, w, &x, tokens);
                let what = format_args!("{} {rows}x{cols} interleaved at {offset}, {tokens} tokens", ty.name());
                test.same_as(what, &plain, &interleaving, |kernels| linear(kernels, other, &x, tokens))?;
            }
        }
        test.done(&format!("products {}", ty.name()))?;
    }
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    for (&ty, odd) in WeightType::ALL.iter().zip(odd.into_iter().cycle()) {
        let bytes = weights(&mut rng, ty, 17 * 512 / ty.block_elems());
        let Some(w) = Weight::new(ty, &bytes, 512) else { continue };
        let mut x = rng.vector(512, 3.0);
        (x[5], x[300]) = (odd, 1.0e30);
        let x = panel(&[x]);
        test.same_bits(format_args!("{} with {odd}", ty.name()), |kernels| linear(kernels, w, &x, 1))?;
    }
    test.done("products with values that are not finite")?;
    for (i, &gate) in WeightType::ALL.iter().enumerate() {
        for (j, (rows, tokens)) in [(1, 1), (7, 3), (16, 4), (33, 1), (40, 8)].into_iter().enumerate() {
            // Every other pair has two formats.
            let up = WeightType::ALL[(i + j % 2 * (j + 3)) % WeightType::ALL.len()];
            let [g, u] = [gate, up].map(|ty| weights(&mut rng, ty, rows * 512 / ty.block_elems()));
            let (g, u) = (Placed::new(&g, j % OFFSETS), Placed::new(&u, (i + j) % OFFSETS));
            let (g, u) = (Weight::new(gate, g.bytes(), 512), Weight::new(up, u.bytes(), 512));
            let (Some(g), Some(u)) = (g, u) else { continue };
            let x: Vec<_> = (0..tokens).map(|t| activations(&mut rng, 5 + t, 512)).collect();
            let x = panel(&x);
            for act in [Act::Silu, Act::Gelu] {
                let what = format_args!("{act:?} of {} and {}, {rows} rows", gate.name(), up.name());
                test.same_bits(what, |kernels| gated(kernels, [g, u], act, &x, tokens))?;
            }
        }
    }
    test.done("gated products")
}
