//! A prompt on QEMU's machine virt, RISC-V, with 1 GiB of RAM: the model at 0x90000000, the arena at 0xA0000000.
#![no_std]

use flashlet::flash::SliceFlash;
use flashlet::kernels::detect;
use flashlet_board::memory::{image, ram};
use flashlet_board::uart::Ns16550;
use flashlet_board::{board, serve};

/// Answers prompts for ever as the board of this name.
pub fn answer_prompts(name: &str) -> ! {
    // SAFETY: RAM that the program is not linked into, and that nothing writes while it runs; RAM that nothing else uses;
    // the machine's UART.
    let (image, arena, uart) =
        unsafe { (image(0x9000_0000, 256 << 20), ram(0xA000_0000, 256 << 20), Ns16550::new(0x1000_0000)) };
    serve(&board(name, "RAM at 0x90000000", Some(image), detect()), SliceFlash(image), uart, arena)
}
