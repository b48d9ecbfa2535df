//! Parts that all boards' firmware shares: memory, a clock, serial ports, and those of an emulator. The prompt itself is
//! [`console`]; the self-test comes with the feature of that name.
#![no_std]

#[cfg(feature = "selftest")]
extern crate alloc;

#[cfg(target_arch = "aarch64")]
pub mod aarch64;
pub mod clock;
#[cfg(feature = "small")]
mod double;
#[cfg(feature = "emulated")]
mod emulated;
pub mod fault;
#[cfg(feature = "selftest")]
mod heap;
#[cfg(feature = "dsp")]
pub mod kernels;
#[cfg(feature = "emulated")]
mod log;
#[cfg(feature = "small")]
mod mem;
pub mod memory;
pub mod nor;
#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
pub mod riscv;
#[cfg(feature = "selftest")]
mod selftest;
pub mod semihosting;
pub mod stack;
pub mod uart;

pub use flashlet_console as console;
#[cfg(feature = "selftest")]
pub use selftest::selftest;

use console::Board;
use flashlet::flash::{Flash, block_on};
#[cfg(any(not(target_arch = "arm"), feature = "systick"))]
use flashlet::kernels::{Inline, Kernels};
use uart::{Rx, Tx, Uart};

/// A board of one core with the default options and the clock of this crate. `mapped` is the model's image where the processor can
/// address it.
#[cfg(any(not(target_arch = "arm"), feature = "systick"))]
#[must_use]
pub fn board<'a, 'm>(
    name: &'a str,
    model_at: &'a str,
    mapped: Option<&'m [u8]>,
    kernels: &'static dyn Kernels,
) -> Board<'a, 'm> {
    Board {
        name,
        model_at,
        mapped,
        kernels,
        executor: &Inline,
        options: flashlet::Options::default(),
        now_ns: clock::nanoseconds,
        stack_peak: Some(stack::peak),
        hold: None,
    }
}

/// Answers prompts on a port for ever. A fault is reported there too.
pub fn serve<F: Flash>(board: &Board<'_, '_>, flash: F, port: impl Uart, arena: &mut [u8]) -> ! {
    stack::guard();
    fault::report_on(port);
    answer(board, flash, port, arena)
}

/// Answers prompts. A function of its own, as its frame holds the console's future: the guard is there before the frame is.
#[inline(never)]
fn answer<F: Flash>(board: &Board<'_, '_>, flash: F, port: impl Uart, arena: &mut [u8]) -> ! {
    #[cfg(feature = "flow-control")]
    let hold = |wait| port.send_when_ready(if wait { console::XOFF } else { console::XON });
    #[cfg(feature = "flow-control")]
    let board = &Board { hold: Some(&hold), ..*board };
    block_on(console::run(board, flash, Rx(port), Tx(port), arena), core::hint::spin_loop);
    // A port does not fail.
    loop {
        core::hint::spin_loop();
    }
}
