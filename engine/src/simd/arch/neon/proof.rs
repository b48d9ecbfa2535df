//! Proofs that the processor has a set's instructions: by the target, by a feature of the engine, or on a caller's word.

use super::multiply::{Dotprod, I8mm, Widening};
use core::arch::asm;

/// Proof that the processor has NEON and the instructions of `M`. A word of the set is `V` vectors of four rows.
#[derive(Clone, Copy, Debug)]
pub struct Neon<M, const V: usize = 4>(pub(super) M);

impl Neon<Widening> {
    /// The proof for what every AArch64 target with floats has.
    #[must_use]
    pub fn baseline() -> &'static Self {
        &Neon(Widening(()))
    }
}

impl Neon<Dotprod> {
    /// The proof, if the program is compiled for `dotprod` or the engine's feature `isa-dotprod` declares it.
    #[must_use]
    pub fn declared() -> Option<&'static Self> {
        const DECLARED: bool = cfg!(any(target_feature = "dotprod", feature = "isa-dotprod"));
        // SAFETY: the compiler's target or the board's feature says so.
        DECLARED.then(|| unsafe { Self::assume() })
    }

    /// The proof, on the caller's word.
    ///
    /// # Safety
    /// The processor has FEAT_DotProd: the system says so, or [`id_registers_show_dotprod`] does.
    #[must_use]
    pub unsafe fn assume() -> &'static Self {
        &Neon(Dotprod(()))
    }
}

impl Neon<I8mm> {
    /// The proof, if the program is compiled for `dotprod` and `i8mm` or the engine's feature `isa-i8mm` declares them.
    #[must_use]
    pub fn declared() -> Option<&'static Self> {
        const COMPILED: bool = cfg!(all(target_feature = "dotprod", target_feature = "i8mm"));
        // SAFETY: the compiler's target or the board's feature says so.
        (COMPILED || cfg!(feature = "isa-i8mm")).then(|| unsafe { Self::assume() })
    }

    /// The proof, on the caller's word.
    ///
    /// # Safety
    /// The processor has FEAT_DotProd and FEAT_I8MM: the system says so, or [`id_registers_show_dotprod`] and
    /// [`id_registers_show_i8mm`] do.
    #[must_use]
    pub unsafe fn assume() -> &'static Self {
        &Neon(I8mm(Dotprod(())))
    }
}

/// True if ID_AA64ISAR0_EL1 shows FEAT_DotProd.
///
/// # Safety
/// The program runs at EL1 or above, or under a system that emulates reads of the ID registers (Linux does).
#[must_use]
pub unsafe fn id_registers_show_dotprod() -> bool {
    let isar0: u64;
    // SAFETY: the caller's promise; the register is read and nothing else.
    unsafe { asm!("mrs {}, ID_AA64ISAR0_EL1", out(reg) isar0, options(pure, nomem, nostack, preserves_flags)) };
    isar0 >> 44 & 0xF != 0
}

/// True if ID_AA64ISAR1_EL1 shows FEAT_I8MM.
///
/// # Safety
/// That of [`id_registers_show_dotprod`].
#[must_use]
pub unsafe fn id_registers_show_i8mm() -> bool {
    let isar1: u64;
    // SAFETY: the caller's promise; the register is read and nothing else.
    unsafe { asm!("mrs {}, ID_AA64ISAR1_EL1", out(reg) isar1, options(pure, nomem, nostack, preserves_flags)) };
    isar1 >> 52 & 0xF != 0
}
