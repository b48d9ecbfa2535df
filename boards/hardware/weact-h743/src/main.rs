//! flashlet on the WeAct MiniSTM32H743: the model lies in the board's QSPI flash, a W25Q64.
//!
//! The console is USART1: PA9 sends, PA10 receives, 115200 baud. With the key K1 held at reset the board receives a model.
#![no_std]
#![no_main]

mod clocks;
mod w25q;

use defmt_rtt as _;
use embassy_stm32::gpio::{Input, Pull};
use embassy_stm32::peripherals::USART1;
use embassy_stm32::qspi::Qspi;
use embassy_stm32::usart::{BufferedInterruptHandler, BufferedUart, Config};
use embassy_time::{Instant, Timer};
use flashlet::Options;
use flashlet::arena::Static;
use flashlet::kernels::{Inline, detect};
use flashlet_board::console::{Board, run};
use flashlet_board::stack;
use flashlet_serial::{Steady, ask};
use panic_probe as _;
use static_cell::ConstStaticCell;

embassy_stm32::bind_interrupts!(struct Irqs {
    USART1 => BufferedInterruptHandler<USART1>;
});

/// Leaves 36 KiB of the AXI SRAM's 512 for statics; the stack lies elsewhere.
static ARENA: Static<{ 476 << 10 }> = Static::new();

#[embassy_executor::main]
async fn main(_spawner: embassy_executor::Spawner) {
    stack::guard();
    let p = embassy_stm32::init(clocks::config());
    clocks::start_caches();
    static RX: ConstStaticCell<[u8; 2048]> = ConstStaticCell::new([0; 2048]);
    static TX: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);
    let mut line = Config::default();
    line.eager_reads = Some(1);
    let uart = BufferedUart::new(p.USART1, p.PA10, p.PA9, TX.take(), RX.take(), Irqs, line);
    let (mut tx, rx) = match uart {
        Ok(uart) => uart.split(),
        Err(error) => defmt::panic!("the serial port: {}", error),
    };
    let mut rx = Steady(rx);
    let bus = Qspi::new_blocking_bank1(p.QUADSPI, p.PD11, p.PD12, p.PE2, p.PD13, p.PB2, p.PB6, w25q::config());
    let mut chip = w25q::W25q::new(bus);
    if let Err(fault) = chip.start() {
        defmt::error!("the flash: {}", fault);
    }

    let key = Input::new(p.PC13, Pull::Down);
    if key.is_high() {
        let received = ask(&mut chip, &mut rx, &mut tx, async || Timer::after_secs(1).await).await;
        defmt::info!("{}", received);
    }

    #[cfg(feature = "mapped")]
    let mapped = Some(chip.map());
    #[cfg(not(feature = "mapped"))]
    let mapped = None;
    let board = Board {
        name: "WeAct MiniSTM32H743",
        model_at: "QSPI flash at 0",
        mapped,
        kernels: detect(),
        executor: &Inline,
        options: Options::default(),
        now_ns: || Instant::now().as_micros() * 1000,
        stack_peak: Some(stack::peak),
        hold: None,
    };
    let arena = ARENA.take();
    loop {
        #[cfg(feature = "mapped")]
        let flash = flashlet::flash::SliceFlash(mapped.unwrap_or_default());
        #[cfg(not(feature = "mapped"))]
        let flash = flashlet::flash::NorFlash(&mut chip);
        let error = run(&board, flash, &mut rx, &mut tx, arena).await;
        defmt::warn!("the line failed: {}", defmt::Debug2Format(&error));
    }
}
