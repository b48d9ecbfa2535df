//! The prompt of the machine `mps2-an385`.
#![no_std]
#![no_main]

use flashlet::arena::Static;
use flashlet_mps2::MPS2_AN385;

static ARENA: Static<{ MPS2_AN385.arena_bytes }> = Static::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    MPS2_AN385.serve(ARENA.take())
}
