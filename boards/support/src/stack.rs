//! The stack: its size, the depth that a program reached, and the guard below it.
//!
//! Below the stack lies memory that the processor keeps from the program, so that an overflow is a fault and writes over
//! nothing; `fault.rs` reports it. On Armv8-M the register MSPLIM holds the end of the stack, which `cortex-m-rt` sets at
//! reset. On Armv7-M a region of the memory protection unit forbids what lies in front of RAM, where the stack begins. On
//! AArch64 the linker leaves a hole for a block of the page table that is not mapped, on RISC-V one that the memory protection
//! forbids. The hole is larger than any frame, so none reaches across.

/// The paint: `cortex-m-rt`'s with its feature `paint-stack`, and what `aarch64.rs` and `riscv.rs` take.
const PAINT: u32 = 0xCCCC_CCCC;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Bytes that the memory map reserves.
#[must_use]
pub fn reserved() -> usize {
    (&raw const _stack_start).addr() - (&raw const _stack_end).addr()
}

/// The most bytes of stack that were in use since reset. Nothing if the stack was not painted.
#[must_use]
pub fn peak() -> usize {
    let (low, high) = (&raw const _stack_end, &raw const _stack_start);
    let mut at = low;
    // SAFETY: the linker's symbols bound the stack, whose words may be read; the program writes them through its own
    // stack alone, below which this one's frame never is.
    while at < high && unsafe { at.read_volatile() } == PAINT {
        at = at.wrapping_add(1);
    }
    if at == low { 0 } else { high.addr() - at.addr() }
}

#[cfg(all(target_arch = "arm", not(armv8m)))]
pub use armv7m::guard;
#[cfg(all(target_arch = "arm", not(armv8m)))]
pub(crate) use armv7m::has_overflowed;

/// The memory protection unit forbids what lies below the stack.
#[cfg(all(target_arch = "arm", not(armv8m)))]
mod armv7m {
    use core::ops::Range;

    /// Bytes of the forbidden region, as a power of two. `stack.x` has the stack end at a multiple.
    const GUARD: u32 = 16;

    const MMFAR: usize = 0xE000_ED34;
    const MPU_CTRL: usize = 0xE000_ED94;
    const MPU_RBAR: usize = 0xE000_ED9C;
    const MPU_RASR: usize = 0xE000_EDA0;

    fn forbidden() -> Range<usize> {
        let end = (&raw const super::_stack_end).addr();
        end - (1 << GUARD)..end
    }

    /// Forbids what lies below the stack. For the start of a program.
    pub fn guard() {
        let registers = [
            (MPU_RBAR, forbidden().start as u32 | 1 << 4 | 7), // region 7, which goes before all others
            (MPU_RASR, 1 << 28 | (GUARD - 1) << 1 | 1),        // no access, no execution
            (MPU_CTRL, 0b101),                                 // all other memory as without the unit
        ];
        for (register, value) in registers {
            // SAFETY: registers of the memory protection unit; the region holds nothing of the program's.
            unsafe { core::ptr::with_exposed_provenance_mut::<u32>(register).write_volatile(value) };
        }
        // SAFETY: barriers alone.
        unsafe { core::arch::asm!("dsb", "isb", options(nostack, preserves_flags)) };
    }

    /// A fault with this status comes from an overflow: the guard was touched, or an exception's frame met it.
    pub(crate) fn has_overflowed(status: usize) -> bool {
        let (frame, address_is_valid) = (status & 0b11_0000 != 0, status & 1 << 7 != 0);
        // SAFETY: reading the fault's address does nothing else.
        let address = unsafe { core::ptr::with_exposed_provenance::<usize>(MMFAR).read_volatile() };
        frame || address_is_valid && forbidden().contains(&address)
    }
}

/// Does nothing: the limit or the hole is there from reset on.
#[cfg(any(armv8m, not(target_arch = "arm")))]
pub fn guard() {}

/// A fault with this status comes from an overflow: the stack pointer met its limit.
#[cfg(armv8m)]
pub(crate) fn has_overflowed(status: usize) -> bool {
    status & 1 << 20 != 0
}

/// A fault comes from an overflow: its address lies in the hole.
#[cfg(not(target_arch = "arm"))]
pub(crate) fn has_overflowed(_status: usize) -> bool {
    unsafe extern "C" {
        static _stack_guard: u32;
    }
    let address: usize;
    // SAFETY: the program runs at EL1, which may read the register.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        core::arch::asm!("mrs {}, FAR_EL1", out(reg) address, options(nomem, nostack))
    };
    // SAFETY: the program runs in machine mode, which may read the register.
    #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
    unsafe {
        core::arch::asm!("csrr {}, mtval", out(reg) address, options(nomem, nostack))
    };
    ((&raw const _stack_guard).addr()..(&raw const _stack_end).addr()).contains(&address)
}
