//! The DSP extension (Cortex-M4, M7, M33): two products per instruction.

use super::as_scalar::as_scalar;
#[cfg(target_abi = "eabihf")]
use super::attention_loops;
#[cfg(target_abi = "eabihf")]
use super::dsp_loops;
use super::halves::{halves, widen};
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
use crate::simd::form::ActForm;
#[cfg(target_abi = "eabihf")]
use crate::simd::form::BlockLayout;
use crate::simd::isa::{Isa, Op, Quad};
use crate::simd::name::IsaName;
use crate::simd::scalar::Scalar;
use bytemuck::Pod;
use core::arch::asm;

/// Proof that the processor has the DSP extension: the engine's feature `isa-dsp`.
#[derive(Clone, Copy, Debug)]
pub struct Dsp(());

impl Dsp {
    /// The proof, which the engine's feature `isa-dsp` declares.
    #[must_use]
    pub fn declared() -> &'static Dsp {
        &Dsp::PROOF
    }

    /// For callers that know by other means that the extension is there.
    pub(super) const PROOF: Dsp = Dsp(());
}

/// Bytes 0 and 2 of a word, sign-extended to 16 bits each.
#[inline(always)]
fn even_bytes(w: u32) -> u32 {
    let out: u32;
    // SAFETY: only methods of a `Dsp` call this, so the extension is there; registers alone.
    unsafe {
        asm!(".cpu cortex-m33", "sxtb16 {o}, {w}", o = lateout(reg) out, w = in(reg) w,
            options(pure, nomem, nostack, preserves_flags));
    }
    out
}

/// Bytes 1 and 3 of a word, sign-extended to 16 bits each.
#[inline(always)]
fn odd_bytes(w: u32) -> u32 {
    let out: u32;
    // SAFETY: only methods of a `Dsp` call this, so the extension is there; registers alone.
    unsafe {
        asm!(".cpu cortex-m33", "sxtb16 {o}, {w}, ror #8", o = lateout(reg) out, w = in(reg) w,
            options(pure, nomem, nostack, preserves_flags));
    }
    out
}

/// `acc` plus the products of both pairs of 16-bit numbers.
#[inline(always)]
fn smlad(acc: u32, a: u32, b: u32) -> u32 {
    let out: u32;
    // SAFETY: only methods of a `Dsp` call this, so the extension is there; registers alone. It sets the flag Q,
    // which is a flag to the compiler too.
    unsafe {
        asm!(".cpu cortex-m33", "smlad {o}, {a}, {b}, {c}", o = lateout(reg) out, a = in(reg) a, b = in(reg) b,
            c = in(reg) acc, options(pure, nomem, nostack));
    }
    out
}

halves!(Dsp);

impl Isa for Dsp {
    const NAME: IsaName = IsaName::Dsp;
    const ACTS: ActForm = if cfg!(target_abi = "eabihf") { ActForm::Pairs } else { ActForm::Bytes };

    as_scalar!();

    #[cfg(target_abi = "eabihf")]
    #[inline(always)]
    fn block_loops(self, layout: BlockLayout) -> Option<&'static BlockLoops> {
        Some(dsp_loops::block_loops(layout))
    }
    #[cfg(target_abi = "eabihf")]
    #[inline(always)]
    fn attention_loops(self) -> Option<AttentionLoops> {
        Some(attention_loops::DSP)
    }
    #[cfg(target_abi = "eabihf")]
    #[inline(always)]
    fn quantise_loops(self) -> Option<QuantiseLoops> {
        Some(quantise_loops::DSP)
    }

    #[inline(always)]
    fn expand_bits(self, bits: u32, shift: u32) -> u32 {
        // Bit k moves to the lowest bit of byte k: the product adds copies that are 7 bits apart, so none overlap.
        ((bits >> (shift & 31) & 15).wrapping_mul(0x0020_4081) & 0x0101_0101) * 0xFF
    }
    #[inline(always)]
    fn dot_u8<const MAX: u8, const N: usize>(self, acc: u32, w: &[u32; N], x: &[Quad; N]) -> u32 {
        let mut acc = acc;
        for (w, x) in w.iter().zip(x) {
            let x = u32::from_le_bytes(x.map(|b| b as u8));
            acc = smlad(acc, w & 0x00FF_00FF, even_bytes(x));
            acc = smlad(acc, w >> 8 & 0x00FF_00FF, odd_bytes(x));
        }
        acc
    }
    #[inline(always)]
    fn dot_i8<const N: usize>(self, acc: u32, w: &[u32; N], x: &[Quad; N], _sum: i32) -> u32 {
        let mut acc = acc;
        for (w, x) in w.iter().zip(x) {
            let x = u32::from_le_bytes(x.map(|b| b as u8));
            acc = smlad(acc, even_bytes(*w), even_bytes(x));
            acc = smlad(acc, odd_bytes(*w), odd_bytes(x));
        }
        acc
    }
    #[inline(always)]
    fn dot_i16(self, acc: u32, a: u32, b: [i16; 2]) -> u32 {
        smlad(acc, a, u32::from(b[0] as u16) | u32::from(b[1] as u16) << 16)
    }
}
