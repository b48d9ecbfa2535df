//! Block loops for the DSP extension and a scalar FPU: a format's rows times one token or several, in assembly.
//!
//! Activations are pairs of 16-bit numbers, made once a vector; weights come apart into such pairs in registers, and each
//! instruction multiplies a pair. A routine is a row of this table: fragments of assembly, which formats share.
//!
//! | format | unpack and multiply | scales | close |
//! |---|---|---|---|
//! | Q4_0 | `nibbles_of_two_rows` | `halves_of_two_rows` | `offset_two_rows`, `close_two_rows` |
//! | Q8_0 | `bytes_of_two_rows` | `halves_of_two_rows` | `close_two_rows` |
//! | Q4_K | `nibbles_of_two_rows` | `k_scales`, `apply_scales` | its own |
//! | Q6_K | `six_bit_planes` | bytes of the block | its own |
//!
//! The FPU keeps denormals, and every product and sum is rounded by itself, as in the scalar kernels.

mod four_tokens;
mod frame;
mod one_token;
mod quants;
mod scales;
mod tokens;

use super::strip::Strip;

/// A routine that multiplies a strip of rows with tokens, and the numbers of these.
#[derive(Clone, Copy, Debug)]
pub struct BlockLoop {
    /// Rows of a strip.
    pub rows: usize,
    /// Tokens that are multiplied at once.
    pub tokens: usize,
    /// The routine.
    ///
    /// # Safety
    /// The strip's weights may be read for `rows` rows of `blocks` blocks, its activations for `blocks` blocks of `tokens`
    /// tokens, and its sums may be written for `rows` rows of `tokens` tokens.
    pub run: unsafe extern "C" fn(&Strip),
}

/// The routines of a format.
#[derive(Clone, Copy, Debug)]
pub struct Loops {
    /// For one token.
    pub one: BlockLoop,
    /// For four tokens, which share the unpacking of weights.
    pub four: Option<BlockLoop>,
}

/// Block formats that have loops, by ggml's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "ggml's names")]
pub enum BlockFormat {
    /// 32 nibbles with a scale.
    Q4_0,
    /// 32 bytes with a scale.
    Q8_0,
    /// Q4_1.
    Q4_1,
    /// Q5_0.
    Q5_0,
    /// Q5_1.
    Q5_1,
    /// Q5_K.
    Q5_K,
    /// IQ4_NL.
    IQ4_NL,
    /// MXFP4.
    MXFP4,
    /// 256 nibbles with 6-bit scales and minimums of 32 each.
    Q4_K,
    /// 256 quants of 6 bits with 8-bit scales of 16 each.
    Q6_K,
}

/// The routines of `format`.
#[must_use]
pub const fn loops(format: BlockFormat) -> Loops {
    const fn one(rows: usize, run: unsafe extern "C" fn(&Strip)) -> Loops {
        Loops { one: BlockLoop { rows, tokens: 1, run }, four: None }
    }
    const fn both(rows: usize, run: unsafe extern "C" fn(&Strip), four: unsafe extern "C" fn(&Strip)) -> Loops {
        Loops { four: Some(BlockLoop { rows: 1, tokens: 4, run: four }), ..one(rows, run) }
    }
    match format {
        BlockFormat::Q4_0 => both(2, one_token::q4_0, four_tokens::q4_0),
        BlockFormat::Q8_0 => both(2, one_token::q8_0, four_tokens::q8_0),
        BlockFormat::Q4_K => both(2, one_token::q4_k, four_tokens::q4_k),
        BlockFormat::Q4_1 => both(2, one_token::q4_1, four_tokens::q4_1),
        BlockFormat::Q5_0 => one(1, one_token::q5_0),
        BlockFormat::Q5_1 => one(1, one_token::q5_1),
        BlockFormat::Q5_K => both(1, one_token::q5_k, four_tokens::q5_k),
        BlockFormat::IQ4_NL => one(4, one_token::iq4_nl),
        BlockFormat::MXFP4 => one(4, one_token::mxfp4),
        BlockFormat::Q6_K => both(1, one_token::q6_k, four_tokens::q6_k),
    }
}
