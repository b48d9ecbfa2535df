//! The traits of formats that are multiplied with activations, and the dot products that formats share.

use super::act::{Act, Act32};
use super::block::Block;
use super::scale::{scaled, scaled_with_min};
use super::unpacked::Unpacked;
use crate::simd::{BlockLayout, Floats, Isa, LANES, Rows};

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

/// `(d * dx) * (q . x + start * sum of x)` for every token: 32 quants, each at most `MAX`.
#[inline(always)]
pub(super) fn dot_u8<I: Isa, const MAX: u8, const T: usize>(
    isa: I,
    d: I::F,
    q: &[I::W; 8],
    start: i32,
    x: &[Act32; T],
) -> [I::F; T] {
    let mut sums = [isa.splat(0); T];
    for (sum, x) in sums.iter_mut().zip(x) {
        // By way of memory: what is loaded comes to every lane for nothing, what is in a register takes a product's time.
        *sum = isa.splat(*isa.rebased(&((start * x.sum) as u32)));
    }
    isa.dots_u8::<MAX, 8, T>(&mut sums, q, x, 0);
    scale_each(isa, d, &sums, x)
}

/// `(d * dx) * (q . x)` for every token: 32 signed quants.
#[inline(always)]
pub(super) fn dot_i8<I: Isa, const T: usize>(isa: I, d: I::F, q: &[I::W; 8], x: &[Act32; T]) -> [I::F; T] {
    let mut sums = [isa.splat(0); T];
    isa.dots_i8(&mut sums, q, x, 0);
    scale_each(isa, d, &sums, x)
}

/// `(d * dx) * sum` for every token.
#[inline(always)]
fn scale_each<I: Isa, const T: usize>(isa: I, d: I::F, sums: &[I::W; T], x: &[Act32; T]) -> [I::F; T] {
    let mut out = [d; T];
    for ((out, x), &sum) in out.iter_mut().zip(x).zip(sums) {
        *out = scaled(isa, d, x.d, sum);
    }
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
    let mut sums = [isa.splat(0); T];
    isa.dots_u8::<MAX, 8, T>(&mut sums, q, x, 0);
    let mut out = [d; T];
    for ((out, x), &sum) in out.iter_mut().zip(x).zip(&sums) {
        *out = scaled_with_min(isa, d, m, x, sum);
    }
    out
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
