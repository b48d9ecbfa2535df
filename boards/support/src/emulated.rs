//! Parts that firmware for an emulator needs beside its `main`.

use crate::semihosting::{self, Host};
use core::fmt::Write;

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = writeln!(Host, "{info}");
    semihosting::exit(101)
}

/// One processor, and nothing interrupts but a clock that shares no data.
struct Alone;
critical_section::set_impl!(Alone);

// SAFETY: nothing that takes part can come between.
unsafe impl critical_section::Impl for Alone {
    unsafe fn acquire() -> critical_section::RawRestoreState {}
    unsafe fn release(_state: critical_section::RawRestoreState) {}
}
