//! Blocks as they are once unpacked into memory.

use super::description::{Described, Values};
use super::read::Reader;
use super::source::{Source, each_32};
use super::sub_scales::SubScales;
use super::unrolled::unrolled;
use crate::simd::{Isa, Quads};
use core::borrow::Borrow;

/// A block of each of [`Isa::ROWS`] rows, unpacked once for all tokens, for sets whose products are so fast that unpacking again for
/// every few tokens would limit them.
pub struct Unpacked<'q, I: Isa> {
    /// The quants, unsigned bytes in element order; signed ones are plus 128. A reference, as the compiler would build
    /// so large a field elsewhere and copy it.
    q: &'q mut [[I::W; 8]; 8],
    /// The sub-blocks' scales, `i32`.
    scales: [I::W; 16],
    /// The sub-blocks' scales and minimums as bytes.
    sub: SubScales<I>,
    /// Scales of the products and of the minimums.
    d: [I::F; 2],
}

impl<'q, I: Isa> Unpacked<'q, I> {
    /// Of zeros but for the quants, which lie in `q`.
    #[inline(always)]
    pub(crate) fn new(isa: I, q: &'q mut [[I::W; 8]; 8]) -> Self {
        let (word, float) = (isa.splat(0), isa.f_splat(0.0));
        let sub = SubScales { scales: [word; 4], mins: [word; 4] };
        Unpacked { q, scales: [word; 16], sub, d: [float; 2] }
    }

    /// Puts a block in place.
    #[inline(always)]
    pub(super) fn fill<B: Described>(&mut self, isa: I, from: &Reader<'_, I, B>) {
        self.d = from.scales(isa);
        self.sub = *from.sub_scales();
        for (i, scale) in self.scales.iter_mut().enumerate().take(const { SubScales::<I>::count(B::DESCRIPTION.form) })
        {
            *scale = from.sub_scale(isa, i);
        }
        let signed = const { !matches!(B::DESCRIPTION.values, Values::From(_)) };
        if const { B::ELEMS == 32 } {
            let q = from.quants(isa, [&from.low(isa, 0), &from.high(isa, 0)], 0);
            self.q[0] = if signed { plus_128(isa, q) } else { q };
            return;
        }
        put_256(isa, self.q, from, signed);
    }
}

/// Puts the quants of a block of 256 in place.
#[inline(always)]
fn put_256<I: Isa, B: Described, S: Source<I, B>>(isa: I, to: &mut [[I::W; 8]; 8], from: &S, signed: bool) {
    each_32!(isa, from, |i, q| {
        to[i % 8] = if signed { plus_128(isa, *q) } else { *q };
    });
}

/// Signed bytes plus 128.
#[inline(always)]
fn plus_128<I: Isa>(isa: I, q: [I::W; 8]) -> [I::W; 8] {
    let mut q = q;
    for q in &mut q {
        *q = isa.xor(*q, isa.splat(0x8080_8080));
    }
    q
}

impl<'a, I: Isa, B: Described> Source<I, B> for &'a Unpacked<'_, I> {
    const IN_MEMORY: bool = true;
    type Words = ();
    type Quants = &'a [I::W; 8];

    #[inline(always)]
    fn scales(&self, _isa: I) -> [I::F; 2] {
        self.d
    }

    #[inline(always)]
    fn sub_scales(&self) -> &SubScales<I> {
        &self.sub
    }

    #[inline(always)]
    fn sub_scale(&self, _isa: I, i: usize) -> I::W {
        self.scales[i % 16]
    }

    #[inline(always)]
    fn high(&self, _isa: I, _half: usize) {}

    #[inline(always)]
    fn low(&self, _isa: I, _piece: usize) {}

    #[inline(always)]
    fn number(piece: usize, _plane: usize) -> usize {
        piece
    }

    #[inline(always)]
    fn quants(&self, _isa: I, _words: [&(); 2], i: usize) -> &'a [I::W; 8] {
        &self.q[i % 8]
    }

    #[inline(always)]
    fn add_signed<const T: usize>(isa: I, sums: &mut [I::W; T], q: &[I::W; 8], x: &[impl Quads; T], i: usize) {
        isa.dots_u8::<255, 8, T>(sums, q, x, i);
    }

    #[inline(always)]
    fn add_signed_scaled<const T: usize>(
        isa: I,
        sums: &mut [I::W; T],
        (q, scale): (&[I::W; 8], I::W),
        x: &[impl Quads; T],
        i: usize,
    ) {
        isa.scaled_dots_u8::<255, 8, T>(sums, q, x, i, scale);
    }
}
