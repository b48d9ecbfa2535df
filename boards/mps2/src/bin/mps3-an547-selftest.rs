//! The kernels' self-test on the machine `mps3-an547`.
#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    flashlet_mps2::MPS3_AN547.selftest()
}
