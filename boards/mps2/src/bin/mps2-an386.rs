//! The prompt of the machine `mps2-an386`.
#![no_std]
#![no_main]

use flashlet::arena::Static;
use flashlet_mps2::MPS2_AN386;

static ARENA: Static<{ MPS2_AN386.arena_bytes }> = Static::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    MPS2_AN386.serve(ARENA.take())
}
