//! The model in RTIC's idle task, and a light that blinks in a task that interrupts it.
#![no_std]
#![no_main]

use cortex_m_rt as _;

/// Stands for the chip's peripheral access crate: RTIC reads the number of priority bits from it. A list of interrupts is not needed,
/// as the only task is bound to an exception, SysTick.
mod device {
    pub const NVIC_PRIO_BITS: u8 = 3;
}

#[rtic::app(device = crate::device, peripherals = false)]
mod app {
    use cortex_m::peripheral::syst::SystClkSource;
    use cortex_m_semihosting::hprintln;
    use flashlet::flash::block_on;
    use flashlet_board_examples::{answer_each, end};

    #[shared]
    struct Shared {
        blinks: u32,
    }

    #[local]
    struct Local {}

    #[init]
    fn init(mut cx: init::Context) -> (Shared, Local) {
        // A tick each 10 ms of the processor's 40 MHz.
        cx.core.SYST.set_clock_source(SystClkSource::Core);
        cx.core.SYST.set_reload(400_000 - 1);
        cx.core.SYST.clear_current();
        cx.core.SYST.enable_counter();
        cx.core.SYST.enable_interrupt();
        (Shared { blinks: 0 }, Local {})
    }

    #[task(binds = SysTick, shared = [blinks])]
    fn blink(mut cx: blink::Context) {
        cx.shared.blinks.lock(|blinks| *blinks += 1);
    }

    #[idle(shared = [blinks])]
    fn idle(mut cx: idle::Context) -> ! {
        let answers = answer_each(&["turn off the fan"], |_, answer| {
            let blinks = cx.shared.blinks.lock(|blinks| *blinks);
            hprintln!("{answer}");
            hprintln!("{blinks} blinks meanwhile");
        });
        end(&block_on(answers, || {}))
    }
}
