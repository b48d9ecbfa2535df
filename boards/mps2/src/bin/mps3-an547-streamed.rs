//! The prompt of the machine `mps3-an547`, with the model streamed through a small arena.
#![no_std]
#![no_main]

use flashlet::arena::Static;
use flashlet_mps2::MPS3_AN547_STREAMED;

static ARENA: Static<{ MPS3_AN547_STREAMED.arena_bytes }> = Static::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    MPS3_AN547_STREAMED.serve_streamed(ARENA.take())
}
