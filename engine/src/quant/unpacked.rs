//! Blocks as they are once unpacked, and their dot products with many tokens.

use super::act::{Act32, Act256};
use super::dot::{dot_u8, dot_u8_with_min};
use super::unrolled::unrolled;
use super::words::bytes;
use crate::simd::Isa;

/// A block of each of [`Isa::ROWS`] rows, unpacked once for all tokens: where a set multiplies so fast that unpacking for
/// every few tokens takes its time.
pub struct Unpacked<I: Isa> {
    /// The quants, unsigned bytes in element order.
    pub(super) q: [I::W; 64],
    /// The sub-blocks' scales, `i32`.
    pub(super) scales: [I::W; 16],
    /// What sums of activations are multiplied with, two `i16` to a word in their order.
    pub(super) offsets: [I::W; 8],
    /// Scales of the products and of the offsets.
    pub(super) d: [I::F; 2],
}

/// Two halves of sixteen words.
#[inline(always)]
pub(super) fn flat<W: Copy>([low, high]: [[W; 8]; 2]) -> [W; 16] {
    let mut all = [low[0]; 16];
    let (first, second) = all.split_at_mut(8);
    first.copy_from_slice(&low);
    second.copy_from_slice(&high);
    all
}

/// Signed quants as `q + 128`.
#[inline(always)]
pub(super) fn unsigned<I: Isa, const N: usize>(isa: I, quants: [I::W; N]) -> [I::W; N] {
    let mut quants = quants;
    for q in &mut quants {
        *q = isa.xor(*q, isa.splat(0x8080_8080));
    }
    quants
}

impl<I: Isa> Unpacked<I> {
    /// Of zeros.
    #[inline(always)]
    pub(crate) fn new(isa: I) -> Self {
        let (word, float) = (isa.splat(0), isa.f_splat(0.0));
        Unpacked { q: [word; 64], scales: [word; 16], offsets: [word; 8], d: [float; 2] }
    }

    /// Puts quants in place.
    #[inline(always)]
    pub(super) fn set_quants(&mut self, quants: &[I::W]) {
        for (to, &q) in self.q.iter_mut().zip(quants) {
            *to = q;
        }
    }

    /// Puts the bytes of words in place as scales, each less `bias`.
    #[inline(always)]
    pub(super) fn set_scales(&mut self, isa: I, words: &[I::W], bias: u32) {
        for (to, &word) in self.scales.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *to = bytes(isa, word);
            for scale in to {
                *scale = isa.sub(*scale, isa.splat(bias));
            }
        }
    }

    /// See [`dot_u8`].
    #[inline(always)]
    pub(super) fn dot32<const T: usize>(&self, isa: I, start: i32, x: &[Act32; T]) -> [I::F; T] {
        dot_u8::<I, 255, T>(isa, self.d[0], self.sub(0), start, x)
    }

    /// See [`dot_u8_with_min`].
    #[inline(always)]
    pub(super) fn dot32_with_min<const T: usize>(&self, isa: I, x: &[Act32; T]) -> [I::F; T] {
        dot_u8_with_min::<I, 255, T>(isa, self.d, self.sub(0), x)
    }

    /// Puts bytes in place as offsets, see [`dot_bytes`](super::dot::dot_bytes).
    #[inline(always)]
    pub(super) fn set_offsets(&mut self, isa: I, words: &[I::W]) {
        let even = isa.splat(0x00FF_00FF);
        for (to, &word) in self.offsets.as_chunks_mut::<2>().0.iter_mut().zip(words) {
            *to = [isa.and(word, even), isa.and(isa.shr(word, 8), even)];
        }
    }

    /// Sub-blocks of 32 with a minimum each: `(d * dx) * sum - (dmin * dx) * (mins . sums of x)`.
    #[inline(always)]
    pub(super) fn dot_subs32_with_mins<const T: usize>(&self, isa: I, x: &[Act256; T]) -> [I::F; T] {
        let mut out = self.scaled(isa, &self.sums32(isa, x), x);
        self.less_mins(isa, &mut out, &self.offsets32(isa, x), x);
        out
    }

    /// As [`Unpacked::dot_subs32_with_mins`], where the quants are at most 15: four sub-blocks' products, at most
    /// 4 * 63 * 32 * 15 * 127, fit in the 24 bits of an `f32`. Both halves' sum is rounded once, as the whole `i32`
    /// would be.
    #[inline(always)]
    pub(super) fn dot_small_subs32_with_mins<const T: usize>(&self, isa: I, x: &[Act256; T]) -> [I::F; T] {
        let (mut out, mut second) = ([isa.f_splat(0.0); T], [isa.f_splat(0.0); T]);
        unrolled!(I, i in [0, 1, 2, 3] {
            self.add_exact(isa, &mut out, i, x);
        });
        unrolled!(I, i in [4, 5, 6, 7] {
            self.add_exact(isa, &mut second, i, x);
        });
        for (out, &second) in out.iter_mut().zip(&second) {
            *out = isa.f_add(*out, second);
        }
        scale_by(isa, self.d[0], &mut out, x);
        self.less_mins(isa, &mut out, &self.offsets32(isa, x), x);
        out
    }

    /// `acc += scale * (q . x)` of sub-block `i` of 32 in `f32`, where it is exact: below 2^24.
    #[inline(always)]
    fn add_exact<const T: usize>(&self, isa: I, acc: &mut [I::F; T], i: usize, x: &[Act256; T]) {
        let mut dots = [isa.splat(0); T];
        isa.dots_u8::<255, 8, T>(&mut dots, self.sub(i), x, i);
        let scale = isa.to_f32(self.scales[i]);
        for (acc, &dot) in acc.iter_mut().zip(&dots) {
            *acc = isa.f_add_exact(*acc, isa.to_f32(dot), scale);
        }
    }

    /// Sub-blocks of 16: `(d * dx) * (sum of scale * (q . x) - 2^shift * (offsets . sums of x + start * sum of x))`.
    #[inline(always)]
    pub(super) fn dot_subs16<const T: usize>(&self, isa: I, start: i32, shift: u32, x: &[Act256; T]) -> [I::F; T] {
        let (mut sums, mut offsets) = (self.sums16(isa, x), self.offsets16(isa, start, x));
        for (sum, offset) in sums.iter_mut().zip(&mut offsets) {
            *sum = isa.sub(*sum, isa.shl(*offset, shift));
        }
        self.scaled(isa, &sums, x)
    }

    /// Sub-blocks of 16 with a minimum each: `(d * dx) * sum - (dmin * dx) * (mins . sums of x)`.
    #[inline(always)]
    pub(super) fn dot_subs16_with_mins<const T: usize>(&self, isa: I, x: &[Act256; T]) -> [I::F; T] {
        let mut out = self.scaled(isa, &self.sums16(isa, x), x);
        self.less_mins(isa, &mut out, &self.offsets16(isa, 0, x), x);
        out
    }

    /// Sub-blocks of 32: `(d * dx) * (sum of scale * (q . x) - 2^shift * (offsets . sums of x))`.
    #[inline(always)]
    pub(super) fn dot_subs32<const T: usize>(&self, isa: I, shift: u32, x: &[Act256; T]) -> [I::F; T] {
        let (mut sums, mut offsets) = (self.sums32(isa, x), self.offsets32(isa, x));
        for (sum, offset) in sums.iter_mut().zip(&mut offsets) {
            *sum = isa.sub(*sum, isa.shl(*offset, shift));
        }
        self.scaled(isa, &sums, x)
    }

    /// One scale: `(d * dx) * (q . x + start * sum of x)`.
    #[inline(always)]
    pub(super) fn dot256<const T: usize>(&self, isa: I, start: i32, x: &[Act256; T]) -> [I::F; T] {
        let mut sums = starts(isa, start, x);
        unrolled!(I, i in [0, 1, 2, 3, 4, 5, 6, 7] {
            isa.dots_u8::<255, 8, T>(&mut sums, self.sub(i), x, i);
        });
        self.scaled(isa, &sums, x)
    }

    /// `sum of scale * (q . x)`, sub-blocks of 16.
    #[inline(always)]
    fn sums16<const T: usize>(&self, isa: I, x: &[Act256; T]) -> [I::W; T] {
        let mut sums = [isa.splat(0); T];
        unrolled!(I, i in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] {
            isa.scaled_dots_u8::<255, 4, T>(&mut sums, self.sub(i), x, i, self.scales[i]);
        });
        sums
    }

    /// As [`Unpacked::sums16`], sub-blocks of 32.
    #[inline(always)]
    fn sums32<const T: usize>(&self, isa: I, x: &[Act256; T]) -> [I::W; T] {
        let mut sums = [isa.splat(0); T];
        unrolled!(I, i in [0, 1, 2, 3, 4, 5, 6, 7] {
            isa.scaled_dots_u8::<255, 8, T>(&mut sums, self.sub(i), x, i, self.scales[i]);
        });
        sums
    }

    // What follows are many short loops over the tokens: compilers leave one long loop rolled, with all it uses in memory.

    /// `offsets . sums of x + start * sum of x`, sub-blocks of 16.
    #[inline(always)]
    fn offsets16<const T: usize>(&self, isa: I, start: i32, x: &[Act256; T]) -> [I::W; T] {
        let mut sums = starts(isa, start, x);
        unrolled!(I, i in [0, 1, 2, 3, 4, 5, 6, 7] {
            for (sum, x) in sums.iter_mut().zip(x) {
                *sum = isa.dot_i16(*sum, self.offsets[i], x.sums16[i]);
            }
        });
        sums
    }

    /// `offsets . sums of x`, sub-blocks of 32.
    #[inline(always)]
    fn offsets32<const T: usize>(&self, isa: I, x: &[Act256; T]) -> [I::W; T] {
        let mut sums = [isa.splat(0); T];
        unrolled!(I, i in [0, 1, 2, 3] {
            for (sum, x) in sums.iter_mut().zip(x) {
                *sum = isa.dot_i16(*sum, self.offsets[i], x.sums32[i]);
            }
        });
        sums
    }

    /// `(d * dx) * sums`.
    #[inline(always)]
    fn scaled<const T: usize>(&self, isa: I, sums: &[I::W; T], x: &[Act256; T]) -> [I::F; T] {
        let mut out = [self.d[0]; T];
        for (out, &sum) in out.iter_mut().zip(sums) {
            *out = isa.to_f32(sum);
        }
        scale_by(isa, self.d[0], &mut out, x);
        out
    }

    /// `out -= (dmin * dx) * sums`.
    #[inline(always)]
    fn less_mins<const T: usize>(&self, isa: I, out: &mut [I::F; T], sums: &[I::W; T], x: &[Act256; T]) {
        let mut mins = [self.d[1]; T];
        for (min, &sum) in mins.iter_mut().zip(sums) {
            *min = isa.to_f32(sum);
        }
        scale_by(isa, self.d[1], &mut mins, x);
        for (out, &min) in out.iter_mut().zip(&mins) {
            *out = isa.f_sub(*out, min);
        }
    }

    /// The `N` words of sub-block `i`.
    #[inline(always)]
    fn sub<const N: usize>(&self, i: usize) -> &[I::W; N] {
        let subs = self.q.as_chunks::<N>().0;
        &subs[i % (64 / N)]
    }
}

/// `start * sum of x`.
#[inline(always)]
fn starts<I: Isa, const T: usize>(isa: I, start: i32, x: &[Act256; T]) -> [I::W; T] {
    let mut sums = [isa.splat(0); T];
    for (sum, x) in sums.iter_mut().zip(x) {
        *sum = isa.splat((start * x.sum) as u32);
    }
    sums
}

/// `out = (d * dx) * out`.
#[inline(always)]
fn scale_by<I: Isa, const T: usize>(isa: I, d: I::F, out: &mut [I::F; T], x: &[Act256; T]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = isa.f_mul(isa.f_mul(d, isa.f_splat(x.d)), *out);
    }
}
