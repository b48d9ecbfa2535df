//! The self-test on Arm MPS3 with the image AN547: a Cortex-M55 with Helium, in its secure state.
#![no_std]
#![no_main]

use flashlet_board::{clock, selftest};

#[cortex_m_rt::entry]
fn main() -> ! {
    clock::start(32_000_000);
    selftest(&[])
}
