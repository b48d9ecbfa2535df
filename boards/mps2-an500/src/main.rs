//! A prompt on Arm MPS2+ with the image AN500: a Cortex-M7, in QEMU. Model and program share the SSRAM at 0;
//! the arena is the external RAM.
#![no_std]
#![no_main]

use flashlet::flash::SliceFlash;
use flashlet::kernels::{Inline, detect};
use flashlet::session::Options;
use flashlet_board::console::Board;
use flashlet_board::memory::{image, ram};
use flashlet_board::uart::Cmsdk;
use flashlet_board::{clock, serve, stack};

const HZ: u32 = 25_000_000;
const MODEL: usize = 0x0020_0000;
const MODEL_BYTES: usize = 2 << 20;

const EXTERNAL_RAM: usize = 0x6000_0000;
const EXTERNAL_RAM_BYTES: usize = 16 << 20;

#[cortex_m_rt::entry]
fn main() -> ! {
    clock::start(HZ);
    // SAFETY: the second half of the SSRAM; the program is linked into the first. UART 0 and the external RAM are used
    // by nothing else.
    let (image, uart, arena) = unsafe {
        let arena = ram(EXTERNAL_RAM, EXTERNAL_RAM_BYTES);
        (image(MODEL, MODEL_BYTES), Cmsdk::new(0x4000_4000, HZ / 115_200), arena)
    };
    let board = Board {
        name: "mps2-an500",
        model_at: "SSRAM at 0x00200000",
        mapped: Some(image),
        kernels: detect(),
        executor: &Inline,
        options: Options::default(),
        now_ns: clock::nanoseconds,
        stack_peak: Some(stack::peak),
    };
    serve(&board, SliceFlash(image), uart, arena)
}
