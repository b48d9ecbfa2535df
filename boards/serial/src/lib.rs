//! A board's work over its serial line before and beside the console.
//!
//! [`ask`] writes a model's image to a flash chip that no programmer reaches, a chip behind a microcontroller's QSPI for
//! example. The protocol is XMODEM-1K with CRC, which terminal programs and `sx -k` of lrzsz speak. [`Steady`] keeps
//! a console alive on a line that now and then loses a byte.
#![no_std]
#![deny(unsafe_code)]

mod receive;
mod steady;
#[cfg(test)]
mod tests;

pub use receive::{Error, ask, receive};
pub use steady::Steady;
