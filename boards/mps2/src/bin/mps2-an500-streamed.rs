//! The prompt of the machine `mps2-an500`, with the model streamed through a small arena.
#![no_std]
#![no_main]

use flashlet::arena::Static;
use flashlet_mps2::MPS2_AN500_STREAMED;

static ARENA: Static<{ MPS2_AN500_STREAMED.arena_bytes }> = Static::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    MPS2_AN500_STREAMED.serve_streamed(ARENA.take())
}
