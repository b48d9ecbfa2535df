//! A prompt on Arm MPS2+ with the image AN505: a Cortex-M33 in its secure state, in QEMU. Model and program
//! share the SSRAM at 0x10000000.
#![no_std]
#![no_main]

use flashlet::flash::SliceFlash;
use flashlet::kernels::{Inline, detect};
use flashlet::session::Options;
use flashlet_board::console::Board;
use flashlet_board::memory::{Arena, image};
use flashlet_board::uart::Cmsdk;
use flashlet_board::{clock, serve, stack};

const HZ: u32 = 20_000_000;
const MODEL: usize = 0x1020_0000;
const MODEL_BYTES: usize = 2 << 20;

static ARENA: Arena<{ 2 << 20 }> = Arena::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    clock::start(HZ);
    // SAFETY: the second half of the SSRAM; the program is linked into the first. UART 0 is this board's.
    let (image, uart) = unsafe { (image(MODEL, MODEL_BYTES), Cmsdk::new(0x5020_0000, HZ / 115_200)) };
    let board = Board {
        name: "mps2-an505",
        model_at: "SSRAM at 0x10200000",
        mapped: Some(image),
        kernels: detect(),
        executor: &Inline,
        options: Options::default(),
        now_ns: clock::nanoseconds,
        stack_peak: Some(stack::peak),
    };
    serve(&board, SliceFlash(image), uart, ARENA.take())
}
