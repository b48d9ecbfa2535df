//! The self-test on Arm MPS2+ with the image AN505: a Cortex-M33, in its secure state.
#![no_std]
#![no_main]

use flashlet_board::{clock, selftest};

#[cortex_m_rt::entry]
fn main() -> ! {
    clock::start(20_000_000);
    selftest(&[])
}
