//! Helium (Cortex-M55 and later), for integers alone: its float vectors flush denormals to zero. The compiler cannot allocate its
//! registers, so a vector lives within one `asm!`.

use super::as_scalar::as_scalar;
#[cfg(target_abi = "eabihf")]
use super::attention_loops;
use super::dsp::Dsp;
use super::halves::{halves, widen};
#[cfg(target_abi = "eabihf")]
use super::helium_loops;
#[cfg(target_abi = "eabihf")]
use super::quantise_loops;
#[cfg(target_abi = "eabihf")]
use crate::simd::arch::attention::AttentionLoops;
#[cfg(target_abi = "eabihf")]
use crate::simd::arch::quantise::QuantiseLoops;
use crate::simd::arch::rows::Rows;
#[cfg(target_abi = "eabihf")]
use crate::simd::arch::strip::BlockLoops;
use crate::simd::floats::{LANES, Lane};
#[cfg(target_abi = "eabihf")]
use crate::simd::form::BlockLayout;
use crate::simd::isa::{Isa, Op, Quad};
use crate::simd::name::IsaName;
use crate::simd::scalar::Scalar;
use bytemuck::Pod;
use core::arch::asm;

/// Proof that the processor has the vector extension and the DSP extension: the engine's feature `isa-helium`.
#[derive(Clone, Copy, Debug)]
pub struct Helium(());

impl Helium {
    /// The proof, which the engine's feature `isa-helium` declares.
    #[must_use]
    pub fn declared() -> &'static Helium {
        &Helium(())
    }

    /// `acc + sum of w * x` over `N` words of signed bytes.
    #[inline(always)]
    fn dot<const N: usize>(self, acc: u32, w: &[u32; N], x: &[Quad; N]) -> u32 {
        let mut acc = acc;
        let (w4, w_rest) = w.as_chunks::<4>();
        let (x4, x_rest) = x.as_chunks::<4>();
        for (w, x) in w4.iter().zip(x4) {
            // SAFETY: a `Helium` exists, so the extension is there; `w` and `x` are sixteen bytes each.
            unsafe {
                // `vmladava` adds to a register of even number.
                asm!(".cpu cortex-m55",
                    "vldrb.u8 q0, [{w}]", "vldrb.u8 q1, [{x}]", "vmladava.s8 r12, q0, q1",
                    inlateout("r12") acc, w = in(reg) w.as_ptr(), x = in(reg) x.as_ptr(),
                    out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                    options(pure, readonly, nostack, preserves_flags));
            }
        }
        for (w, x) in w_rest.iter().zip(x_rest) {
            acc = Dsp::PROOF.dot_i8(acc, &[*w], &[*x], 0);
        }
        acc
    }
}

halves!(Helium);

impl Isa for Helium {
    const NAME: IsaName = IsaName::Helium;

    as_scalar!();

    #[cfg(target_abi = "eabihf")]
    #[inline(always)]
    fn block_loops(self, layout: BlockLayout) -> Option<&'static BlockLoops> {
        Some(helium_loops::block_loops(layout))
    }
    #[cfg(target_abi = "eabihf")]
    #[inline(always)]
    fn attention_loops(self) -> Option<AttentionLoops> {
        Some(attention_loops::HELIUM)
    }
    #[cfg(target_abi = "eabihf")]
    #[inline(always)]
    fn quantise_loops(self) -> Option<QuantiseLoops> {
        Some(quantise_loops::HELIUM)
    }

    #[inline(always)]
    fn expand_bits(self, bits: u32, shift: u32) -> u32 {
        Dsp::PROOF.expand_bits(bits, shift)
    }
    #[inline(always)]
    fn dot_u8<const MAX: u8, const N: usize>(self, acc: u32, w: &[u32; N], x: &[Quad; N]) -> u32 {
        const { assert!(MAX < 128, "taken as signed bytes") };
        self.dot(acc, w, x)
    }
    #[inline(always)]
    fn dot_i8<const N: usize>(self, acc: u32, w: &[u32; N], x: &[Quad; N], _sum: i32) -> u32 {
        self.dot(acc, w, x)
    }
    #[inline(always)]
    fn dot_i16(self, acc: u32, a: u32, b: [i16; 2]) -> u32 {
        Dsp::PROOF.dot_i16(acc, a, b)
    }
}
