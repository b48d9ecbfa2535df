//! A prompt on Arm MPS3 with the image AN547: a Cortex-M55 with Helium in its secure state, in QEMU. Model and arena are
//! in the DDR.
#![no_std]
#![no_main]

use flashlet::flash::SliceFlash;
use flashlet::kernels::{Inline, detect};
use flashlet::session::Options;
use flashlet_board::console::Board;
use flashlet_board::memory::{image, ram};
use flashlet_board::uart::Cmsdk;
use flashlet_board::{clock, serve, stack};

const HZ: u32 = 32_000_000;
const MODEL: usize = 0x6000_0000;
const MODEL_BYTES: usize = 192 << 20;
const ARENA: usize = 0x6C00_0000;
const ARENA_BYTES: usize = 64 << 20;

#[cortex_m_rt::entry]
fn main() -> ! {
    clock::start(HZ);
    // SAFETY: two parts of the DDR, which nothing else uses; UART 0 is this board's.
    let (image, arena, uart) =
        unsafe { (image(MODEL, MODEL_BYTES), ram(ARENA, ARENA_BYTES), Cmsdk::new(0x5930_3000, HZ / 115_200)) };
    let board = Board {
        name: "mps3-an547",
        model_at: "DDR at 0x60000000",
        mapped: Some(image),
        kernels: detect(),
        executor: &Inline,
        options: Options::default(),
        now_ns: clock::nanoseconds,
        stack_peak: Some(stack::peak),
    };
    serve(&board, SliceFlash(image), uart, arena)
}
