//! A prompt on QEMU's machine virt, RISC-V of 32 bits.
#![no_std]
#![no_main]

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    flashlet_virt_riscv::answer_prompts("virt-riscv32")
}
