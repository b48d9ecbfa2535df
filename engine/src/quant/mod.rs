//! Quantised blocks as they lie in a GGUF, and their values.
//!
//! Every type is `#[repr(C)]` of bytes alone, so its alignment is 1 and weights are used where they
//! lie, at any offset. Layouts and formulas are ggml's; values are bit-exact with ggml's reference
//! dequantisation, which means f32 arithmetic in the order that each type's documentation gives.

mod act;
mod float;
mod interleave;
mod iq4;
mod k2;
mod k3;
mod k45;
mod k6;
mod mxfp4;
mod q4;
mod q5;
mod q8;
mod tq;
mod unpacked;
mod weight;

use crate::simd::{Isa, LANES, Quads, Rows};
use bytemuck::Pod;
use half::f16;

pub use act::{Act32, Act256, ActKind};
pub use float::{BF16, F16, F32};
pub use interleave::Units;

/// Whether any instruction set of the target interleaves rows: none of a 32-bit Arm does.
pub(crate) const INTERLEAVES: bool = !cfg!(target_arch = "arm");
pub use iq4::{IQ4_VALUES, IQ4NL, IQ4XS};
pub use k2::Q2K;
pub use k3::Q3K;
pub use k6::Q6K;
pub use k45::{Q4K, Q5K};
pub use mxfp4::{MXFP4, MXFP4_VALUES};
pub use q4::{Q4_0, Q4_1};
pub use q5::{Q5_0, Q5_1};
pub use q8::{Q8_0, Q8K};
pub use tq::{TQ1_0, TQ2_0};
pub use unpacked::Unpacked;
pub(crate) use weight::with_format;
pub use weight::{Matrix, Weight, WeightType};

/// A quantised block as it lies in a GGUF.
pub trait Block: Pod {
    /// Weights in a block.
    const ELEMS: usize;
    /// ggml's name of the type, as in `Q4_K`.
    const NAME: &'static str;
    /// ggml's number of the type, as tensor infos carry it.
    const ID: u32;
    /// What an interleaved column consists of (see [`Units`]): first bytes and lengths of a block's parts,
    /// in the order in which [`Format::dot`] reads them. Each is whole words of four bytes, or a lone
    /// scale of one or two.
    const PARTS: &'static [(usize, usize)] = &[(0, size_of::<Self>())];

    /// Writes the block's weights to `out[ELEMS]`.
    ///
    /// Bit-exact with ggml, NaN bit patterns aside. A longer `out` keeps its tail; in a shorter one
    /// the values of an incomplete group are left out.
    fn dequantise(&self, out: &mut [f32]);
}

/// A little-endian f16 scale.
fn scale(bytes: [u8; 2]) -> f32 {
    f16::from_le_bytes(bytes).to_f32()
}

/// Maps 16 packed bytes to 32 values: the low nibbles in order, then the high ones.
fn map_nibbles(qs: &[u8; 16], out: &mut [f32], value: impl Fn(u8) -> f32) {
    for (half, shift) in out.as_chunks_mut::<16>().0.iter_mut().zip([0, 4]) {
        for (y, q) in half.iter_mut().zip(qs) {
            *y = value((q >> shift) & 0x0f);
        }
    }
}

/// The bit planes of 256-blocks: each 32 bytes once for every shift that brings a plane's bits down.
fn planes<const N: usize>(bytes: &[u8], shifts: [u32; N]) -> impl Iterator<Item = (&[u8; 32], u32)> {
    bytes.as_chunks::<32>().0.iter().flat_map(move |bytes| shifts.map(|shift| (bytes, shift)))
}

/// Asserts what reading blocks in place rests on: a type's size in bytes, and alignment 1.
macro_rules! assert_layout {
    ($($block:ty: $bytes:literal),+ $(,)?) => {
        $(const _: () = assert!(size_of::<$block>() == $bytes && align_of::<$block>() == 1);)+
    };
}
use assert_layout;
/// `for $i in [..] { .. }`, written out for the vector instruction set `$I`: compilers leave bodies as long
/// as these in a loop, with shifts and places computed over and over. Where rows go one by one it stays
/// a loop, and small.
macro_rules! unrolled {
    ($I:ident, $i:ident in [$($n:literal),+] $body:block) => {
        if $I::ROWS == 1 {
            for $i in [$($n),+] $body
        } else {
            $({ let $i: usize = $n; $body })+
        }
    };
}
use unrolled;

/// A block format with an integer dot product.
///
/// `dot` is written once, over the primitives of any [`Isa`]: it unpacks one block of each of
/// [`Isa::ROWS`] rows in registers and multiplies it with `T` tokens' activations. Integer sums are
/// exact; the `f32` operations on them are few and their order is part of the format.
pub trait Format: Block {
    /// The activations that a block is multiplied with.
    type Act: Pod;

    /// The blocks' dot products with each token's activations.
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Self::Act; T]) -> [I::F; T];

    /// Unpacks one block of each of [`Isa::ROWS`] rows.
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<I>);

    /// What [`Format::dot`] gives, of the blocks that [`Format::unpack`] unpacked.
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<I>, x: &[Self::Act; T]) -> [I::F; T];
}

/// A format whose elements are floats, multiplied with `f32` activations in sixteen lanes.
pub trait FloatFormat: Block {
    /// Sixteen elements as `f32`.
    fn load16<I: Isa>(isa: I, w: &[Self; LANES]) -> I::X;
}

/// The low nibbles of `N` words, and the high ones.
#[inline(always)]
fn split_nibbles<I: Isa, const N: usize>(isa: I, w: [I::W; N]) -> [[I::W; N]; 2] {
    let mask = isa.splat(0x0F0F_0F0F);
    let (mut low, mut high) = (w, w);
    for (low, high) in low.iter_mut().zip(&mut high) {
        *high = isa.and(isa.shr(*low, 4), mask);
        *low = isa.and(*low, mask);
    }
    [low, high]
}

/// The 32 quants of a 32-element block: the low nibbles of four words, then the high ones.
#[inline(always)]
pub(crate) fn nibbles<I: Isa>(isa: I, w: [I::W; 4]) -> [I::W; 8] {
    let [[a, b, c, d], [e, f, g, h]] = split_nibbles(isa, w);
    [a, b, c, d, e, f, g, h]
}

/// A scale and a minimum, the first two halves of a block. Interleaved they are units of their own ([`Block::PARTS`]),
/// which a vector unit converts on their way from memory.
#[inline(always)]
fn scale_and_min<I: Isa, T: Pod>(isa: I, rows: Rows<'_, T>) -> [I::F; 2] {
    if rows.are_interleaved() {
        return [isa.half_at(rows, 0), isa.half_at(rows, 2)];
    }
    let [both] = isa.words(rows, 0);
    [isa.f16_low(both), isa.f16_high(both)]
}

/// Eight words from byte `offset` of each row's block, as two groups of sixteen elements.
#[inline(always)]
fn two_groups<I: Isa, T: Pod>(isa: I, rows: Rows<'_, T>, offset: usize) -> [[I::W; 4]; 2] {
    [isa.words(rows, offset), isa.words(rows, offset + 16)]
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
fn dot_u8<I: Isa, const MAX: u8, const T: usize>(
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
fn dot_u8_with_min<I: Isa, const MAX: u8, const T: usize>(
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
fn dot_i8<I: Isa, const T: usize>(isa: I, d: I::F, q: &[I::W; 8], x: &[Act32; T]) -> [I::F; T] {
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
fn add_scaled<I: Isa, const MAX: u8, const N: usize, const T: usize>(
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

/// `(d * dx) * sum` in each lane.
#[inline(always)]
fn scaled<I: Isa>(isa: I, d: I::F, dx: f32, sum: I::W) -> I::F {
    isa.f_mul(isa.f_mul(d, isa.f_splat(dx)), isa.to_f32(sum))
}

/// `dx * (d * sum + m * sum_x)` in each lane.
#[inline(always)]
fn scaled_with_min<I: Isa>(isa: I, d: I::F, m: I::F, x: &Act32, sum: I::W) -> I::F {
    let products = isa.f_mul(d, isa.to_f32(sum));
    let offsets = isa.f_mul(m, isa.to_f32(isa.splat(x.sum as u32)));
    isa.f_mul(isa.f_add(products, offsets), isa.f_splat(x.d))
}

/// Each byte of a word as an `i32`.
#[inline(always)]
fn bytes<I: Isa>(isa: I, w: I::W) -> [I::W; 4] {
    let mask = isa.splat(0xFF);
    [isa.and(w, mask), isa.and(isa.shr(w, 8), mask), isa.and(isa.shr(w, 16), mask), isa.shr(w, 24)]
}

/// `acc + sum of s * sums`, the bytes of each word of `s` against two pairs of `sums`.
#[inline(always)]
fn dot_bytes<I: Isa>(isa: I, acc: I::W, s: &[I::W], sums: &[[i16; 2]]) -> I::W {
    let even = isa.splat(0x00FF_00FF);
    let mut acc = acc;
    for (&s, sums) in s.iter().zip(sums.as_chunks::<2>().0) {
        acc = isa.dot_i16(acc, isa.and(s, even), sums[0]);
        acc = isa.dot_i16(acc, isa.and(isa.shr(s, 8), even), sums[1]);
    }
    acc
}
