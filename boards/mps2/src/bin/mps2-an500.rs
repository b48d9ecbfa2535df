//! The prompt of the machine `mps2-an500`, with the arena in external RAM.
#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    flashlet_mps2::MPS2_AN500.serve_in_external_ram()
}
