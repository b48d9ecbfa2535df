//! flashlet on the nRF52840 DK: the model streams from the board's QSPI flash, an MX25R6435F, while the core computes.
//!
//! The console is the board's own USB serial port, 115200 baud. With button 1 held at reset the board receives a model.
#![no_std]
#![no_main]

mod mx25r;

use defmt_rtt as _;
use embassy_nrf::buffered_uarte::{BufferedUarte, InterruptHandler};
use embassy_nrf::gpio::{Input, Pull};
use embassy_nrf::peripherals::{QSPI, UARTE0};
use embassy_nrf::{config, qspi, uarte};
use embassy_time::{Instant, Timer};
use flashlet::Options;
use flashlet::arena::Static;
use flashlet::flash::AsyncNorFlash;
use flashlet::kernels::{Inline, detect};
use flashlet_board::console::{Board, run};
use flashlet_board::stack;
use flashlet_serial::{Steady, ask};
use panic_probe as _;
use static_cell::ConstStaticCell;

embassy_nrf::bind_interrupts!(struct Irqs {
    QSPI => qspi::InterruptHandler<QSPI>;
    UARTE0 => InterruptHandler<UARTE0>;
});

/// Leaves 64 KiB of the 256 for statics and stack.
static ARENA: Static<{ 172 << 10 }> = Static::new();

#[embassy_executor::main]
async fn main(_spawner: embassy_executor::Spawner) {
    stack::guard();
    let mut clocks = config::Config::default();
    clocks.hfclk_source = config::HfclkSource::ExternalXtal;
    let p = embassy_nrf::init(clocks);
    static RX: ConstStaticCell<[u8; 2048]> = ConstStaticCell::new([0; 2048]);
    static TX: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);
    let uart = BufferedUarte::new(
        p.UARTE0,
        p.TIMER0,
        p.PPI_CH0,
        p.PPI_CH1,
        p.PPI_GROUP0,
        p.P0_08,
        p.P0_06,
        Irqs,
        uarte::Config::default(),
        RX.take(),
        TX.take(),
    );
    let (rx, mut tx) = uart.split();
    let mut rx = Steady(rx);
    let mut chip = qspi::Qspi::new(p.QSPI, Irqs, p.P0_19, p.P0_17, p.P0_20, p.P0_21, p.P0_22, p.P0_23, mx25r::config());
    if let Err(fault) = mx25r::start(&mut chip).await {
        defmt::error!("the flash: {}", fault);
    }

    let button = Input::new(p.P0_11, Pull::Up);
    if button.is_low() {
        let received = ask(&mut chip, &mut rx, &mut tx, async || Timer::after_secs(1).await).await;
        defmt::info!("{}", received);
    }

    let board = Board {
        name: "nRF52840 DK",
        model_at: "QSPI flash at 0",
        mapped: None,
        kernels: detect(),
        executor: &Inline,
        options: Options::default(),
        now_ns: || Instant::now().as_micros() * 1000,
        stack_peak: Some(stack::peak),
        hold: None,
    };
    let arena = ARENA.take();
    loop {
        let error = run(&board, AsyncNorFlash(&mut chip), &mut rx, &mut tx, arena).await;
        defmt::warn!("the line failed: {}", defmt::Debug2Format(&error));
    }
}
