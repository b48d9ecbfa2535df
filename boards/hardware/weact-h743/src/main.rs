//! x
#![no_std]
#![no_main]
use defmt_rtt as _;
use panic_probe as _;
use embassy_stm32::bind_interrupts;
use embassy_stm32::peripherals::USART1;
use embassy_stm32::usart::{BufferedInterruptHandler, BufferedUart, Config};
use static_cell::ConstStaticCell;
bind_interrupts!(struct Irqs {
    USART1 => BufferedInterruptHandler<USART1>;
});
#[embassy_executor::main]
async fn main(_spawner: embassy_executor::Spawner) {
    let p = embassy_stm32::init(embassy_stm32::Config::default());
    static TX: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);
    static RX: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);
    let _ = BufferedUart::new(p.USART1, p.PA10, p.PA9, TX.take(), RX.take(), Irqs, Config::default());
}
