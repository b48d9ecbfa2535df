//! How bytes are multiplied: what the rungs of NEON differ in.

use super::words::{repeated, sixteen};
use crate::simd::isa::{Isa, Op, Quad, Quads};
use crate::simd::name::IsaName;
use core::arch::{aarch64::*, asm};

/// An instruction set's way to multiply signed bytes.
pub trait Multiply: Copy + Send + Sync + 'static {
    /// The name of NEON with these instructions.
    const NAME: IsaName;

    /// Calls `op` inside a function that has the features enabled.
    fn run<I: Isa, O: Op>(self, isa: I, op: O) -> O::Out;

    /// `acc + sum of w * x` over `N` words of signed bytes, none further from zero than `MAX`.
    fn dot<const MAX: u8, const N: usize>(self, acc: uint32x4_t, w: &[uint32x4_t; N], x: &[Quad; N]) -> uint32x4_t;

    /// [`Multiply::dot`] of `T` tokens, with `N` words of their activations from word `N * i` on.
    #[inline(always)]
    fn dots<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [uint32x4_t; T],
        w: &[uint32x4_t; N],
        x: &[impl Quads; T],
        i: usize,
    ) {
        for (acc, x) in acc.iter_mut().zip(x) {
            *acc = self.dot::<MAX, N>(*acc, w, x.quads(i));
        }
    }
}

/// Products of 16 bits, added in pairs: any AArch64.
#[derive(Clone, Copy, Debug)]
pub struct Widening(pub(super) ());

impl Multiply for Widening {
    const NAME: IsaName = IsaName::Neon;

    #[inline(always)]
    fn run<I: Isa, O: Op>(self, isa: I, op: O) -> O::Out {
        op.call(isa)
    }

    #[inline(always)]
    fn dot<const MAX: u8, const N: usize>(self, acc: uint32x4_t, w: &[uint32x4_t; N], x: &[Quad; N]) -> uint32x4_t {
        // How many products of a byte's place fit in 16 bits: at least two, 128 * 127 each.
        let run = const { 32767 / (MAX as usize * 127) };
        // SAFETY: NEON is part of the target.
        unsafe {
            // The sums of bytes 0 and 1 and of 2 and 3, of rows 0 and 1 and of rows 2 and 3.
            let (mut rows01, mut rows23) = (vdupq_n_s32(0), vdupq_n_s32(0));
            for (w, x) in w.chunks(run).zip(x.chunks(run)) {
                let mut products = [vdupq_n_s16(0); 2];
                for (i, (w, x)) in w.iter().zip(x).enumerate() {
                    let w = vreinterpretq_s8_u32(*w);
                    let x = repeated(x);
                    let (low, high) = (vget_low_s8(w), vget_low_s8(x));
                    products = if i == 0 {
                        [vmull_s8(low, high), vmull_high_s8(w, x)]
                    } else {
                        [vmlal_s8(products[0], low, high), vmlal_high_s8(products[1], w, x)]
                    };
                }
                rows01 = vpadalq_s16(rows01, products[0]);
                rows23 = vpadalq_s16(rows23, products[1]);
            }
            vaddq_u32(acc, vreinterpretq_u32_s32(vpaddq_s32(rows01, rows23)))
        }
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

    #[inline(always)]
    fn run<I: Isa, O: Op>(self, isa: I, op: O) -> O::Out {
        #[target_feature(enable = "dotprod")]
        fn enter<I: Isa, O: Op>(isa: I, op: O) -> O::Out {
            op.call(isa)
        }
        // SAFETY: a `Dotprod` exists, so the feature is there.
        unsafe { enter(isa, op) }
    }

    #[inline(always)]
    fn dot<const MAX: u8, const N: usize>(self, acc: uint32x4_t, w: &[uint32x4_t; N], x: &[Quad; N]) -> uint32x4_t {
        let mut acc = acc;
        let (w4, w_rest) = w.as_chunks::<4>();
        let (x4, x_rest) = x.as_chunks::<4>();
        for ([a, b, c, d], x) in w4.iter().zip(x4) {
            // SAFETY: `x` is sixteen bytes; a `Dotprod` exists, so the feature is there.
            unsafe {
                let x = vreinterpretq_s8_u8(sixteen(x.as_ptr().cast()));
                sdot::<0>(&mut acc, *a, x);
                sdot::<1>(&mut acc, *b, x);
                sdot::<2>(&mut acc, *c, x);
                sdot::<3>(&mut acc, *d, x);
            }
        }
        for (w, x) in w_rest.iter().zip(x_rest) {
            // SAFETY: a `Dotprod` exists, so the feature is there.
            unsafe { sdot::<0>(&mut acc, *w, repeated(x)) };
        }
        acc
    }
}

/// `smmla` for each two tokens, `sdot` for a last one: FEAT_I8MM and FEAT_DotProd.
#[derive(Clone, Copy, Debug)]
pub struct I8mm(pub(super) Dotprod);

impl I8mm {
    /// [`Multiply::dot`] of two tokens.
    #[inline(always)]
    fn pair<const N: usize>(self, acc: [uint32x4_t; 2], w: &[uint32x4_t; N], x: [&[Quad; N]; 2]) -> [uint32x4_t; 2] {
        // SAFETY: an `I8mm` exists, so the features are there.
        unsafe {
            // Rows 0 and 1, rows 2 and 3: each row's sums of both tokens side by side.
            let (mut rows01, mut rows23) = (vzip1q_u32(acc[0], acc[1]), vzip2q_u32(acc[0], acc[1]));
            let (w4, w_rest) = w.as_chunks::<4>();
            let (a4, a_rest) = x[0].as_chunks::<4>();
            let (b4, b_rest) = x[1].as_chunks::<4>();
            for (([a, b, c, d], x0), x1) in w4.iter().zip(a4).zip(b4) {
                let [first, second] = halves_of_both([x0, x1]);
                rows01 = smmla(rows01, vzip1q_u32(*a, *b), first);
                rows23 = smmla(rows23, vzip2q_u32(*a, *b), first);
                rows01 = smmla(rows01, vzip1q_u32(*c, *d), second);
                rows23 = smmla(rows23, vzip2q_u32(*c, *d), second);
            }
            let (mut one, mut two) = (vuzp1q_u32(rows01, rows23), vuzp2q_u32(rows01, rows23));
            for ((w, x0), x1) in w_rest.iter().zip(a_rest).zip(b_rest) {
                sdot::<0>(&mut one, *w, repeated(x0));
                sdot::<0>(&mut two, *w, repeated(x1));
            }
            [one, two]
        }
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

/// The two tokens' eight bytes each of the first halves of both, and those of the second halves.
#[inline(always)]
fn halves_of_both(x: [&[Quad; 4]; 2]) -> [int8x16_t; 2] {
    // SAFETY: sixteen bytes each.
    unsafe {
        let a = vreinterpretq_u64_u8(sixteen(x[0].as_ptr().cast()));
        let b = vreinterpretq_u64_u8(sixteen(x[1].as_ptr().cast()));
        [vreinterpretq_s8_u64(vzip1q_u64(a, b)), vreinterpretq_s8_u64(vzip2q_u64(a, b))]
    }
}

impl Multiply for I8mm {
    const NAME: IsaName = IsaName::NeonI8mm;

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
    fn dot<const MAX: u8, const N: usize>(self, acc: uint32x4_t, w: &[uint32x4_t; N], x: &[Quad; N]) -> uint32x4_t {
        self.0.dot::<MAX, N>(acc, w, x)
    }

    #[inline(always)]
    fn dots<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [uint32x4_t; T],
        w: &[uint32x4_t; N],
        x: &[impl Quads; T],
        i: usize,
    ) {
        let ((accs, last_acc), (xs, last_x)) = (acc.as_chunks_mut::<2>(), x.as_chunks::<2>());
        for (acc, [a, b]) in accs.iter_mut().zip(xs) {
            *acc = self.pair(*acc, w, [a.quads(i), b.quads(i)]);
        }
        for (acc, x) in last_acc.iter_mut().zip(last_x) {
            *acc = self.dot::<MAX, N>(*acc, w, x.quads(i));
        }
    }
}
