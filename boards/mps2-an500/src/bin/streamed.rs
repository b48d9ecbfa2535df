//! A prompt on Arm MPS2+ with the image AN500, with the model behind a flash chip's interface: it is read word by word
//! through a small arena, never used where it lies.
#![no_std]
#![no_main]

use flashlet::flash::NorFlash;
use flashlet::kernels::{Inline, detect};
use flashlet::session::Options;
use flashlet_board::console::Board;
use flashlet_board::memory::{Arena, image};
use flashlet_board::nor::Chip;
use flashlet_board::uart::Cmsdk;
use flashlet_board::{clock, serve, stack};

const HZ: u32 = 25_000_000;
const MODEL: usize = 0x0020_0000;
const MODEL_BYTES: usize = 2 << 20;

static ARENA: Arena<{ 128 << 10 }> = Arena::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    clock::start(HZ);
    // SAFETY: the second half of the SSRAM; the program is linked into the first; UART 0 is this board's.
    let (chip, uart) = unsafe { (Chip(image(MODEL, MODEL_BYTES)), Cmsdk::new(0x4000_4000, HZ / 115_200)) };
    let board = Board {
        name: "mps2-an500-streamed",
        model_at: "a flash chip",
        mapped: None,
        kernels: detect(),
        executor: &Inline,
        options: Options::default(),
        now_ns: clock::nanoseconds,
        stack_peak: Some(stack::peak),
    };
    serve(&board, NorFlash(chip), uart, ARENA.take())
}
