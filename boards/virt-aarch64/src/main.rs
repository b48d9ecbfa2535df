//! A prompt on QEMU's machine virt, AArch64, with 1 GiB of RAM: the model at 0x50000000, the arena at 0x60000000.
#![no_std]
#![no_main]

use flashlet::flash::SliceFlash;
use flashlet::kernels::{Kernels, detect, with_dotprod, with_i8mm};
use flashlet::simd::{Dotprod, I8mm, Neon, id_registers_show_dotprod, id_registers_show_i8mm};
use flashlet_board::memory::{image, ram};
use flashlet_board::uart::Pl011;
use flashlet_board::{board, serve};

/// The best kernels that this processor has.
fn kernels() -> &'static dyn Kernels {
    // SAFETY: this runs at EL1, and a proof is taken only where the registers show its features.
    unsafe {
        match id_registers_show_dotprod() {
            true if id_registers_show_i8mm() => with_i8mm(Neon::<I8mm>::assume()),
            true => with_dotprod(Neon::<Dotprod>::assume()),
            false => detect(),
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    // SAFETY: RAM that the program is not linked into, and that nothing writes while it runs; RAM that nothing else uses;
    // the machine's UART.
    let (image, arena, uart) =
        unsafe { (image(0x5000_0000, 256 << 20), ram(0x6000_0000, 256 << 20), Pl011::new(0x0900_0000)) };
    serve(&board("virt-aarch64", "RAM at 0x50000000", Some(image), kernels()), SliceFlash(image), uart, arena)
}
