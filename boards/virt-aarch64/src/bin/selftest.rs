//! The self-test on QEMU's machine virt, AArch64.
#![no_std]
#![no_main]

use flashlet::kernels::with_dotprod;
use flashlet::simd::arch::neon::{Neon, id_registers_show_dotprod};
use flashlet_board::{clock::Clock, selftest};

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    // SAFETY: this runs at EL1, and the proof is taken only where the registers show the feature.
    let dotprod = unsafe { id_registers_show_dotprod().then(|| with_dotprod(Neon::assume())) };
    selftest(dotprod.as_slice(), &Clock::generic())
}
