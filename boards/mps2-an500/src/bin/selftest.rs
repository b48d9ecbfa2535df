//! The self-test on Arm MPS2+ with the image AN500: a Cortex-M7.
#![no_std]
#![no_main]

use flashlet_board::{clock, selftest};

#[cortex_m_rt::entry]
fn main() -> ! {
    clock::start(25_000_000);
    selftest(&[])
}
