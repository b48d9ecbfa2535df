//! The self-test on Arm MPS3 with the image AN547: a Cortex-M55 with Helium, in its secure state.
#![no_std]
#![no_main]

use flashlet_board::{clock::Clock, selftest};

#[cortex_m_rt::entry]
fn main() -> ! {
    selftest(&[], &Clock::systick(32_000_000))
}
