//! Time. Under QEMU's `-icount shift=0` an instruction takes a nanosecond, so this counts them.

/// SysTick, which counts 24 bits down; its exception counts how often.
#[cfg(all(target_arch = "arm", feature = "systick"))]
mod systick {
    use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

    static HZ: AtomicU32 = AtomicU32::new(0);
    static WRAPS: AtomicU32 = AtomicU32::new(0);

    /// Starts the clock, which counts `hz` times in a second: the processor's frequency.
    pub fn start(hz: u32) {
        HZ.store(hz, Relaxed);
        // SAFETY: SysTick's registers, which nothing else uses: the whole range, from 0, at the processor's clock, with
        // its exception.
        unsafe {
            (0xE000_E014 as *mut u32).write_volatile(0xFF_FFFF);
            (0xE000_E018 as *mut u32).write_volatile(0);
            (0xE000_E010 as *mut u32).write_volatile(0b111);
        }
    }

    /// The exception, under the name that `cortex-m-rt` looks for.
    #[unsafe(no_mangle)]
    extern "C" fn SysTick() {
        WRAPS.store(WRAPS.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Counts since the start, and counts in a second.
    pub(super) fn counts() -> (u64, u64) {
        loop {
            let wraps = WRAPS.load(Relaxed);
            // SAFETY: SysTick counts down from 2^24 - 1; reading it does nothing else.
            let count = 0xFF_FFFF - unsafe { (0xE000_E018 as *const u32).read_volatile() };
            if wraps == WRAPS.load(Relaxed) {
                return (u64::from(wraps) << 24 | u64::from(count), u64::from(HZ.load(Relaxed)));
            }
        }
    }
}

#[cfg(all(target_arch = "arm", feature = "systick"))]
pub use systick::start;

/// Nanoseconds since some time.
#[cfg(any(not(target_arch = "arm"), feature = "systick"))]
#[must_use]
pub fn nanoseconds() -> u64 {
    #[cfg(target_arch = "arm")]
    let (count, hz) = systick::counts();
    #[cfg(target_arch = "aarch64")]
    let (count, hz) = {
        let (count, hz): (u64, u64);
        // SAFETY: the registers may be read at any level; `isb` keeps the read where it stands.
        unsafe {
            core::arch::asm!("isb", "mrs {}, CNTVCT_EL0", "mrs {}, CNTFRQ_EL0", out(reg) count, out(reg) hz, options(nostack));
        }
        (count, hz)
    };
    #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
    let (count, hz) = (riscv::cycles(), 1_000_000_000);
    let hz = hz.max(1);
    // In two parts: the product of the whole count would overflow within hours.
    count / hz * 1_000_000_000 + count % hz * 1_000_000_000 / hz
}

/// The counter of cycles, each of which is an instruction and a nanosecond under QEMU.
#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
mod riscv {
    use core::arch::asm;

    #[cfg(target_arch = "riscv64")]
    pub(super) fn cycles() -> u64 {
        let cycles;
        // SAFETY: machine mode may read the counter.
        unsafe { asm!("csrr {}, mcycle", out(reg) cycles, options(nomem, nostack)) };
        cycles
    }

    #[cfg(target_arch = "riscv32")]
    pub(super) fn cycles() -> u64 {
        loop {
            let (high, low, after): (u32, u32, u32);
            // SAFETY: machine mode may read the counter.
            unsafe {
                asm!("csrr {}, mcycleh", "csrr {}, mcycle", "csrr {}, mcycleh", out(reg) high, out(reg) low, out(reg) after,
                    options(nomem, nostack));
            }
            if high == after {
                return u64::from(high) << 32 | u64::from(low);
            }
        }
    }
}
