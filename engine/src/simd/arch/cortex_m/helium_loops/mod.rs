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
mod close256;
mod close32;
mod frame;
mod unpack;

use super::strip::Strip;

pub(crate) use blocks32::{IQ4_NL, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
pub(crate) use blocks256::{Q4_K, Q5_K, Q6_K};

/// A block loop and the strip it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockLoop {
    /// Rows of the strip.
    pub(crate) rows: usize,
    /// Tokens of the strip.
    pub(crate) tokens: usize,
    /// Writes the sums of a strip.
    ///
    /// # Safety
    /// The processor has Helium, and the strip's rows, activations and sums are there.
    pub(crate) run: unsafe extern "C" fn(&Strip),
}

/// Rows that every block loop takes.
const ROWS: usize = 4;

/// A format's block loops, by their number of tokens less one.
pub(crate) type BlockLoops = [BlockLoop; 2];

/// The block loops of a format.
const fn one_and_two_tokens(one: unsafe extern "C" fn(&Strip), two: unsafe extern "C" fn(&Strip)) -> BlockLoops {
    [BlockLoop { rows: ROWS, tokens: 1, run: one }, BlockLoop { rows: ROWS, tokens: 2, run: two }]
}
