//! The traits of formats that are multiplied with activations, and the dot products that formats share.

use super::act::{Act, Act32, Act256};
use super::block::Block;
use super::scale::{scaled, scaled_with_min};
use super::unpacked::{self, Unpacked};
use crate::simd::{BlockLayout, Floats, Isa, LANES, Quads, Rows};

/// A block format with an integer dot product.
///
/// `dot` is written once, over the primitives of any [`Isa`]: it unpacks one block of each of
/// [`Isa::ROWS`] rows in registers and multiplies it with `T` tokens' activations. Integer sums are
/// exact; the `f32` operations on them are few and their order is part of the format.
pub trait Format: Block {
    /// The layout of a block, by which sets know their own loops.
    const LAYOUT: BlockLayout;

    /// The activations that a block is multiplied with.
    type Act: Act;

    /// The blocks' dot products with each token's activations.
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Self::Act; T]) -> [I::F; T];

    /// Unpacks one block of each of [`Isa::ROWS`] rows.
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>);

    /// [`Format::dot`] of blocks that [`Format::unpack`] unpacked.
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Self::Act; T]) -> [I::F; T];
}

/// A format whose elements are floats, multiplied with `f32` activations in sixteen lanes.
pub trait FloatFormat: Block {
    /// Sixteen elements as `f32`.
    fn load<F: Floats>(f: F, w: &[Self; LANES]) -> F::V;
}

/// Evaluates `$one` for every token's value and activations, or `$two` for those of two where the set multiplies two
/// tokens at once. (Not a function of closures: these would not have the set's features.)
macro_rules! for_each_token {
    ($I:ident, $T:ident, $values:ident, $x:ident, |$v:pat_param, $a:ident| $one:expr, |$v2:pat_param, $b:ident| $two:expr) => {{
        let mut t = 0;
        if const { $I::PAIRS } {
            while t + 1 < $T {
                let ($v2, $a, $b) = ([$values[t], $values[t + 1]], &$x[t], &$x[t + 1]);
                [$values[t], $values[t + 1]] = $two;
                t += 2;
            }
        }
        while t < $T {
            let ($v, $a) = ($values[t], &$x[t]);
            $values[t] = $one;
            t += 1;
        }
    }};
}

/// `(d * dx) * (q . x + start * sum of x)` for every token: 32 quants, each at most `MAX`.
#[inline(always)]
pub(super) fn dot_u8<I: Isa, const MAX: u8, const T: usize>(
    isa: I,
    d: I::F,
    q: &[I::W; 8],
    start: i32,
    x: &[Act32; T],
) -> [I::F; T] {
    if const { I::TOGETHER && T > 1 } {
        return unpacked::dot32(isa, d, q, start, x);
    }
    let mut out = [d; T];
    for_each_token!(
        I,
        T,
        out,
        x,
        |_, a| scaled(isa, d, a.d, isa.dot_u8::<MAX, 8>(isa.splat((start * a.sum) as u32), q, &a.q)),
        |_, b| {
            let starts = [isa.splat((start * a.sum) as u32), isa.splat((start * b.sum) as u32)];
            let sums = isa.pair_u8::<MAX, 8>(starts, q, [&a.q, &b.q]);
            [scaled(isa, d, a.d, sums[0]), scaled(isa, d, b.d, sums[1])]
        }
    );
    out
}

/// `dx * (d * (q . x) + m * sum of x)` for every token: 32 quants, each at most `MAX`.
#[inline(always)]
pub(super) fn dot_u8_with_min<I: Isa, const MAX: u8, const T: usize>(
    isa: I,
    [d, m]: [I::F; 2],
    q: &[I::W; 8],
    x: &[Act32; T],
) -> [I::F; T] {
    if const { I::TOGETHER && T > 1 } {
        return unpacked::dot32_with_min(isa, [d, m], q, x);
    }
    let mut out = [d; T];
    for_each_token!(
        I,
        T,
        out,
        x,
        |_, a| scaled_with_min(isa, d, m, a, isa.dot_u8::<MAX, 8>(isa.splat(0), q, &a.q)),
        |_, b| {
            let sums = isa.pair_u8::<MAX, 8>([isa.splat(0); 2], q, [&a.q, &b.q]);
            [scaled_with_min(isa, d, m, a, sums[0]), scaled_with_min(isa, d, m, b, sums[1])]
        }
    );
    out
}

/// `(d * dx) * (q . x)` for every token: 32 signed quants.
#[inline(always)]
pub(super) fn dot_i8<I: Isa, const T: usize>(isa: I, d: I::F, q: &[I::W; 8], x: &[Act32; T]) -> [I::F; T] {
    if const { I::TOGETHER && T > 1 } {
        return unpacked::dot32(isa, d, &unpacked::unsigned(isa, *q), -128, x);
    }
    let mut out = [d; T];
    for_each_token!(I, T, out, x, |_, a| scaled(isa, d, a.d, isa.dot_i8(isa.splat(0), q, &a.q, a.sum)), |_, b| {
        let sums = isa.pair_i8([isa.splat(0); 2], q, [&a.q, &b.q], [a.sum, b.sum]);
        [scaled(isa, d, a.d, sums[0]), scaled(isa, d, b.d, sums[1])]
    });
    out
}

/// `sums += scale * (q . x)` for every token: the `N` words of quants from `N * i` on, each at most `MAX`.
#[inline(always)]
pub(super) fn add_scaled<I: Isa, const MAX: u8, const N: usize, const T: usize>(
    isa: I,
    sums: &mut [I::W; T],
    q: &[I::W; N],
    x: &[Act256; T],
    i: usize,
    scale: I::W,
) {
    if const { I::TOGETHER && T > 1 } {
        return isa.add_dots_u8(sums, q, x, i, scale);
    }
    for_each_token!(I, T, sums, x, |sum, a| isa.dot_u8_scaled::<MAX, N>(sum, q, a.quads(i), scale), |two, b| isa
        .pair_u8_scaled::<MAX, N>(two, q, [a.quads(i), b.quads(i)], scale));
}

/// `acc + sum of s * sums`, the bytes of each word of `s` against two pairs of `sums`.
#[inline(always)]
pub(super) fn dot_bytes<I: Isa>(isa: I, acc: I::W, s: &[I::W], sums: &[[i16; 2]]) -> I::W {
    let even = isa.splat(0x00FF_00FF);
    let mut acc = acc;
    for (&s, sums) in s.iter().zip(sums.as_chunks::<2>().0) {
        acc = isa.dot_i16(acc, isa.and(s, even), sums[0]);
        acc = isa.dot_i16(acc, isa.and(isa.shr(s, 8), even), sums[1]);
    }
    acc
}
