//! The self-test on QEMU's machine virt, RISC-V of 64 bits.
#![no_std]
#![no_main]

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    flashlet_board::selftest(&[])
}
