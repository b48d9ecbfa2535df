//! Block loops for Helium: for each format one that takes a token, and one that takes two and unpacks the weights once
//! for both. Each takes four rows.
//!
//! A loop is put together from fragments of assembly, macros that expand to text:
//!
//! | format | load and unpack (`unpack.rs`) | multiply | close |
//! |---|---|---|---|
//! | Q8_0 | `load_bytes`, `unpack_bytes` | `blocks32.rs` | `scale` |
//! | Q4_0 | `load_nibbles`, `unpack_nibbles` | `blocks32.rs` | `offset` of -8, `scale` |
//! | Q4_1 | `load_nibbles`, `unpack_nibbles` | `blocks32.rs` | `scale_and_min` |
//! | Q5_0 | `load_nibbles`, `unpack_five_bits` | `blocks32.rs` | `scale` |
//! | IQ4_NL | `load_nibbles`, `look_up_nibbles` | `blocks32.rs` | `scale` |
//! | Q4_K | `chunk_of_nibbles` | `blocks256.rs` | `scales_and_mins` |
//! | Q5_K | `chunk_of_five_bits` | `blocks256.rs` | `scales_and_mins` |
//! | Q6_K | `half_of_six_bits` | `blocks256.rs` | `signed_scales` |
//!
//! Weights lie at any address, and vectors of them are loaded byte by byte (`vldrb`) since only these loads need no
//! alignment; scalar loads of one register need none either.

mod blocks256;
mod blocks32;
mod close;
mod close256;
mod frame;
mod unpack;

use crate::simd::arch::strip::{BlockLoop, BlockLoops, Strip};
use crate::simd::form::BlockLayout;

/// Rows that every block loop takes.
const ROWS: usize = 4;

/// The block loops of a layout.
#[inline(always)]
pub(super) fn block_loops(layout: BlockLayout) -> Option<BlockLoops> {
    Some(match layout {
        BlockLayout::Q8_0 => blocks32::Q8_0,
        BlockLayout::Q4_0 => blocks32::Q4_0,
        BlockLayout::Q4_1 => blocks32::Q4_1,
        BlockLayout::Q5_0 => blocks32::Q5_0,
        BlockLayout::Q5_1 => blocks32::Q5_1,
        BlockLayout::IQ4NL => blocks32::IQ4_NL,
        BlockLayout::Q4K => blocks256::Q4_K,
        BlockLayout::Q5K => blocks256::Q5_K,
        BlockLayout::Q6K => blocks256::Q6_K,
        _ => return None,
    })
}

/// The block loops of a format.
const fn of_one_and_two_tokens(one: unsafe extern "C" fn(&Strip), two: unsafe extern "C" fn(&Strip)) -> BlockLoops {
    BlockLoops {
        one: BlockLoop { rows: ROWS, tokens: 1, run: one },
        several: Some(BlockLoop { rows: ROWS, tokens: 2, run: two }),
    }
}
