//! flashlet on the Raspberry Pi Pico 2: an RP2350 whose flash, model included, is mapped into memory.
#![no_std]
#![no_main]

use defmt_rtt as _;
use embassy_rp::bind_interrupts;
use embassy_rp::peripherals::UART0;
use embassy_rp::uart::{BufferedInterruptHandler, BufferedUart, Config};
use flashlet::flash::{SliceFlash, Source};
use panic_probe as _;
use static_cell::{ConstStaticCell, StaticCell};

bind_interrupts!(struct Irqs {
    UART0_IRQ => BufferedInterruptHandler<UART0>;
});

#[embassy_executor::main]
async fn main(_spawner: embassy_executor::Spawner) {
    let p = embassy_rp::init(embassy_rp::config::Config::default());
    static TX: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);
    static RX: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);
    let uart = BufferedUart::new(p.UART0, p.PIN_0, p.PIN_1, Irqs, TX.take(), RX.take(), Config::default());
    let _ = uart;
    let mapped = model();
    let mut source = Source::with_mapping(SliceFlash(mapped), mapped);
    let m = flashlet::session::Model::open(&mut source).await;
    defmt::info!("model {}", m.is_ok());
}

/// The flash behind the firmware, as the linker's script places it.
fn model() -> &'static [u8] {
    unsafe extern "C" {
        static _model_start: u8;
        static _model_end: u8;
    }
    let (start, end) = (&raw const _model_start, &raw const _model_end);
    // SAFETY: the script lays the region over flash that is always mapped and that this program never writes.
    unsafe { core::slice::from_raw_parts(start, end.addr() - start.addr()) }
}
