//! How bytes are multiplied: what the rungs of NEON differ in.

use super::super::super::{Isa, IsaName, Op, Quad};
use super::words::{repeated, sixteen};
use core::arch::{aarch64::*, asm};

/// An instruction set's way to multiply signed bytes.
pub trait Multiply: Copy + Send + Sync + 'static {
    /// The name of NEON with these instructions.
    const NAME: IsaName;

    /// Calls `op` inside a function that has the features enabled.
    fn run<I: Isa, O: Op>(self, isa: I, op: O) -> O::Out;

    /// `acc + sum of w * x` over `N` words of signed bytes, none further from zero than `MAX`.
    fn dot<const MAX: u8, const N: usize>(self, acc: uint32x4_t, w: &[uint32x4_t; N], x: &[Quad; N]) -> uint32x4_t;
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
