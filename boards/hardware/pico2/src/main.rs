//! flashlet on the Raspberry Pi Pico 2: an RP2350 whose flash, the model included, is mapped into memory.
//!
//! The console is UART0: GP0 sends, GP1 receives, 115200 baud.
#![no_std]
#![no_main]

use defmt_rtt as _;
use embassy_rp::peripherals::UART0;
use embassy_rp::uart::{BufferedInterruptHandler, BufferedUart, Config};
use embassy_time::Instant;
use flashlet::Options;
use flashlet::arena::Static;
use flashlet::flash::SliceFlash;
use flashlet::kernels::{Inline, detect};
use flashlet_board::console::{Board, run};
use flashlet_board::memory::image;
use flashlet_board::stack;
use flashlet_serial::Steady;
use panic_probe as _;
use static_cell::ConstStaticCell;

embassy_rp::bind_interrupts!(struct Irqs {
    UART0_IRQ => BufferedInterruptHandler<UART0>;
});

const MODEL: usize = 0x1010_0000;
const MODEL_BYTES: usize = 3 << 20;

/// Leaves 80 KiB of the 512 for statics and stack.
static ARENA: Static<{ 428 << 10 }> = Static::new();

#[embassy_executor::main]
async fn main(_spawner: embassy_executor::Spawner) {
    stack::guard();
    let p = embassy_rp::init(embassy_rp::config::Config::default());
    static TX: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);
    static RX: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);
    let uart = BufferedUart::new(p.UART0, p.PIN_0, p.PIN_1, Irqs, TX.take(), RX.take(), Config::default());
    let (mut tx, rx) = uart.split();
    let mut rx = Steady(rx);

    // SAFETY: flash behind the firmware, mapped for ever; this program writes none.
    let model = unsafe { image(MODEL, MODEL_BYTES) };
    let board = Board {
        name: "Raspberry Pi Pico 2",
        model_at: "flash at 0x10100000",
        mapped: Some(model),
        kernels: detect(),
        executor: &Inline,
        options: Options::default(),
        now_ns: || Instant::now().as_micros() * 1000,
        stack_peak: Some(stack::peak),
        hold: None,
    };
    let arena = ARENA.take();
    loop {
        let error = run(&board, SliceFlash(model), &mut rx, &mut tx, arena).await;
        defmt::warn!("the line failed: {}", defmt::Debug2Format(&error));
    }
}
