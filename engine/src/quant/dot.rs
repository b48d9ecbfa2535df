//! The kernels that multiply a block with activations, one for each pair of quants and scales.

use super::act::{Act, Act32, Act256};
use super::block::Block;
use super::description::Described;
use super::read::Reader;
use super::source::{Source, each_32};
use super::sub_scales::SubScales;
use super::unpacked::Unpacked;
use super::unrolled::unrolled;
use crate::simd::{BlockLayout, Blocks, Floats, Isa, LANES, Quads, Rows};
use core::borrow::Borrow;

/// A block format with an integer dot product.
///
/// A kernel is written once, over the primitives of any [`Isa`]: it unpacks one block of each of
/// [`Isa::ROWS`] rows in registers and multiplies it with `T` tokens' activations. Integer sums are
/// exact; the `f32` operations on them are few and their order is part of the format.
pub trait Format: Described {
    /// The layout of a block, by which sets know their own loops.
    const LAYOUT: BlockLayout;

    /// The activations that a block is multiplied with.
    type Act: Act + Quads;

    /// The blocks' dot products with each token's activations.
    fn dot<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Self::Act; T]) -> [I::F; T];

    /// [`Format::dot`], or the set's own.
    #[inline(always)]
    fn block_dots<I: Isa, const T: usize>(isa: I, rows: Rows<'_, Self>, x: &[Self::Act; T]) -> [I::F; T] {
        match isa.block_dots(rows, x) {
            Some(dots) => dots,
            None => Self::dot(isa, rows, x),
        }
    }

    /// Unpacks one block of each of [`Isa::ROWS`] rows.
    #[inline(always)]
    fn unpack<I: Isa>(isa: I, rows: Rows<'_, Self>, to: &mut Unpacked<'_, I>) {
        to.fill::<Self>(isa, &Reader::new(isa, rows));
    }

    /// [`Format::dot`] of blocks that [`Format::unpack`] unpacked.
    fn dot_unpacked<I: Isa, const T: usize>(isa: I, w: &Unpacked<'_, I>, x: &[Self::Act; T]) -> [I::F; T];
}

impl<B: Format> Blocks for B {
    const LAYOUT: BlockLayout = <B as Format>::LAYOUT;
}

/// A format whose elements are floats, multiplied with `f32` activations in sixteen lanes.
pub trait FloatFormat: Block {
    /// True if portable code takes several steps to make an `f32` of an element, which many tokens share.
    const TAKES_STEPS: bool = false;

    /// Sixteen elements as `f32`.
    fn load<F: Floats>(f: F, w: &[Self; LANES]) -> F::V;
}

/// Declares a kernel: its formula, and the body of its `dot`.
macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident $(<$MAX:ident>)?, $act:ty,
     |$isa:ident, $w:ident, $x:ident| $body:block) => {
        $(#[$doc])*
        pub(super) struct $name $(<const $MAX: u8>)?;

        impl $(<const $MAX: u8>)? $name $(<$MAX>)? {
            #[inline(always)]
            pub(super) fn dot<I: Isa, B: Format, S: Source<I, B>, const T: usize>(
                $isa: I,
                $w: S,
                $x: &[$act; T],
            ) -> [I::F; T] {
                $(const { assert!($MAX == B::DESCRIPTION.max()) };)?
                $body
            }
        }
    };
}

kernel! {
    /// Blocks of 32, quants at most `MAX`: `(d * dx) * (q . x + start * sum of x)`.
    One32<MAX>, Act32, |isa, w, x| {
        let q = w.quants(isa, [&w.low(isa, 0), &w.high(isa, 0)], 0);
        let [d, _] = w.scales(isa);
        let mut sums = starts32(isa, const { B::DESCRIPTION.start() }, x);
        isa.dots_u8::<MAX, 8, T>(&mut sums, q.borrow(), x, 0);
        scaled32(isa, d, &sums, x)
    }
}

kernel! {
    /// Blocks of 32 with a minimum, quants at most `MAX`: `dx * (d * (q . x) + m * sum of x)`.
    One32WithMin<MAX>, Act32, |isa, w, x| {
        let [d, m] = w.scales(isa);
        let q = w.quants(isa, [&w.low(isa, 0), &w.high(isa, 0)], 0);
        let mut sums = [isa.splat(0); T];
        isa.dots_u8::<MAX, 8, T>(&mut sums, q.borrow(), x, 0);
        let mut out = [d; T];
        for ((out, x), &sum) in out.iter_mut().zip(x).zip(&sums) {
            let products = isa.f_mul(d, isa.to_f32(sum));
            let mins = isa.f_mul(m, isa.to_f32(isa.splat(x.sum as u32)));
            *out = isa.f_mul(isa.f_add(products, mins), isa.f_splat(x.d));
        }
        out
    }
}

kernel! {
    /// Blocks of 32 signed quants: `(d * dx) * (q . x)`.
    Signed32, Act32, |isa, w, x| {
        let q = w.quants(isa, [&w.low(isa, 0), &w.high(isa, 0)], 0);
        let [d, _] = w.scales(isa);
        let mut sums = starts32(isa, const { if S::IN_MEMORY { -128 } else { 0 } }, x);
        S::add_signed(isa, &mut sums, q.borrow(), x, 0);
        scaled32(isa, d, &sums, x)
    }
}

kernel! {
    /// Blocks of 256 with one scale, quants at most `MAX`: `(d * dx) * (q . x + start * sum of x)`.
    One256<MAX>, Act256, |isa, w, x| {
        let mut sums = starts256(isa, const { B::DESCRIPTION.start() }, x);
        each_32!(isa, w, |i, q| {
            isa.dots_u8::<MAX, 8, T>(&mut sums, q, x, i);
        });
        scaled256(isa, w.scales(isa)[0], &sums, x)
    }
}

kernel! {
    /// Blocks of 256 signed quants with one scale: `(d * dx) * (q . x)`.
    Signed256, Act256, |isa, w, x| {
        let mut sums = starts256(isa, const { if S::IN_MEMORY { -128 } else { 0 } }, x);
        each_32!(isa, w, |i, q| {
            S::add_signed(isa, &mut sums, q, x, i);
        });
        scaled256(isa, w.scales(isa)[0], &sums, x)
    }
}

kernel! {
    /// Sub-blocks of 32 signed quants: `(d * dx) * (sum of scale * (q . x))`.
    SignedSubs32, Act256, |isa, w, x| {
        let mut sums = [isa.splat(0); T];
        each_32!(isa, w, |i, q| {
            S::add_signed_scaled(isa, &mut sums, (q, w.sub_scale(isa, i)), x, i);
        });
        if const { S::IN_MEMORY } {
            // Two scales to a word: 0 and 2, 1 and 3, 4 and 6, 5 and 7.
            let low = isa.splat(0xFFFF);
            let mut starts = [isa.splat(0); T];
            unrolled!(I, pair in [0, 1, 2, 3] {
                let first = pair / 2 * 4 + pair % 2;
                let (a, b) = (w.sub_scale(isa, first), w.sub_scale(isa, first + 2));
                let both = isa.or(isa.and(a, low), isa.shl(b, 16));
                for (start, x) in starts.iter_mut().zip(x) {
                    *start = isa.dot_i16(*start, both, x.sums32[pair]);
                }
            });
            for (sum, &start) in sums.iter_mut().zip(&starts) {
                *sum = isa.sub(*sum, isa.shl(start, 7));
            }
        }
        scaled256(isa, w.scales(isa)[0], &sums, x)
    }
}

kernel! {
    /// Sub-blocks of 16, quants at most `MAX`: `(d * dx) * (sum of scale * (q . x + start * sum of x))`.
    Subs16<MAX>, Act256, |isa, w, x| {
        let [d, _] = w.scales(isa);
        let mut sums = sums16::<I, B, S, MAX, T>(isa, &w, x);
        // The scales are plus a bias, and the start is less than 0 by a power of two.
        let bias = const { -(SubScales::<I>::bias(B::DESCRIPTION.form) as i32) };
        let mut offsets = starts256(isa, bias, x);
        add_bytes(isa, &mut offsets, &w.sub_scales().scales, x, |x| &x.sums16);
        for (sum, &offset) in sums.iter_mut().zip(&offsets) {
            *sum = isa.sub(*sum, isa.shl(offset, const { B::DESCRIPTION.start().trailing_zeros() }));
        }
        scaled256(isa, d, &sums, x)
    }
}

kernel! {
    /// Sub-blocks of 16 with a minimum each, quants at most `MAX`:
    /// `(d * dx) * (sum of scale * (q . x)) - (dmin * dx) * (mins . sums of x)`.
    Mins16<MAX>, Act256, |isa, w, x| {
        let sums = sums16::<I, B, S, MAX, T>(isa, &w, x);
        let [d, dmin] = w.scales(isa);
        let mut mins = [isa.splat(0); T];
        add_bytes(isa, &mut mins, &w.sub_scales().mins, x, |x| &x.sums16);
        less(isa, scaled256(isa, d, &sums, x), scaled256(isa, dmin, &mins, x))
    }
}

kernel! {
    /// Sub-blocks of 32 with a minimum each, quants at most `MAX`:
    /// `(d * dx) * (sum of scale * (q . x)) - (dmin * dx) * (mins . sums of x)`.
    Mins32<MAX>, Act256, |isa, w, x| {
        let [d, dmin] = w.scales(isa);
        let sums = if const { S::IN_MEMORY && MAX == 15 } {
            exact_sums32::<I, B, S, MAX, T>(isa, &w, x)
        } else {
            let mut sums = [isa.splat(0); T];
            each_32!(isa, w, |i, q| {
                isa.scaled_dots_u8::<MAX, 8, T>(&mut sums, q, x, i, w.sub_scale(isa, i));
            });
            to_f32(isa, &sums)
        };
        let mut mins = [isa.splat(0); T];
        add_bytes(isa, &mut mins, &w.sub_scales().mins[..2], x, |x| &x.sums32);
        less(isa, scale_by(isa, d, sums, x), scaled256(isa, dmin, &mins, x))
    }
}

/// `sum of scale * (q . x)`, sub-blocks of 16.
#[inline(always)]
fn sums16<I: Isa, B: Format, S: Source<I, B>, const MAX: u8, const T: usize>(
    isa: I,
    w: &S,
    x: &[Act256; T],
) -> [I::W; T] {
    let mut sums = [isa.splat(0); T];
    each_32!(isa, w, |i, q| {
        if let [first, second] = q.as_chunks::<4>().0 {
            isa.scaled_dots_u8::<MAX, 4, T>(&mut sums, first, x, 2 * i, w.sub_scale(isa, 2 * i));
            isa.scaled_dots_u8::<MAX, 4, T>(&mut sums, second, x, 2 * i + 1, w.sub_scale(isa, 2 * i + 1));
        }
    });
    sums
}

/// `sum of scale * (q . x)`, sub-blocks of 32, in `f32`: four sub-blocks' products of quants up to 15, at most
/// `4 * 63 * 32 * 15 * 127`, fit in its 24 bits. Both halves' sum is rounded once, as the whole `i32` would be.
#[inline(always)]
fn exact_sums32<I: Isa, B: Format, S: Source<I, B>, const MAX: u8, const T: usize>(
    isa: I,
    w: &S,
    x: &[Act256; T],
) -> [I::F; T] {
    let mut halves = [[isa.f_splat(0.0); T]; 2];
    each_32!(isa, w, |i, q| {
        let mut dots = [isa.splat(0); T];
        isa.dots_u8::<MAX, 8, T>(&mut dots, q, x, i);
        let scale = isa.to_f32(w.sub_scale(isa, i));
        for (sum, &dot) in halves[i / 4 % 2].iter_mut().zip(&dots) {
            *sum = isa.f_add_exact(*sum, isa.to_f32(dot), scale);
        }
    });
    let [mut sums, second] = halves;
    for (sum, &second) in sums.iter_mut().zip(&second) {
        *sum = isa.f_add(*sum, second);
    }
    sums
}

// Each of the functions below is a short loop over the tokens: a compiler keeps one long loop rolled, and its operands in
// memory.

/// `start * sum of x`, blocks of 32.
#[inline(always)]
fn starts32<I: Isa, const T: usize>(isa: I, start: i32, x: &[Act32; T]) -> [I::W; T] {
    let mut sums = [isa.splat(0); T];
    if start != 0 {
        for (sum, x) in sums.iter_mut().zip(x) {
            let start = (start * x.sum) as u32;
            // Stored and loaded again: a load broadcasts to all lanes at no cost, while a broadcast from a register occupies the
            // unit that multiplies. With one token that unit is not the limit.
            *sum = isa.splat(if const { T > 1 } { *isa.rebased(&start) } else { start });
        }
    }
    sums
}

/// `start * sum of x`, blocks of 256.
#[inline(always)]
fn starts256<I: Isa, const T: usize>(isa: I, start: i32, x: &[Act256; T]) -> [I::W; T] {
    let mut sums = [isa.splat(0); T];
    for (sum, x) in sums.iter_mut().zip(x) {
        *sum = isa.splat((start * x.sum) as u32);
    }
    sums
}

/// `acc += sum of s * sums`, the bytes of each word of `s` against two pairs of sums of `x`.
#[inline(always)]
fn add_bytes<I: Isa, const N: usize, const T: usize>(
    isa: I,
    acc: &mut [I::W; T],
    s: &[I::W],
    x: &[Act256; T],
    sums: impl Fn(&Act256) -> &[[i16; 2]; N],
) {
    let even = isa.splat(0x00FF_00FF);
    for (i, &s) in s.iter().enumerate() {
        let (low, high) = (isa.and(s, even), isa.and(isa.shr(s, 8), even));
        for (acc, x) in acc.iter_mut().zip(x) {
            *acc = isa.dot_i16(*acc, low, sums(x)[2 * i % N]);
            *acc = isa.dot_i16(*acc, high, sums(x)[(2 * i + 1) % N]);
        }
    }
}

/// `(d * dx) * sum` of blocks of 32.
#[inline(always)]
fn scaled32<I: Isa, const T: usize>(isa: I, d: I::F, sums: &[I::W; T], x: &[Act32; T]) -> [I::F; T] {
    let mut out = [d; T];
    for ((out, x), &sum) in out.iter_mut().zip(x).zip(sums) {
        *out = isa.f_mul(isa.f_mul(d, isa.f_splat(x.d)), isa.to_f32(sum));
    }
    out
}

/// `(d * dx) * sum` of blocks of 256.
#[inline(always)]
fn scaled256<I: Isa, const T: usize>(isa: I, d: I::F, sums: &[I::W; T], x: &[Act256; T]) -> [I::F; T] {
    scale_by(isa, d, to_f32(isa, sums), x)
}

/// The sums as `f32`.
#[inline(always)]
fn to_f32<I: Isa, const T: usize>(isa: I, sums: &[I::W; T]) -> [I::F; T] {
    let mut out = [isa.f_splat(0.0); T];
    for (out, &sum) in out.iter_mut().zip(sums) {
        *out = isa.to_f32(sum);
    }
    out
}

/// `(d * dx) * sums`.
#[inline(always)]
fn scale_by<I: Isa, const T: usize>(isa: I, d: I::F, sums: [I::F; T], x: &[Act256; T]) -> [I::F; T] {
    let mut out = sums;
    for (out, x) in out.iter_mut().zip(x) {
        *out = isa.f_mul(isa.f_mul(d, isa.f_splat(x.d)), *out);
    }
    out
}

/// `a - b`.
#[inline(always)]
fn less<I: Isa, const T: usize>(isa: I, a: [I::F; T], b: [I::F; T]) -> [I::F; T] {
    let mut out = a;
    for (out, &b) in out.iter_mut().zip(&b) {
        *out = isa.f_sub(*out, b);
    }
    out
}
