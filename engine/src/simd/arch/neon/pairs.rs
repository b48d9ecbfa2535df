//! Dot products of a column of blocks with two tokens at a time, by `smmla`: eight bytes of two rows times eight bytes of two
//! tokens. Rows come as *tiles*, two rows' eight bytes each: vector `v` of tile `h` holds rows `4 * v + 2 * h` and the next.
//! The sums of tokens `2 * p` and `2 * p + 1` lie side by side, a row's both, then the next row's: those of tile `h` where
//! other sets have the sums of token `2 * p + h`. [`Neon::in_rows`] puts them in order, once for a whole row of blocks.

use super::basics::{array, each, neon, zip};
use super::multiply::{I8mm, Word, smmla_before_loads, smmla_first};
use super::proof::Neon;
use super::quants::{self, FifthBits, Nibbles, NibblesOf, Quants, SignedBytes, SixBits, WithFifthPlane};
use super::scales::{Split, for_each_token};
use super::words;
use crate::simd::arch::rows::Rows;
use crate::simd::form::{BlockLayout, Blocks};
use crate::simd::isa::{Isa, Quads};
use bytemuck::Pod;
use core::arch::aarch64::*;

/// Words of two tiles, or the values of their rows, each for both tokens.
type Tiles<const V: usize> = [Word<V>; 2];

/// Sixteen bytes of the pairs' tokens: the first eight of pair `p` at `2 * p`, the second at `2 * p + 1`.
type Tokens<const T: usize> = [int8x16_t; T];

/// Scales of each pair's tokens at `2 * p`, and the sums of their activations at `2 * p + 1`, twice each.
type Scales<const T: usize> = [float32x4_t; T];

/// `a` and `b` of the rows of each tile, word by word.
#[inline(always)]
fn tiles<const V: usize>(a: Word<V>, b: Word<V>) -> Tiles<V> {
    [zip(a, b, |a, b| neon! { vzip1q_u32(a, b) }), zip(a, b, |a, b| neon! { vzip2q_u32(a, b) })]
}

/// A value of each row for both tokens.
#[inline(always)]
fn for_both<const V: usize>(w: Word<V>) -> Tiles<V> {
    tiles(w, w)
}

/// The same of floats.
#[inline(always)]
fn floats_for_both<const V: usize>(w: [float32x4_t; V]) -> [[float32x4_t; V]; 2] {
    [each(w, |w| neon! { vzip1q_f32(w, w) }), each(w, |w| neon! { vzip2q_f32(w, w) })]
}

/// Sixteen bytes of each token, as tokens of pairs.
#[inline(always)]
fn side_by_side<const T: usize>(x: [int8x16_t; T]) -> Tokens<T> {
    let mut out = x;
    for_each_token!(T, t => {
        let (a, b) = (x[t & !1], x[t | 1]);
        out[t] = if t % 2 == 0 {
            words::first_halves(a, b)
        } else {
            neon! { vreinterpretq_s8_s64(vzip2q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b))) }
        };
    });
    out
}

/// The activations that the first four words of plane `PLANE` are multiplied with.
#[inline(always)]
fn sixteens<X: Quads, Q: Quants<V>, const V: usize, const T: usize, const PLANE: usize>(x: &[X; T]) -> Tokens<T> {
    let mut out = [neon! { vdupq_n_s8(0) }; T];
    for_each_token!(T, t => {
        out[t] = quants::four_before_scale::<X, Q, V, PLANE>(&x[t]);
    });
    side_by_side(out)
}

/// The same, and the four words behind them.
#[inline(always)]
fn two_sixteens<X: Quads, Q: Quants<V>, const V: usize, const T: usize, const PLANE: usize>(
    x: &[X; T],
) -> [Tokens<T>; 2] {
    let mut out = [[neon! { vdupq_n_s8(0) }; T]; 2];
    for_each_token!(T, t => {
        [out[0][t], out[1][t]] = quants::two_fours_before_scale::<X, Q, V, PLANE>(&x[t]);
    });
    out.map(side_by_side)
}

/// Sums of products of pairs, put in rows: [`Isa::in_rows`].
#[inline(always)]
pub(super) fn in_rows<const V: usize, const T: usize>(sums: [[float32x4_t; V]; T]) -> [[float32x4_t; V]; T] {
    let mut out = sums;
    for_each_token!(T, t => {
        let [a, b] = [sums[t & !1], sums[t | 1]];
        out[t] = zip(a, b, |a, b| neon! { if t % 2 == 0 { vuzp1q_f32(a, b) } else { vuzp2q_f32(a, b) } });
    });
    out
}

impl<const V: usize> Neon<I8mm, V> {
    /// The dot products of a block of each row with an even number of tokens' activations, in the order of pairs. The layout
    /// is streamed.
    #[inline(always)]
    pub(super) fn dots_of_pairs<B: Blocks, const T: usize>(
        self,
        rows: Rows<'_, B>,
        x: &[impl Quads; T],
    ) -> [[float32x4_t; V]; T] {
        if const { matches!(B::LAYOUT, BlockLayout::Q8_0) } {
            let sums = self.pairs::<_, T, B, true>([self.splat(0); T], rows, SignedBytes::<2>, x);
            return self.scaled_pairs(self.half_at(rows, 0), sums, x);
        }
        if const { matches!(B::LAYOUT, BlockLayout::Q4_0) } {
            let sums = self.pairs::<_, T, B, false>(self.pair_starts(-8, x), rows, Nibbles::<2>, x);
            return self.scaled_pairs(self.half_at(rows, 0), sums, x);
        }
        if const { matches!(B::LAYOUT, BlockLayout::Q4_1) } {
            let sums = self.pairs::<_, T, B, true>([self.splat(0); T], rows, Nibbles::<4>, x);
            return self.scaled_pairs_with_min(self.scale_and_min(rows), sums, x);
        }
        if const { matches!(B::LAYOUT, BlockLayout::Q5_0) } {
            let (d, bits) = self.scale_and_fifth_bits(rows);
            let sums = self.pairs::<_, T, B, true>([self.splat(0); T], rows, FifthBits::<V, 6>::new(bits), x);
            return self.scaled_pairs(d, sums, x);
        }
        if const { matches!(B::LAYOUT, BlockLayout::Q5_1) } {
            let bits = FifthBits::<V, 8>::new(self.word_at(rows, 4));
            let sums = self.pairs::<_, T, B, false>(self.pair_starts(16, x), rows, bits, x);
            return self.scaled_pairs_with_min(self.scale_and_min(rows), sums, x);
        }
        if const { matches!(B::LAYOUT, BlockLayout::Q6K) } {
            return self.q6_k_pairs(rows, x);
        }
        self.k45_pairs(rows, x)
    }

    /// Q4_K and Q5_K.
    #[inline(always)]
    fn k45_pairs<B: Blocks, const T: usize>(self, rows: Rows<'_, B>, x: &[impl Quads; T]) -> [[float32x4_t; V]; T] {
        let (scales, mins) = self.scales_and_mins(rows);
        let mut sums = [self.splat(0); T];
        macro_rules! add {
            ($i:literal) => {
                let [first, second] = self.two_bytes(scales[$i / 2], 2 * $i % 4);
                if const { matches!(B::LAYOUT, BlockLayout::Q4K) } {
                    self.add_plane::<_, T, B, 0, 1>(&mut sums, rows, NibblesOf::<$i>, x, first);
                    self.add_plane::<_, T, B, 1, 2>(&mut sums, rows, NibblesOf::<$i>, x, second);
                } else {
                    self.add_plane::<_, T, B, 0, 1>(&mut sums, rows, WithFifthPlane::<$i>, x, first);
                    self.add_plane::<_, T, B, 1, 2>(&mut sums, rows, WithFifthPlane::<$i>, x, second);
                }
            };
        }
        add!(0);
        add!(1);
        add!(2);
        add!(3);
        let mut split = [neon! { vdupq_n_s8(0) }; T];
        for_each_token!(T, t => {
            split[t] = Split::of32(&x[t]);
        });
        // High parts and low parts of the sums of activations, which are tokens' first and second eight bytes.
        let (split, mins) = (side_by_side(split), tiles(mins[0], mins[1]));
        let mut offsets = [self.splat(0); T];
        for_each_token!(T, t => {
            let high = products(mins[t % 2], split[t & !1]);
            offsets[t] = smmlas(self.shl(high, 7), mins[t % 2], split[t | 1]);
        });
        let ([d, dmin], dx) = (self.scale_and_min(rows), pair_scales(x));
        let [d, dmin] = [floats_for_both(d), floats_for_both(dmin)];
        let mut out = [d[0]; T];
        for_each_token!(T, t => {
            let times_dx = |d: [float32x4_t; V]| each(d, |d| neon! { vmulq_f32(d, dx[t & !1]) });
            let products = self.f_mul(times_dx(d[t % 2]), self.to_f32(sums[t]));
            out[t] = self.f_sub(products, self.f_mul(times_dx(dmin[t % 2]), self.to_f32(offsets[t])));
        });
        out
    }

    #[inline(always)]
    fn q6_k_pairs<B: Pod, const T: usize>(self, rows: Rows<'_, B>, x: &[impl Quads; T]) -> [[float32x4_t; V]; T] {
        let (d_at, scales_at) = if rows.are_interleaved() { (0, 2) } else { (208, 192) };
        let scales: [Word<V>; 4] = self.words(rows, scales_at);
        // The quants are taken as q + 32.
        let mut sums = [self.splat(0); T];
        let mut split = [[neon! { vdupq_n_s8(0) }; T]; 2];
        for_each_token!(T, t => {
            let Split { high, low } = Split::of16(&x[t]);
            (split[0][t], split[1][t]) = (high, low);
        });
        let [high, low] = split.map(side_by_side);
        let scale_tiles = [tiles(scales[0], scales[1]), tiles(scales[2], scales[3])];
        for_each_token!(T, t => {
            let (first, second) = (scale_tiles[0][t % 2], scale_tiles[1][t % 2]);
            let sum = smmlas(products(first, high[t & !1]), second, high[t | 1]);
            let sum = smmlas(smmlas(self.shl(sum, 7), first, low[t & !1]), second, low[t | 1]);
            sums[t] = self.sub(self.splat(0), self.shl(sum, 5));
        });
        macro_rules! add {
            ($half:literal, $side:literal, $group:literal) => {
                let q = SixBits::<$half, $side, $group>;
                let [first, second] =
                    each([scales[2 * $half], scales[2 * $half + 1]], |s| self.signed_byte(s, 2 * $side + $group));
                self.add_plane::<_, T, B, 0, 1>(&mut sums, rows, q, x, first);
                self.add_plane::<_, T, B, 1, 2>(&mut sums, rows, q, x, second);
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
        self.scaled_pairs(self.half_at(rows, d_at), sums, x)
    }

    /// `acc + q . x` for every token, or without `acc` where `ZERO` says so, for quants whose planes follow each other.
    #[inline(always)]
    fn pairs<Q: Quants<V>, const T: usize, B: Pod, const ZERO: bool>(
        self,
        acc: [Word<V>; T],
        rows: Rows<'_, B>,
        q: Q,
        x: &[impl Quads; T],
    ) -> [Word<V>; T] {
        let mut sums = acc;
        let [first, second] = two_sixteens::<_, Q, V, T, 0>(x);
        if const { Q::PLACES[0] == Q::PLACES[1] } {
            self.add_tiles::<Q, T, B, 0, 3, ZERO>(&mut sums, rows, q, [first, second]);
        } else {
            // The words of one place at a time.
            self.add_tiles::<Q, T, B, 0, 1, ZERO>(&mut sums, rows, q, [first; 2]);
            self.add_tiles::<Q, T, B, 0, 2, false>(&mut sums, rows, q, [second; 2]);
        }
        sums
    }

    /// Adds `scale * (q . x)` of plane `P`, whose bit is `BIT`, for every token: one plane at a time, as the sums of two would
    /// take twice the registers.
    #[inline(always)]
    fn add_plane<Q: Quants<V>, const T: usize, B: Pod, const P: usize, const BIT: usize>(
        self,
        sums: &mut [Word<V>; T],
        rows: Rows<'_, B>,
        q: Q,
        x: &[impl Quads; T],
        scale: Word<V>,
    ) {
        let mut dots = [self.splat(0); T];
        if const { Q::FOURS == 2 } {
            let [first, second] = two_sixteens::<_, Q, V, T, P>(x);
            self.add_tiles::<Q, T, B, 0, BIT, true>(&mut dots, rows, q, [first; 2]);
            self.add_tiles::<Q, T, B, 1, BIT, false>(&mut dots, rows, q, [second; 2]);
        } else {
            self.add_tiles::<Q, T, B, 0, BIT, true>(&mut dots, rows, q, [sixteens::<_, Q, V, T, P>(x); 2]);
        }
        let scale = for_both(scale);
        for_each_token!(T, t => {
            sums[t] = array(|v| words::mul_add_before_loads(sums[t][v], dots[t][v], scale[t % 2][v]));
        });
    }

    /// Adds the products of words `4 * C` to `4 * C + 3` of those planes that are bits of `PLANES`, each with its `x`. Where
    /// `ZERO` says so, they are the first, and what the sums are before does not count.
    #[inline(always)]
    fn add_tiles<Q: Quants<V>, const T: usize, B: Pod, const C: usize, const PLANES: usize, const ZERO: bool>(
        self,
        sums: &mut [Word<V>; T],
        rows: Rows<'_, B>,
        q: Q,
        x: [Tokens<T>; 2],
    ) {
        let of_file = (!rows.are_interleaved()).then(|| self.tiles_of_file::<Q, B, C>(rows));
        macro_rules! multiply {
            ($eight:literal) => {
                let places = match of_file {
                    Some(tiles) => tiles[$eight],
                    None => {
                        let first = self.word_of::<Q, B, C, { 2 * $eight }>(rows);
                        let second = self.word_of::<Q, B, C, { 2 * $eight + 1 }>(rows);
                        zip(first, second, tiles)
                    }
                };
                multiply!($eight, places, 0);
                multiply!($eight, places, 1);
            };
            ($eight:literal, $places:ident, $tile:literal) => {
                let planes = q.unpack_tile(each($places, |tiles| tiles[$tile]), [$tile, 2 * C + $eight]);
                multiply!($eight, planes, $tile, 0);
                multiply!($eight, planes, $tile, 1);
            };
            ($eight:literal, $planes:ident, $tile:literal, $p:literal) => {
                if const { PLANES >> $p & 1 == 1 } {
                    for pair in 0..T / 2 {
                        let (sum, x) = (&mut sums[2 * pair + $tile], x[$p][2 * pair + $eight]);
                        *sum = if const { ZERO && $eight == 0 && PLANES & ((1 << $p) - 1) == 0 } {
                            products($planes[$p], x)
                        } else {
                            smmlas(*sum, $planes[$p], x)
                        };
                    }
                }
            };
        }
        multiply!(0);
        multiply!(1);
    }

    /// The first and the second eight bytes of words `4 * C` to `4 * C + 3` of both places of rows that lie as in a file.
    #[inline(always)]
    fn tiles_of_file<Q: Quants<V>, B: Pod, const C: usize>(self, rows: Rows<'_, B>) -> [[Tiles<V>; 2]; 2] {
        let fours = self.fours_of_rows::<Q, B, _, C>(rows, |[a, b, c, d]| {
            neon! {
                let [a, b, c, d] = [a, b, c, d].map(|row| vreinterpretq_u64_u8(row));
                let narrow = |v| vreinterpretq_u32_u64(v);
                let first = [narrow(vzip1q_u64(a, b)), narrow(vzip1q_u64(c, d))];
                [first, [narrow(vzip2q_u64(a, b)), narrow(vzip2q_u64(c, d))]]
            }
        });
        array(|eight| array(|place| array(|tile| each(fours, |four| four[place][eight][tile]))))
    }

    /// `start * sum of x` for every token.
    #[inline(always)]
    fn pair_starts<const T: usize>(self, start: i32, x: &[impl Quads; T]) -> [Word<V>; T] {
        let scales = pair_scales(x);
        let mut out = [self.splat(0); T];
        for_each_token!(T, t => {
            let sums = neon! { vreinterpretq_u32_f32(scales[t | 1]) };
            out[t] = [words::times(neon! { vdupq_n_s32(start) }, sums); V];
        });
        out
    }

    /// `(d * dx) * sum` for every token.
    #[inline(always)]
    fn scaled_pairs<const T: usize>(
        self,
        d: [float32x4_t; V],
        sums: [Word<V>; T],
        x: &[impl Quads; T],
    ) -> [[float32x4_t; V]; T] {
        let (d, dx) = (floats_for_both(d), pair_scales(x));
        let mut out = [d[0]; T];
        for_each_token!(T, t => {
            let d = each(d[t % 2], |d| neon! { vmulq_f32(d, dx[t & !1]) });
            out[t] = self.f_mul(d, self.to_f32(sums[t]));
        });
        out
    }

    /// `dx * (d * sum + m * sum of x)` for every token.
    #[inline(always)]
    fn scaled_pairs_with_min<const T: usize>(
        self,
        [d, m]: [[float32x4_t; V]; 2],
        sums: [Word<V>; T],
        x: &[impl Quads; T],
    ) -> [[float32x4_t; V]; T] {
        let (d, m, dx) = (floats_for_both(d), floats_for_both(m), pair_scales(x));
        let mut out = [d[0]; T];
        for_each_token!(T, t => {
            let sum = neon! { vcvtq_f32_s32(vreinterpretq_s32_f32(dx[t | 1])) };
            let offsets = each(m[t % 2], |m| neon! { vmulq_f32(m, sum) });
            let products = self.f_add(self.f_mul(d[t % 2], self.to_f32(sums[t])), offsets);
            out[t] = each(products, |p| neon! { vmulq_f32(p, dx[t & !1]) });
        });
        out
    }
}

/// The activations' scales and sums.
#[inline(always)]
fn pair_scales<const T: usize>(x: &[impl Quads; T]) -> Scales<T> {
    let mut out = [neon! { vdupq_n_f32(0.0) }; T];
    for_each_token!(T, t => {
        // SAFETY: both lie within each token's activations.
        let [a, b] = [&x[t & !1], &x[t | 1]].map(|x| unsafe { words::scale_and_sum_twice(x) });
        out[t] = neon! { if t % 2 == 0 { vtrn1q_f32(a, b) } else { vtrn2q_f32(a, b) } };
    });
    out
}

/// `acc + w * x` of a tile's eight bytes and a pair's.
#[inline(always)]
fn smmlas<const V: usize>(acc: Word<V>, w: Word<V>, x: int8x16_t) -> Word<V> {
    // SAFETY: an `I8mm` exists in every caller, so the feature is there.
    zip(acc, w, |acc, w| unsafe { smmla_before_loads(acc, w, x) })
}

/// The same without `acc`.
#[inline(always)]
fn products<const V: usize>(w: Word<V>, x: int8x16_t) -> Word<V> {
    // SAFETY: as above.
    each(w, |w| unsafe { smmla_first(w, x) })
}
