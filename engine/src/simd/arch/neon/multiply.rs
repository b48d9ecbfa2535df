//! Products of bytes, in which the levels of NEON differ.

use super::basics::{array, each, sixteen, thirty_two, zip};
use super::words::repeated;
use crate::simd::isa::{Isa, Op, Quad, Quads};
use crate::simd::name::IsaName;
use core::arch::{aarch64::*, asm};

/// A word of `4 * V` rows.
pub(super) type Word<const V: usize> = [uint32x4_t; V];

/// An instruction set's way to multiply signed bytes.
pub trait Multiply: Copy + Send + Sync + 'static {
    /// The name of NEON with these instructions.
    const NAME: IsaName;
    /// The most tokens whose sums there are registers for.
    const TOKENS: usize = 4;

    /// The lowest level that multiplies a single token as fast as this one.
    type Plain: Multiply;
    /// The proof for [`Multiply::Plain`].
    fn plain(self) -> Self::Plain;

    /// True if whoever has a proof of this level has FEAT_I8MM.
    const HAS_SMMLA: bool = false;

    /// Calls `op` inside a function that has the features enabled.
    fn run<I: Isa, O: Op>(self, isa: I, op: O) -> O::Out;

    /// Sums of products while they are added up.
    type Sum<const V: usize>: Copy;
    /// Sums that begin with `acc`.
    fn sum<const V: usize>(self, acc: Word<V>) -> Self::Sum<V>;
    /// Adds `w * x`, the sums' product number `n`: signed bytes, those of `w` none further from zero than `max`; of `x` its
    /// word `LANE`.
    fn add<const LANE: i32, const V: usize>(self, sum: &mut Self::Sum<V>, w: Word<V>, x: int8x16_t, max: u8, n: usize);
    /// The sums of `n` products.
    fn total<const V: usize>(self, sum: Self::Sum<V>, max: u8, n: usize) -> Word<V>;

    /// `acc + sum of w * x` over `N` words of signed bytes, none further from zero than `MAX`.
    #[inline(always)]
    fn dot<const MAX: u8, const N: usize, const V: usize>(
        self,
        acc: Word<V>,
        w: &[Word<V>; N],
        x: &[Quad; N],
    ) -> Word<V> {
        let mut sum = self.sum(acc);
        let ((fours, rest), (x_fours, x_rest)) = (w.as_chunks::<4>(), x.as_chunks::<4>());
        for (i, (w, x)) in fours.iter().zip(x_fours).enumerate() {
            // SAFETY: `x` is sixteen bytes.
            let x = unsafe { vreinterpretq_s8_u8(sixteen(x.as_ptr().cast())) };
            self.add::<0, V>(&mut sum, w[0], x, MAX, 4 * i);
            self.add::<1, V>(&mut sum, w[1], x, MAX, 4 * i + 1);
            self.add::<2, V>(&mut sum, w[2], x, MAX, 4 * i + 2);
            self.add::<3, V>(&mut sum, w[3], x, MAX, 4 * i + 3);
        }
        for (i, (w, x)) in rest.iter().zip(x_rest).enumerate() {
            self.add::<0, V>(&mut sum, *w, repeated(x), MAX, N / 4 * 4 + i);
        }
        self.total(sum, MAX, N)
    }

    /// [`Multiply::dot`] of `T` tokens, with `N` words of their activations from word `N * i` on.
    #[inline(always)]
    fn dots<const MAX: u8, const N: usize, const V: usize, const T: usize>(
        self,
        acc: &mut [Word<V>; T],
        w: &[Word<V>; N],
        x: &[impl Quads; T],
        i: usize,
    ) {
        for (acc, x) in acc.iter_mut().zip(x) {
            *acc = self.dot::<MAX, N, V>(*acc, w, x.quads(i));
        }
    }
}

/// Products of 16 bits, added in pairs: any AArch64.
#[derive(Clone, Copy, Debug)]
pub struct Widening(pub(super) ());

impl Multiply for Widening {
    const NAME: IsaName = IsaName::Neon;
    const TOKENS: usize = 2;

    type Plain = Self;

    #[inline(always)]
    fn plain(self) -> Self {
        self
    }

    /// Not inlined, as the other levels cannot be: compilers would take minutes for all formats in one function.
    #[inline(never)]
    fn run<I: Isa, O: Op>(self, isa: I, op: O) -> O::Out {
        op.call(isa)
    }

    type Sum<const V: usize> = Widened<V>;

    #[inline(always)]
    fn sum<const V: usize>(self, acc: Word<V>) -> Widened<V> {
        // SAFETY: NEON is part of the target.
        let (sums, products) = unsafe { ([vdupq_n_s32(0); 2], [vdupq_n_s16(0); 2]) };
        Widened { acc, sums: [sums; V], products: [products; V] }
    }
    #[inline(always)]
    fn add<const LANE: i32, const V: usize>(self, sum: &mut Widened<V>, w: Word<V>, x: int8x16_t, max: u8, n: usize) {
        let run = run(max);
        if n.is_multiple_of(run) && n > 0 {
            sum.widen(n == run);
        }
        // SAFETY: NEON is part of the target.
        unsafe {
            let x = vreinterpretq_s8_s32(vdupq_laneq_s32::<LANE>(vreinterpretq_s32_s8(x)));
            sum.products = zip(sum.products, w, |products, w| {
                let w = vreinterpretq_s8_u32(w);
                let (low, high) = (vget_low_s8(w), vget_low_s8(x));
                if n.is_multiple_of(run) {
                    [vmull_s8(low, high), vmull_high_s8(w, x)]
                } else {
                    [vmlal_s8(products[0], low, high), vmlal_high_s8(products[1], w, x)]
                }
            });
        }
    }
    #[inline(always)]
    fn total<const V: usize>(self, sum: Widened<V>, max: u8, n: usize) -> Word<V> {
        let mut sum = sum;
        sum.widen(n <= run(max));
        // SAFETY: NEON is part of the target.
        array(|v| unsafe { vaddq_u32(sum.acc[v], vreinterpretq_u32_s32(pairwise(sum.sums[v]))) })
    }
}

/// The most products of a byte's place that fit in 16 bits: at least two, 128 * 127 each.
#[inline(always)]
fn run(max: u8) -> usize {
    32767 / (usize::from(max) * 127)
}

/// The sums of neighbouring lanes, `addp`. In assembly, as compilers make three instructions of it where the result is added to something.
#[inline(always)]
fn pairwise([a, b]: [int32x4_t; 2]) -> int32x4_t {
    let out: int32x4_t;
    // SAFETY: the instruction is part of NEON and touches registers alone.
    unsafe {
        asm!("addp {o:v}.4s, {a:v}.4s, {b:v}.4s", o = lateout(vreg) out, a = in(vreg) a, b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags));
    }
    out
}

/// Sums by [`Widening`].
#[derive(Clone, Copy)]
pub struct Widened<const V: usize> {
    /// The sums so far.
    acc: Word<V>,
    /// The sums of bytes 0 and 1 and of 2 and 3, of rows 0 and 1 and of rows 2 and 3.
    sums: [[int32x4_t; 2]; V],
    /// The sums of each byte's place that are not in `sums` yet, of rows 0 and 1 and of rows 2 and 3.
    products: [[int16x8_t; 2]; V],
}

impl<const V: usize> Widened<V> {
    /// Moves the products to the sums, which `first` says are none yet.
    #[inline(always)]
    fn widen(&mut self, first: bool) {
        // SAFETY: NEON is part of the target.
        self.sums = zip(self.sums, self.products, |sums, products| unsafe {
            if first {
                [vpaddlq_s16(products[0]), vpaddlq_s16(products[1])]
            } else {
                [vpadalq_s16(sums[0], products[0]), vpadalq_s16(sums[1], products[1])]
            }
        });
    }
}

/// `sdot`: FEAT_DotProd.
#[derive(Clone, Copy, Debug)]
pub struct Dotprod(pub(super) ());

/// `acc + w * x` in each lane, the four bytes of `x` at lane `LANE`.
///
/// # Safety
/// The processor has FEAT_DotProd.
#[inline(always)]
unsafe fn sdot<const LANE: i32>(acc: &mut uint32x4_t, w: uint32x4_t, x: int8x16_t) {
    // SAFETY: the caller's promise; registers alone.
    unsafe {
        asm!(".arch_extension dotprod", "sdot {acc:v}.4s, {w:v}.16b, {x:v}.4b[{lane}]",
            acc = inlateout(vreg) *acc, w = in(vreg) w, x = in(vreg) x, lane = const LANE,
            options(pure, nomem, nostack, preserves_flags));
    }
}

impl Multiply for Dotprod {
    const NAME: IsaName = IsaName::NeonDotprod;

    type Plain = Self;

    #[inline(always)]
    fn plain(self) -> Self {
        self
    }

    #[inline(always)]
    fn run<I: Isa, O: Op>(self, isa: I, op: O) -> O::Out {
        #[target_feature(enable = "dotprod")]
        fn enter<I: Isa, O: Op>(isa: I, op: O) -> O::Out {
            op.call(isa)
        }
        // SAFETY: a `Dotprod` exists, so the feature is there.
        unsafe { enter(isa, op) }
    }

    type Sum<const V: usize> = Word<V>;

    #[inline(always)]
    fn sum<const V: usize>(self, acc: Word<V>) -> Word<V> {
        acc
    }
    #[inline(always)]
    fn add<const LANE: i32, const V: usize>(self, sum: &mut Word<V>, w: Word<V>, x: int8x16_t, _max: u8, _n: usize) {
        for (sum, w) in sum.iter_mut().zip(w) {
            // SAFETY: a `Dotprod` exists, so the feature is there.
            unsafe { sdot::<LANE>(sum, w, x) };
        }
    }
    #[inline(always)]
    fn total<const V: usize>(self, sum: Word<V>, _max: u8, _n: usize) -> Word<V> {
        sum
    }
}

/// `smmla` for each two tokens, `sdot` for a last one: FEAT_I8MM and FEAT_DotProd.
#[derive(Clone, Copy, Debug)]
pub struct I8mm(pub(super) Dotprod);

impl I8mm {
    /// [`Multiply::dot`] of two tokens.
    #[inline(always)]
    fn pair<const N: usize, const V: usize>(
        self,
        acc: [Word<V>; 2],
        w: &[Word<V>; N],
        x: [&[Quad; N]; 2],
    ) -> [Word<V>; 2] {
        let (mut first, mut second) = (acc[0], acc[1]);
        for v in 0..V {
            let w = each(*w, |w| w[v]);
            // SAFETY: an `I8mm` exists, so the features are there.
            unsafe {
                // Rows 0 and 1, rows 2 and 3: each row's sums of both tokens side by side.
                let mut rows = [vzip1q_u32(first[v], second[v]), vzip2q_u32(first[v], second[v])];
                let ((w8, w_rest), (a8, a_rest), (b8, b_rest)) = (w.as_chunks(), x[0].as_chunks(), x[1].as_chunks());
                for ((w, x0), x1) in w8.iter().zip(a8).zip(b8) {
                    let &[w0, w1, w2, w3, w4, w5, w6, w7] = w;
                    let ([a, c], [b, d]) = (eight_quads(x0), eight_quads(x1));
                    rows = both(rows, [w0, w1, w2, w3], [a, b]);
                    rows = both(rows, [w4, w5, w6, w7], [c, d]);
                }
                let ((w4, w_rest), (a4, a_rest), (b4, b_rest)) =
                    (w_rest.as_chunks(), a_rest.as_chunks(), b_rest.as_chunks());
                for ((w, x0), x1) in w4.iter().zip(a4).zip(b4) {
                    rows = both(rows, *w, each([x0, x1], |x: &[Quad; 4]| sixteen(x.as_ptr().cast())));
                }
                let [rows01, rows23] = rows;
                (first[v], second[v]) = (vuzp1q_u32(rows01, rows23), vuzp2q_u32(rows01, rows23));
                for ((w, x0), x1) in w_rest.iter().zip(a_rest).zip(b_rest) {
                    sdot::<0>(&mut first[v], *w, repeated(x0));
                    sdot::<0>(&mut second[v], *w, repeated(x1));
                }
            }
        }
        [first, second]
    }
}

/// `acc + w * x` of two rows' eight bytes and two tokens': row by row, the first token's sum first.
///
/// # Safety
/// The processor has FEAT_I8MM.
#[inline(always)]
unsafe fn smmla(acc: uint32x4_t, w: uint32x4_t, x: int8x16_t) -> uint32x4_t {
    let mut acc = acc;
    // SAFETY: the caller's promise; registers alone.
    unsafe {
        asm!(".arch_extension i8mm", "smmla {acc:v}.4s, {w:v}.16b, {x:v}.16b",
            acc = inlateout(vreg) acc, w = in(vreg) w, x = in(vreg) x, options(pure, nomem, nostack, preserves_flags));
    }
    acc
}

/// `acc + w * x` of four rows' sixteen bytes and two tokens': rows 0 and 1, rows 2 and 3, each row's sums of both side by side.
///
/// # Safety
/// The processor has FEAT_I8MM.
#[inline(always)]
unsafe fn both(acc: [uint32x4_t; 2], [a, b, c, d]: [uint32x4_t; 4], x: [uint8x16_t; 2]) -> [uint32x4_t; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        let x = each(x, |x| vreinterpretq_u64_u8(x));
        let (low, high) = (vreinterpretq_s8_u64(vzip1q_u64(x[0], x[1])), vreinterpretq_s8_u64(vzip2q_u64(x[0], x[1])));
        let rows01 = smmla(smmla(acc[0], vzip1q_u32(a, b), low), vzip1q_u32(c, d), high);
        let rows23 = smmla(smmla(acc[1], vzip2q_u32(a, b), low), vzip2q_u32(c, d), high);
        [rows01, rows23]
    }
}

/// Eight words, by one load: the tokens' places are too far apart for the offsets that two would need.
#[inline(always)]
fn eight_quads(x: &[Quad; 8]) -> [uint8x16_t; 2] {
    // SAFETY: eight words are 32 bytes.
    unsafe { thirty_two(x.as_ptr().cast()) }
}

impl Multiply for I8mm {
    const NAME: IsaName = IsaName::NeonI8mm;
    const HAS_SMMLA: bool = true;

    type Plain = Dotprod;

    #[inline(always)]
    fn plain(self) -> Dotprod {
        self.0
    }

    #[inline(always)]
    fn run<I: Isa, O: Op>(self, isa: I, op: O) -> O::Out {
        #[target_feature(enable = "dotprod,i8mm")]
        fn enter<I: Isa, O: Op>(isa: I, op: O) -> O::Out {
            op.call(isa)
        }
        // SAFETY: an `I8mm` exists, so the features are there.
        unsafe { enter(isa, op) }
    }

    #[inline(always)]
    fn dots<const MAX: u8, const N: usize, const V: usize, const T: usize>(
        self,
        acc: &mut [Word<V>; T],
        w: &[Word<V>; N],
        x: &[impl Quads; T],
        i: usize,
    ) {
        let ((accs, last_acc), (xs, last_x)) = (acc.as_chunks_mut::<2>(), x.as_chunks::<2>());
        for (acc, [a, b]) in accs.iter_mut().zip(xs) {
            *acc = self.pair(*acc, w, [a.quads(i), b.quads(i)]);
        }
        for (acc, x) in last_acc.iter_mut().zip(last_x) {
            *acc = self.dot::<MAX, N, V>(*acc, w, x.quads(i));
        }
    }

    type Sum<const V: usize> = Word<V>;

    #[inline(always)]
    fn sum<const V: usize>(self, acc: Word<V>) -> Word<V> {
        acc
    }
    #[inline(always)]
    fn add<const LANE: i32, const V: usize>(self, sum: &mut Word<V>, w: Word<V>, x: int8x16_t, max: u8, n: usize) {
        self.0.add::<LANE, V>(sum, w, x, max, n);
    }
    #[inline(always)]
    fn total<const V: usize>(self, sum: Word<V>, _max: u8, _n: usize) -> Word<V> {
        sum
    }
}
