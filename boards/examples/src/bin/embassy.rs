//! The model as one task of embassy's executor, and a light that blinks meanwhile as another.
//!
//! The engine lets others run several times a token. A task that cannot wait so long belongs to an interrupt executor.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use cortex_m::peripheral::{SYST, syst::SystClkSource};
use cortex_m_semihosting::hprintln;
use embassy_executor::Spawner;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use flashlet_board_examples::{answer_each, end};

/// Signalled by SysTick every 10 ms. Firmware with a HAL uses `embassy_time::Ticker` instead.
static TICK: Signal<CriticalSectionRawMutex, ()> = Signal::new();
static BLINKS: AtomicU32 = AtomicU32::new(0);

#[cortex_m_rt::exception]
fn SysTick() {
    TICK.signal(());
}

#[embassy_executor::task]
async fn blink() {
    loop {
        TICK.wait().await;
        BLINKS.fetch_add(1, Relaxed);
    }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    start_ticks();
    spawner.spawn(blink().expect("it is the first"));
    let result = answer_each(&["turn off the fan"], |_, answer| {
        hprintln!("{answer}");
        hprintln!("{} blinks meanwhile", BLINKS.load(Relaxed));
    });
    end(&result.await)
}

/// Starts SysTick, which raises its exception every 10 ms at the processor's 40 MHz.
fn start_ticks() {
    let Some(peripherals) = cortex_m::Peripherals::take() else { return };
    let mut clock: SYST = peripherals.SYST;
    clock.set_clock_source(SystClkSource::Core);
    clock.set_reload(400_000 - 1);
    clock.clear_current();
    clock.enable_counter();
    clock.enable_interrupt();
}
