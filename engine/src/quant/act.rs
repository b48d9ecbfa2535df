//! Quantised activations: what weight blocks are multiplied with.
//!
//! Like ggml's Q8_0 and Q8_K, with the integer sums that offset formats need kept beside the quants.
//! A value is `d * q` with `q` in `-127..=127`, rounded ties to even.

use crate::simd::{ActForm, Floats, Isa, LANES, Quad, Quads, lanes};
use bytemuck::{Pod, Zeroable};
use core::mem::offset_of;
use half::f16;

/// 32 activations for blocks of 32 weights; the scale is rounded to `f16` as in ggml's Q8_0.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Act32 {
    /// Quants, in element order.
    pub q: [Quad; 8],
    /// The scale.
    pub d: f32,
    /// Sum of all quants.
    pub sum: i32,
}

/// 256 activations for blocks of 256 weights; the scale is an `f32` as in ggml's Q8_K.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Act256 {
    /// Quants, in element order, sixteen to a group.
    pub q: [[Quad; 4]; 16],
    /// The scale.
    pub d: f32,
    /// Sum of all quants.
    pub sum: i32,
    /// Sums of 16 quants each, groups (0, 2), (1, 3), (4, 6), (5, 7), ...: the order in which four
    /// scales in a word come apart.
    pub sums16: [[i16; 2]; 8],
    /// Sums of 32 quants each, in the same order.
    pub sums32: [[i16; 2]; 4],
}

/// [`Act32`] in the form of pairs.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Pairs32 {
    /// Quants.
    pub q: [Pairs; 8],
    /// The scale.
    pub d: f32,
    /// Sum of all quants.
    pub sum: i32,
}

/// [`Act256`] in the form of pairs.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Pairs256 {
    /// Quants, sixteen to a group.
    pub q: [[Pairs; 4]; 16],
    /// The scale.
    pub d: f32,
    /// Sum of all quants.
    pub sum: i32,
    /// Sums like those of [`Act256`].
    pub sums16: [[i16; 2]; 8],
    /// Sums like those of [`Act256`].
    pub sums32: [[i16; 2]; 4],
}

/// [`Act32`] of two tokens, in the form [`ActForm::TwoTokens`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct TwoTokens32 {
    /// Eight quants of the first token, then of the second: quants from 0, from 16, from 8 and from 24 on.
    pub q: [[[Quad; 2]; 2]; 4],
    /// The scales.
    pub d: [f32; 2],
    /// Sums of all quants.
    pub sum: [i32; 2],
}

impl From<[Act32; 2]> for TwoTokens32 {
    #[inline(always)]
    fn from([x, y]: [Act32; 2]) -> Self {
        let [a, b, c, d] = bytemuck::cast::<_, [[Quad; 2]; 4]>(x.q);
        let [e, f, g, h] = bytemuck::cast::<_, [[Quad; 2]; 4]>(y.q);
        TwoTokens32 { q: [[a, e], [c, g], [b, f], [d, h]], d: [x.d, y.d], sum: [x.sum, y.sum] }
    }
}

impl From<TwoTokens32> for [Act32; 2] {
    #[inline(always)]
    fn from(x: TwoTokens32) -> Self {
        let [a, c, b, d] = x.q;
        let q = |token: usize| bytemuck::cast([a[token], b[token], c[token], d[token]]);
        [Act32 { q: q(0), d: x.d[0], sum: x.sum[0] }, Act32 { q: q(1), d: x.d[1], sum: x.sum[1] }]
    }
}

/// Puts the blocks of each two tokens of `[blocks][tokens]` in the form [`ActForm::TwoTokens`].
pub(crate) fn join_tokens(blocks: &mut [Act32], tokens: usize) {
    for column in blocks.chunks_mut(tokens.max(1)) {
        for two in column.as_chunks_mut::<2>().0 {
            *two = bytemuck::cast(TwoTokens32::from(*two));
        }
    }
}

const _: () = {
    assert!(size_of::<Act32>() == 4 * ActForm::Bytes.words(32) && size_of::<Pairs32>() == 4 * ActForm::Pairs.words(32));
    assert!(
        size_of::<Act256>() == 4 * ActForm::Bytes.words(256) && size_of::<Pairs256>() == 4 * ActForm::Pairs.words(256)
    );
};

/// Four quants as pairs: the first and the third, the second and the fourth.
type Pairs = [[i16; 2]; 2];

#[inline(always)]
fn pairs([a, b, c, d]: Quad) -> Pairs {
    [[a.into(), c.into()], [b.into(), d.into()]]
}

#[inline(always)]
fn bytes([[a, c], [b, d]]: Pairs) -> Quad {
    [a as i8, b as i8, c as i8, d as i8]
}

impl From<Act32> for Pairs32 {
    #[inline(always)]
    fn from(x: Act32) -> Self {
        Pairs32 { q: x.q.map(pairs), d: x.d, sum: x.sum }
    }
}

impl From<Act256> for Pairs256 {
    #[inline(always)]
    fn from(x: Act256) -> Self {
        let Act256 { q, d, sum, sums16, sums32 } = x;
        Pairs256 { q: q.map(|q| q.map(pairs)), d, sum, sums16, sums32 }
    }
}

impl From<Pairs32> for Act32 {
    #[inline(always)]
    fn from(x: Pairs32) -> Self {
        Act32 { q: x.q.map(bytes), d: x.d, sum: x.sum }
    }
}

impl From<Pairs256> for Act256 {
    #[inline(always)]
    fn from(x: Pairs256) -> Self {
        let Pairs256 { q, d, sum, sums16, sums32 } = x;
        Act256 { q: q.map(|q| q.map(bytes)), d, sum, sums16, sums32 }
    }
}

/// Which activations a weight format is multiplied with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActKind {
    /// The `f32` activations themselves.
    Float,
    /// [`Act32`].
    Q8x32,
    /// [`Act256`].
    Q8x256,
}

/// A block of activations, as bytes.
pub trait Act: Pod + From<Self::Pairs> {
    /// The same block in the form of pairs.
    type Pairs: Pod;
    /// Which activations these are.
    const KIND: ActKind;
}

impl Act for Act32 {
    type Pairs = Pairs32;
    const KIND: ActKind = ActKind::Q8x32;
}

impl Act for Act256 {
    type Pairs = Pairs256;
    const KIND: ActKind = ActKind::Q8x256;
}

/// The greatest magnitude; not a number where one of the values is none.
#[inline(always)]
fn greatest_magnitude<I: Isa>(isa: I, x: &[[f32; LANES]]) -> f32 {
    if const { I::ROWS == 1 } {
        // The bits of positive numbers are ordered like the numbers, and those of NaN are the greatest.
        return f32::from_bits(x.as_flattened().iter().fold(0, |top, x| top.max(x.to_bits() & 0x7FFF_FFFF)));
    }
    let mut tops = [0.0; LANES];
    for f in lanes(isa) {
        let mut top = f.splat(0.0);
        for x in x {
            top = f.max(f.abs(f.load(x)), top);
        }
        f.store(top, &mut tops);
    }
    if any_nan(x) { f32::NAN } else { isa.greatest(&tops) }
}

/// True if one of the values is not a number. It has no early end, so that it becomes a few vector instructions.
#[inline(always)]
pub(crate) fn any_nan(x: &[[f32; LANES]]) -> bool {
    x.as_flattened().iter().fold(false, |any, x| any | x.is_nan())
}

/// Quants of `N` groups of sixteen values, their common scale before any rounding, and each group's sum.
#[inline(always)]
fn quantise<I: Isa, const N: usize>(
    isa: I,
    x: &[[f32; LANES]; N],
    scale: impl Fn(f32) -> f32,
) -> ([[i8; LANES]; N], f32, [i16; N]) {
    let d = greatest_magnitude(isa, x) / 127.0;
    // Values so small that 1 / d overflows count as zero.
    let inverse = if d > 1.0e-38 { 1.0 / d } else { 0.0 };
    let (mut q, mut sums) = ([[0; LANES]; N], [0; N]);
    for ((x, q), sum) in x.iter().zip(&mut q).zip(&mut sums) {
        // NaN becomes -127 on every instruction set, and the scale is NaN.
        for f in lanes(isa) {
            let scaled = f.max(f.mul(f.load(x), f.splat(inverse)), f.splat(-127.0));
            f.store_i8(scaled, q);
        }
        *sum = q.iter().fold(0i16, |sum, &q| sum.wrapping_add(i16::from(q)));
    }
    (q, scale(d), sums)
}

impl Act32 {
    /// Quantises 32 values.
    #[inline(always)]
    pub fn quantise<I: Isa>(isa: I, x: &[[f32; LANES]; 2]) -> Act32 {
        let (q, d, sums) = quantise(isa, x, |d| f16::from_f32(d).to_f32());
        Act32 { q: bytemuck::cast(q), d, sum: sums.into_iter().map(i32::from).sum() }
    }
}

/// The sum of all groups' sums, and those of 16 and of 32 quants in the order that [`Act256`] has them.
#[inline(always)]
pub(super) fn sums_of_groups(sums: [i16; 16]) -> (i32, [[i16; 2]; 8], [[i16; 2]; 4]) {
    let sum = sums.iter().fold(0, |sum, &s| sum + i32::from(s));
    let [a, b, c, e, f, g, h, i, j, k, l, m, n, o, p, r] = sums;
    let sums16 = [[a, c], [b, e], [f, h], [g, i], [j, l], [k, m], [n, p], [o, r]];
    let sums32 = [[a + b, f + g], [c + e, h + i], [j + k, n + o], [l + m, p + r]];
    (sum, sums16, sums32)
}

impl Act256 {
    /// Quantises 256 values.
    #[inline(always)]
    pub fn quantise<I: Isa>(isa: I, x: &[[f32; LANES]; 16]) -> Act256 {
        let (q, d, sums) = quantise(isa, x, |d| d);
        let (sum, sums16, sums32) = sums_of_groups(sums);
        Act256 { q: bytemuck::cast(q), d, sum, sums16, sums32 }
    }
}

impl Quads for Act32 {
    const SCALE_AT: usize = offset_of!(Act32, d);

    #[inline(always)]
    fn quads<const N: usize>(&self, i: usize) -> &[Quad; N] {
        let all = self.q.as_chunks::<N>().0;
        &all[i % (8 / N)]
    }
    #[inline(always)]
    fn sum32(&self, _i: usize) -> i32 {
        self.sum
    }
}

impl Quads for Act256 {
    const SCALE_AT: usize = offset_of!(Act256, d);

    #[inline(always)]
    fn quads<const N: usize>(&self, i: usize) -> &[Quad; N] {
        let all = self.q.as_flattened().as_chunks::<N>().0;
        &all[i % (64 / N)]
    }
    #[inline(always)]
    fn sums16(&self) -> &[[i16; 2]; 8] {
        &self.sums16
    }
    #[inline(always)]
    fn sums32(&self) -> &[[i16; 2]; 4] {
        &self.sums32
    }
    #[inline(always)]
    fn sum32(&self, i: usize) -> i32 {
        i32::from(self.sums32[i / 4 % 2 * 2 + i % 2][i / 2 % 2])
    }
}
