//! The prompt of the machine `mps2-an505`.
#![no_std]
#![no_main]

use flashlet::arena::Static;
use flashlet_mps2::MPS2_AN505;

static ARENA: Static<{ MPS2_AN505.arena_bytes }> = Static::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    MPS2_AN505.serve(ARENA.take())
}
