//! The self-test on QEMU's machine virt, AArch64.
#![no_std]
#![no_main]

use flashlet::kernels::{with_dotprod, with_i8mm};
use flashlet::simd::{Dotprod, I8mm, Neon, id_registers_show_dotprod, id_registers_show_i8mm};
use flashlet_board::selftest;

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    // SAFETY: this runs at EL1, and a proof is taken only where the registers show its features.
    let (dotprod, i8mm) = unsafe {
        let dotprod = id_registers_show_dotprod();
        let i8mm = dotprod && id_registers_show_i8mm();
        (dotprod.then(|| with_dotprod(Neon::<Dotprod>::assume())), i8mm.then(|| with_i8mm(Neon::<I8mm>::assume())))
    };
    let (dotprod, i8mm) = (dotprod.as_slice(), i8mm.as_slice());
    selftest(&[dotprod, i8mm])
}
