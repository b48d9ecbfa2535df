//! Dot products of a column of blocks, streamed: the words of each row are loaded, unpacked and multiplied before the next
//! ones, so that nothing waits in memory, and what a column has once (activations, their sums and scales) is loaded once.

use super::basics::{array, each, neon};
use super::multiply::{Multiply, Word};
use super::proof::Neon;
use super::quants::{self, FifthBits, Nibbles, NibblesOf, Quants, SignedBytes, SixBits, WithFifthPlane};
use super::scales::{Split, for_each_token};
use super::words::{self, Distance, transpose};
use crate::simd::arch::rows::Rows;
use crate::simd::form::{BlockLayout, Blocks};
use crate::simd::isa::{Isa, Quads};
use bytemuck::Pod;
use core::arch::aarch64::*;
use core::marker::PhantomData;

/// The layouts that are streamed.
pub(super) const STREAMED: [BlockLayout; 8] = {
    use BlockLayout::*;
    [Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4K, Q5K, Q6K]
};

/// Word `4 * C + LANE` of a place of interleaved rows, from the column's first byte on if instructions hold the distances of
/// all words of the place, else from the place.
struct WordOf<Q, const V: usize, const C: usize, const LANE: usize, const PLACE: usize>(PhantomData<Q>);

impl<Q: Quants<V>, const V: usize, const C: usize, const LANE: usize, const PLACE: usize> WordOf<Q, V, C, LANE, PLACE> {
    /// The byte of a block that the distance is counted from.
    const BASE: usize = if 16 * Q::INTERLEAVED[PLACE] + 256 * Q::FOURS <= 1024 { 0 } else { Q::INTERLEAVED[PLACE] };
}

impl<Q: Quants<V>, const V: usize, const C: usize, const LANE: usize, const PLACE: usize> Distance
    for WordOf<Q, V, C, LANE, PLACE>
{
    const BYTES: usize = 16 * (Q::INTERLEAVED[PLACE] - Self::BASE) + 256 * C + 64 * LANE;
}

impl<M: Multiply, const V: usize> Neon<M, V> {
    /// The dot products of a block of each row with each token's activations, for layouts that are streamed and at most
    /// four tokens. The conditions are constant, so that each layout compiles its own case alone.
    #[inline(always)]
    pub(super) fn dots_of_blocks<B: Blocks, const T: usize>(
        self,
        rows: Rows<'_, B>,
        x: &[impl Quads; T],
    ) -> [[float32x4_t; V]; T] {
        if const { matches!(B::LAYOUT, BlockLayout::Q8_0) } {
            let sums = self.dots::<_, 1, T, B>(self.zeros(), rows, SignedBytes::<2>, x);
            return self.scaled(self.half_at(rows, 0), sums, x);
        }
        if const { matches!(B::LAYOUT, BlockLayout::Q4_0) } {
            let sums = self.dots::<_, 1, T, B>(self.starts(-8, x), rows, Nibbles::<2>, x);
            return self.scaled(self.half_at(rows, 0), sums, x);
        }
        if const { matches!(B::LAYOUT, BlockLayout::Q4_1) } {
            let sums = self.dots::<_, 1, T, B>(self.zeros(), rows, Nibbles::<4>, x);
            return self.scaled_with_min(self.scale_and_min(rows), sums, x);
        }
        if const { matches!(B::LAYOUT, BlockLayout::Q5_0) } {
            let (d, bits) = self.scale_and_fifth_bits(rows);
            let sums = self.dots::<_, 1, T, B>(self.zeros(), rows, FifthBits::<V, 6>::new(bits), x);
            return self.scaled(d, sums, x);
        }
        if const { matches!(B::LAYOUT, BlockLayout::Q5_1) } {
            let bits = FifthBits::<V, 8>::new(self.word_at(rows, 4));
            let sums = self.dots::<_, 1, T, B>(self.starts(16, x), rows, bits, x);
            return self.scaled_with_min(self.scale_and_min(rows), sums, x);
        }
        if const { matches!(B::LAYOUT, BlockLayout::Q6K) } {
            return self.q6_k(rows, x);
        }
        self.k45(rows, x)
    }

    /// Q4_K and Q5_K.
    #[inline(always)]
    fn k45<B: Blocks, const T: usize>(self, rows: Rows<'_, B>, x: &[impl Quads; T]) -> [[float32x4_t; V]; T] {
        let (scales, mins) = self.scales_and_mins(rows);
        let mut sums = [self.splat(0); T];
        macro_rules! add {
            ($i:literal) => {
                let dots = if const { matches!(B::LAYOUT, BlockLayout::Q4K) } {
                    self.dots::<_, 2, T, B>(self.zeros(), rows, NibblesOf::<$i>, x)
                } else {
                    self.dots::<_, 2, T, B>(self.zeros(), rows, WithFifthPlane::<$i>, x)
                };
                let [first, second] = self.two_bytes(scales[$i / 2], 2 * $i % 4);
                for_each_token!(T, t => {
                    sums[t] = self.mul_add(self.mul_add(sums[t], dots[t][0], first), dots[t][1], second);
                });
            };
        }
        add!(0);
        add!(1);
        add!(2);
        add!(3);
        self.scaled_less_mins(self.scale_and_min(rows), sums, mins, x)
    }

    #[inline(always)]
    fn q6_k<B: Pod, const T: usize>(self, rows: Rows<'_, B>, x: &[impl Quads; T]) -> [[float32x4_t; V]; T] {
        let (d_at, scales_at) = if rows.are_interleaved() { (0, 2) } else { (208, 192) };
        let scales: [Word<V>; 4] = self.words(rows, scales_at);
        // The quants are taken as q + 32.
        let mut sums = [self.splat(0); T];
        for_each_token!(T, t => {
            let Split { high: x_high, low: x_low } = Split::of16(&x[t]);
            let mut high = self.0.sum(self.splat(0));
            self.0.add::<0, V>(&mut high, scales[0], x_high, 128, 0);
            self.0.add::<1, V>(&mut high, scales[1], x_high, 128, 1);
            self.0.add::<2, V>(&mut high, scales[2], x_high, 128, 2);
            self.0.add::<3, V>(&mut high, scales[3], x_high, 128, 3);
            let mut low = self.0.sum(self.shl(self.0.total(high, 128, 4), 7));
            self.0.add::<0, V>(&mut low, scales[0], x_low, 128, 0);
            self.0.add::<1, V>(&mut low, scales[1], x_low, 128, 1);
            self.0.add::<2, V>(&mut low, scales[2], x_low, 128, 2);
            self.0.add::<3, V>(&mut low, scales[3], x_low, 128, 3);
            sums[t] = self.sub(self.splat(0), self.shl(self.0.total(low, 128, 4), 5));
        });
        macro_rules! add {
            ($half:literal, $side:literal, $group:literal) => {
                let dots = self.dots::<_, 2, T, B>(self.zeros(), rows, SixBits::<$half, $side, $group>, x);
                let [first, second] =
                    each([scales[2 * $half], scales[2 * $half + 1]], |s| self.signed_byte(s, 2 * $side + $group));
                for_each_token!(T, t => {
                    sums[t] = self.mul_add(self.mul_add(sums[t], dots[t][0], first), dots[t][1], second);
                });
            };
        }
        add!(0, 0, 0);
        add!(0, 0, 1);
        add!(0, 1, 0);
        add!(0, 1, 1);
        add!(1, 0, 0);
        add!(1, 0, 1);
        add!(1, 1, 0);
        add!(1, 1, 1);
        self.scaled(self.half_at(rows, d_at), each(sums, |sum| [sum]), x)
    }

    /// `acc + q . x` for every token. The products of both planes go to one sum or, where `S` is 2, to one each.
    #[inline(always)]
    fn dots<Q: Quants<V>, const S: usize, const T: usize, B: Pod>(
        self,
        acc: [[Word<V>; S]; T],
        rows: Rows<'_, B>,
        q: Q,
        x: &[impl Quads; T],
    ) -> [[Word<V>; S]; T] {
        let mut sums = [[self.0.sum(self.splat(0)); S]; T];
        for_each_token!(T, t => {
            sums[t] = each(acc[t], |acc| self.0.sum(acc));
        });
        self.add_four::<Q, S, T, B, 0>(&mut sums, rows, q, x);
        if const { Q::FOURS > 1 } {
            self.add_four::<Q, S, T, B, 1>(&mut sums, rows, q, x);
        }
        let mut out = acc;
        for_each_token!(T, t => {
            out[t] = each(sums[t], |sum| self.0.total(sum, Q::MAX, 8 * Q::FOURS / S));
        });
        out
    }

    /// Adds the products of words `4 * C` to `4 * C + 3` of each plane.
    #[inline(always)]
    fn add_four<Q: Quants<V>, const S: usize, const T: usize, B: Pod, const C: usize>(
        self,
        sums: &mut [[M::Sum<V>; S]; T],
        rows: Rows<'_, B>,
        q: Q,
        x: &[impl Quads; T],
    ) {
        // Rows that lie as in a file are transposed, four words at a time.
        let four = (!rows.are_interleaved()).then(|| self.four_words::<Q, B, C>(rows));
        let mut x_fours = [[neon! { vdupq_n_s8(0) }; 2]; T];
        for_each_token!(T, t => {
            x_fours[t] = quants::fours::<_, Q, V, C>(&x[t]);
        });
        macro_rules! multiply {
            ($lane:literal) => {
                let words = match &four {
                    Some(four) => [four[0][$lane], four[1][$lane]],
                    None => self.word_of::<Q, B, C, $lane>(rows),
                };
                let planes = q.unpack(words, 4 * C + $lane);
                for_each_token!(T, t => {
                    for p in 0..2 {
                        let n = if S == 2 { 4 * C + $lane } else { 8 * C + 2 * $lane + p };
                        self.0.add::<$lane, V>(&mut sums[t][p * S / 2], planes[p], x_fours[t][p], Q::MAX, n);
                    }
                });
            };
        }
        multiply!(0);
        multiply!(1);
        multiply!(2);
        multiply!(3);
    }

    /// Words `4 * C` to `4 * C + 3` of both places of rows that lie as in a file.
    #[inline(always)]
    fn four_words<Q: Quants<V>, B: Pod, const C: usize>(self, rows: Rows<'_, B>) -> [[Word<V>; 4]; 2] {
        let fours = self.fours_of_rows::<Q, B, _, C>(rows, transpose);
        array(|place| array(|i| each(fours, |four| four[place][i])))
    }

    /// What `f` makes of sixteen bytes of four rows, from word `4 * C` on of both places. The rows lie as in a file.
    #[inline(always)]
    pub(super) fn fours_of_rows<Q: Quants<V>, B: Pod, F: Copy, const C: usize>(
        self,
        rows: Rows<'_, B>,
        f: impl Fn([uint8x16_t; 4]) -> F,
    ) -> [[F; 2]; V] {
        let there = rows.has(4 * V, Q::PLACES[0], 16 * Q::FOURS) && rows.has(4 * V, Q::PLACES[1], 16 * Q::FOURS);
        array(|v| {
            if !there {
                return [f(neon! { [vdupq_n_u8(0); 4] }); 2];
            }
            let row = |r: usize| rows.as_ptr().wrapping_add((4 * v + r) * rows.stride_bytes());
            let rows = [row(0), row(1), row(2), row(3)];
            // SAFETY: sixteen bytes of both places lie within the block of each row.
            unsafe {
                let first = f(quants::fours_of_rows::<Q, V, C, 0>(rows));
                let same = const { Q::PLACES[0] == Q::PLACES[1] };
                [first, if same { first } else { f(quants::fours_of_rows::<Q, V, C, 1>(rows)) }]
            }
        })
    }

    /// Word `4 * C + LANE` of both places of interleaved rows.
    #[inline(always)]
    pub(super) fn word_of<Q: Quants<V>, B: Pod, const C: usize, const LANE: usize>(
        self,
        rows: Rows<'_, B>,
    ) -> [Word<V>; 2] {
        macro_rules! word {
            ($place:literal) => {
                match rows.interleaved(WordOf::<Q, V, C, LANE, $place>::BASE, 4) {
                    // SAFETY: the words of the place lie within the block of each of `4 * V` of sixteen interleaved rows.
                    Some(base) if rows.has(4 * V, Q::INTERLEAVED[$place], 16 * Q::FOURS) => unsafe {
                        words::column_behind::<V, WordOf<Q, V, C, LANE, $place>>(base)
                    },
                    _ => self.splat(0),
                }
            };
        }
        [word!(0), word!(1)]
    }

    /// Q5_0's scale and fifth bits.
    #[inline(always)]
    pub(super) fn scale_and_fifth_bits<B: Pod>(self, rows: Rows<'_, B>) -> ([float32x4_t; V], Word<V>) {
        if rows.are_interleaved() {
            return (self.half_at(rows, 0), self.word_at(rows, 2));
        }
        let [first, second]: [Word<V>; 2] = self.words(rows, 0);
        (self.f16_low(first), self.or(self.shr(first, 16), self.shl(second, 16)))
    }

    /// The word at byte `offset` of each row's block.
    #[inline(always)]
    pub(super) fn word_at<B: Pod>(self, rows: Rows<'_, B>, offset: usize) -> Word<V> {
        let [word] = self.words(rows, offset);
        word
    }

    #[inline(always)]
    pub(super) fn zeros<const S: usize, const T: usize>(self) -> [[Word<V>; S]; T] {
        [[self.splat(0); S]; T]
    }
}
