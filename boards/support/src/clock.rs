//! Time. Under QEMU's `-icount shift=0` an instruction takes a nanosecond, so this counts them.

/// A free-running counter.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Counts in a second.
    hz: u64,
}

impl Clock {
    /// Starts SysTick, which counts `hz` times in a second. It runs for 2^24 counts before it starts anew.
    #[cfg(target_arch = "arm")]
    #[must_use]
    pub fn systick(hz: u64) -> Clock {
        // SAFETY: SysTick's registers, which nothing else uses: the whole range, from 0, at the processor's clock.
        unsafe {
            (0xE000_E014 as *mut u32).write_volatile(0xFF_FFFF);
            (0xE000_E018 as *mut u32).write_volatile(0);
            (0xE000_E010 as *mut u32).write_volatile(0b101);
        }
        Clock { hz }
    }

    /// The processor's own timer.
    #[cfg(target_arch = "aarch64")]
    #[must_use]
    pub fn generic() -> Clock {
        let hz;
        // SAFETY: the register may be read at any level.
        unsafe { core::arch::asm!("mrs {}, CNTFRQ_EL0", out(reg) hz, options(nomem, nostack, preserves_flags)) };
        Clock { hz }
    }

    /// Nanoseconds since some time.
    #[must_use]
    pub fn nanoseconds(&self) -> u64 {
        #[cfg(target_arch = "arm")]
        // SAFETY: SysTick counts down from 2^24 - 1; reading it does nothing else.
        let count = u64::from(0xFF_FFFF - unsafe { (0xE000_E018 as *const u32).read_volatile() });
        #[cfg(target_arch = "aarch64")]
        let count: u64 = {
            let count;
            // SAFETY: the register may be read at any level; `isb` keeps the read where it stands.
            unsafe { core::arch::asm!("isb", "mrs {}, CNTVCT_EL0", out(reg) count, options(nostack)) };
            count
        };
        count * 1_000_000 / (self.hz / 1000)
    }
}
