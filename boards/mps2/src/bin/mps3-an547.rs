//! The prompt of the machine `mps3-an547`, with the arena in external RAM.
#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    flashlet_mps2::MPS3_AN547.serve_in_external_ram()
}
