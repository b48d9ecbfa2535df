//! The kernels' self-test on the machine `mps2-an500`.
#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    flashlet_mps2::MPS2_AN500.selftest()
}
