//! Scales and minimums of columns of blocks, and their products with integer sums.

use super::basics::{array, each, neon, sixteen, thirty_two};
use super::multiply::{Multiply, Word};
use super::proof::Neon;
use super::quants::{Nibbles, Quants};
use super::words;
use crate::simd::arch::rows::Rows;
use crate::simd::isa::{Isa, Quads};
use bytemuck::Pod;
use core::arch::aarch64::*;

/// Evaluates `$body` for every token `$t` below `$T`, at most 4, or for those in a list, written out: compilers would keep a long
/// body in a loop, and its variables in memory.
macro_rules! for_each_token {
    ($T:ident, $t:ident => $body:block) => {
        for_each_token!($T, $t in [0, 1, 2, 3] => $body)
    };
    ($T:ident, $t:ident in [$($n:literal),+] => $body:block) => {
        $(if const { $n < $T } {
            let $t: usize = $n;
            $body
        })+
    };
}
pub(super) use for_each_token;

/// The scale of a token's activations and, as bits of an `i32`, their sum.
#[derive(Clone, Copy)]
pub(super) struct ScaleAndSum(pub(super) float32x2_t);

impl ScaleAndSum {
    #[inline(always)]
    pub(super) fn of<X: Quads>(x: &X) -> Self {
        // SAFETY: both lie within `x`.
        ScaleAndSum(unsafe { words::scale_and_sum(x) })
    }
}

/// Sums of activations as `128 * high + low`, in bytes.
#[derive(Clone, Copy)]
pub(super) struct Split {
    pub(super) high: int8x16_t,
    pub(super) low: int8x16_t,
}

/// Indices that put the bytes of sums in order: they lie as 0, 2, 1, 3.
static IN_ORDER: [u8; 16] = [0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15];

impl Split {
    /// Eight sums of 32 activations: words 0 and 1 are the high parts, words 2 and 3 the low ones.
    #[inline(always)]
    pub(super) fn of32(x: &impl Quads) -> int8x16_t {
        neon! {
            let sums = vreinterpretq_s16_u8(sixteen(x.sums32().as_ptr().cast()));
            let low = vmovn_s16(vandq_s16(sums, vdupq_n_s16(127)));
            vqtbl1q_s8(vcombine_s8(vshrn_n_s16::<7>(sums), low), sixteen(IN_ORDER.as_ptr()))
        }
    }

    /// Sixteen sums of 16 activations.
    #[inline(always)]
    pub(super) fn of16(x: &impl Quads) -> Split {
        neon! {
            let [a, b] = thirty_two(x.sums16().as_ptr().cast());
            let high = vcombine_s8(vshrn_n_s16::<7>(vreinterpretq_s16_u8(a)), vshrn_n_s16::<7>(vreinterpretq_s16_u8(b)));
            let low = vandq_s8(vreinterpretq_s8_u8(vuzp1q_u8(a, b)), vdupq_n_s8(127));
            let order = sixteen(IN_ORDER.as_ptr());
            Split { high: vqtbl1q_s8(high, order), low: vqtbl1q_s8(low, order) }
        }
    }
}

impl<M: Multiply, const V: usize> Neon<M, V> {
    /// The packed scales and minimums of Q4_K and Q5_K as bytes.
    #[inline(always)]
    pub(super) fn scales_and_mins<B: Pod>(self, rows: Rows<'_, B>) -> ([Word<V>; 2], [Word<V>; 2]) {
        let [a, b, c]: [Word<V>; 3] = self.words(rows, 4);
        let six = |w| self.and(w, self.splat(0x3F3F_3F3F));
        let top = |w| self.and(self.shr(w, 2), self.splat(0x3030_3030));
        let [low, high] = Nibbles::<0>.unpack([c; 2], 0);
        ([six(a), self.or(low, top(a))], [six(b), self.or(high, top(b))])
    }

    /// `(d * dx) * sum - (dmin * dx) * (mins . sums of x)` for every token.
    #[inline(always)]
    pub(super) fn scaled_less_mins<const T: usize>(
        self,
        [d, dmin]: [[float32x4_t; V]; 2],
        sums: [Word<V>; T],
        mins: [Word<V>; 2],
        x: &[impl Quads; T],
        dx: &[ScaleAndSum; T],
    ) -> [[float32x4_t; V]; T] {
        let mut out = [d; T];
        for_each_token!(T, t => {
            let split = Split::of32(&x[t]);
            let mut high = self.0.sum(self.splat(0));
            self.0.add::<0, V>(&mut high, mins[0], split, 63, 0);
            self.0.add::<1, V>(&mut high, mins[1], split, 63, 1);
            let mut low = self.0.sum(self.shl(self.0.total(high, 63, 2), 7));
            self.0.add::<2, V>(&mut low, mins[0], split, 63, 0);
            self.0.add::<3, V>(&mut low, mins[1], split, 63, 1);
            let products = self.f_mul(self.times(d, dx[t]), self.to_f32(sums[t]));
            let mins = self.f_mul(self.times(dmin, dx[t]), self.to_f32(self.0.total(low, 63, 2)));
            out[t] = self.f_sub(products, mins);
        });
        out
    }

    /// `start * sum of x` for every token.
    #[inline(always)]
    pub(super) fn starts<const T: usize>(self, start: i32, dx: &[ScaleAndSum; T]) -> [[Word<V>; 1]; T] {
        let start = neon! { vdupq_n_s32(start) };
        let mut out = self.zeros();
        for_each_token!(T, t => {
            out[t] = [array(|_| words::times_second(start, dx[t].0))];
        });
        out
    }

    /// Bytes `byte` and `byte + 1` of each lane, zero-extended; `byte` is 0 or 2.
    #[inline(always)]
    pub(super) fn two_bytes(self, w: Word<V>, byte: usize) -> [Word<V>; 2] {
        match byte {
            0 => [self.and(w, self.splat(0xFF)), self.and(self.shr(w, 8), self.splat(0xFF))],
            _ => [self.and(self.shr(w, 16), self.splat(0xFF)), self.shr(w, 24)],
        }
    }

    /// Byte `byte` of each lane, sign-extended.
    #[inline(always)]
    pub(super) fn signed_byte(self, w: Word<V>, byte: u32) -> Word<V> {
        let w = self.shl(w, 24 - 8 * byte);
        each(w, |w| neon! { vreinterpretq_u32_s32(vshrq_n_s32::<24>(vreinterpretq_s32_u32(w))) })
    }

    /// `acc + a * b`.
    #[inline(always)]
    pub(super) fn mul_add(self, acc: Word<V>, a: Word<V>, b: Word<V>) -> Word<V> {
        array(|v| neon! { vmlaq_u32(acc[v], a[v], b[v]) })
    }

    /// `a * dx`.
    #[inline(always)]
    pub(super) fn times(self, a: [float32x4_t; V], dx: ScaleAndSum) -> [float32x4_t; V] {
        each(a, |a| neon! { vmulq_lane_f32::<0>(a, dx.0) })
    }

    /// Scale and minimum at the front of a block.
    #[inline(always)]
    pub(super) fn scale_and_min<B: Pod>(self, rows: Rows<'_, B>) -> [[float32x4_t; V]; 2] {
        if rows.are_interleaved() {
            return [self.half_at(rows, 0), self.half_at(rows, 2)];
        }
        let both = self.word_at(rows, 0);
        [self.f16_low(both), self.f16_high(both)]
    }

    /// `(d * dx) * sum` for every token.
    #[inline(always)]
    pub(super) fn scaled<const T: usize>(
        self,
        d: [float32x4_t; V],
        sums: [[Word<V>; 1]; T],
        dx: &[ScaleAndSum; T],
    ) -> [[float32x4_t; V]; T] {
        let mut out = [d; T];
        for_each_token!(T, t => {
            out[t] = self.f_mul(self.times(d, dx[t]), self.to_f32(sums[t][0]));
        });
        out
    }

    /// `dx * (d * sum + m * sum of x)` for every token.
    #[inline(always)]
    pub(super) fn scaled_with_min<const T: usize>(
        self,
        [d, m]: [[float32x4_t; V]; 2],
        sums: [[Word<V>; 1]; T],
        dx: &[ScaleAndSum; T],
    ) -> [[float32x4_t; V]; T] {
        let mut out = [d; T];
        for_each_token!(T, t => {
            let sum = neon! { vcvt_f32_s32(vreinterpret_s32_f32(dx[t].0)) };
            let offsets = each(m, |m| neon! { vmulq_lane_f32::<1>(m, sum) });
            let products = self.f_mul(d, self.to_f32(sums[t][0]));
            out[t] = self.times(self.f_add(products, offsets), dx[t]);
        });
        out
    }
}
