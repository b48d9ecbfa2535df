//! A prompt on the STM32F405, over USART 1 (PA9 sends, PA10 receives, 115200 baud). The same program runs in QEMU as
//! `netduinoplus2`, which shows no clock control: what is read there is 0.
#![no_std]
#![no_main]

use core::panic::PanicInfo;
use cortex_m::peripheral::SCB;
use defmt_rtt as _;
use flashlet::Options;
use flashlet::arena::Static;
use flashlet::flash::SliceFlash;
use flashlet::kernels::KvType;
use flashlet_board::console::Board;
use flashlet_board::memory::image;
use flashlet_board::uart::Stm32;
use flashlet_board::{board, clock, kernels, serve};

const HZ: u32 = 168_000_000;
const MODEL: usize = 0x0802_0000;
const MODEL_BYTES: usize = 0x000E_0000;

/// Nothing interrupts but exceptions: one entry stands for the table of interrupts, which would take a kilobyte.
#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".vector_table.interrupts")]
static __INTERRUPTS: [unsafe extern "C" fn(); 1] = [no_interrupt];

unsafe extern "C" fn no_interrupt() {
    SCB::sys_reset()
}

static ARENA: Static<{ 94 << 10 }> = Static::new();

/// Sets bits of the register at `address`.
fn set(address: usize, bits: u32) {
    let register = core::ptr::with_exposed_provenance_mut::<u32>(address);
    // SAFETY: the callers below name registers of the clock control, the flash's and port A's, used here alone.
    unsafe { register.write_volatile(register.read_volatile() | bits) }
}

fn read(address: usize) -> u32 {
    // SAFETY: as above.
    unsafe { core::ptr::with_exposed_provenance::<u32>(address).read_volatile() }
}

/// 168 MHz from the internal oscillator; USART 1 and its pins.
fn start_clocks() {
    const RCC: usize = 0x4002_3800;
    const GPIOA: usize = 0x4002_0000;
    if read(RCC) != 0 {
        set(0x4002_3C00, 0x705); // flash: five wait states, caches
        // SAFETY: the clock control's register of the PLL, which is off: 16 MHz / 8 * 168 / 2.
        unsafe { core::ptr::with_exposed_provenance_mut::<u32>(RCC + 4).write_volatile(7 << 24 | 168 << 6 | 8) };
        set(RCC, 1 << 24);
        while read(RCC) & 1 << 25 == 0 {}
        set(RCC + 8, 0b100 << 13 | 0b101 << 10); // peripherals at 84 and 42 MHz
        set(RCC + 8, 0b10);
        while read(RCC + 8) >> 2 & 0b11 != 0b10 {}
    }
    set(RCC + 0x30, 1);
    set(RCC + 0x44, 1 << 4);
    set(GPIOA + 0x24, 7 << 4 | 7 << 8);
    set(GPIOA, 0b10 << 18 | 0b10 << 20);
}

#[cortex_m_rt::entry]
fn main() -> ! {
    start_clocks();
    clock::start(HZ);
    // SAFETY: the flash behind the program, which nothing writes. USART 1 is this board's.
    let (image, uart) = unsafe { (image(MODEL, MODEL_BYTES), Stm32::new(0x4001_1000, HZ / 2 / 115_200)) };
    let board = Board {
        options: Options { kv: KvType::Q8_0, ..Options::default() },
        ..board("stm32f405", "flash at 0x08020000", Some(image), kernels::dsp())
    };
    serve(&board, SliceFlash(image), uart, ARENA.take())
}

#[panic_handler]
fn panic(_info: &PanicInfo<'_>) -> ! {
    defmt::error!("panic: starting anew");
    SCB::sys_reset()
}
