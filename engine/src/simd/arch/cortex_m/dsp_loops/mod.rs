//! Block loops for the DSP extension and a scalar FPU: rows of a format times one token or four, in assembly.
//!
//! Activations are *pairs*: two 16-bit numbers in a word, made once a vector. For each four quants there are two words, of the
//! first and third, and of the second and fourth, as the bytes of a word of weights come apart by a mask. Such pairs are made
//! in registers, and an instruction multiplies a pair by a pair and adds both products. A routine is a list of fragments of
//! assembly, which formats share; `unpack` and `frame` hold those that most of them are made of.
//!
//! | format | multiply, one token | multiply, four tokens | scales | close |
//! |---|---|---|---|---|
//! | Q4_0 | `nibbles_of_two_rows` | `nibbles32` signed | `scale` | `close` |
//! | Q4_1 | `nibbles_of_two_rows` | `nibbles32` unsigned | `scale_and_min` | `close_with_min` |
//! | Q5_0 | `five_bits` signed | `five_bits32` signed | `scale` | `close` |
//! | Q5_1 | `five_bits` unsigned | `five_bits32` unsigned | `scale_and_min` | `close_with_min` |
//! | Q8_0 | `bytes_of_two_rows` | `bytes32` | `scale` | `close` |
//! | IQ4_NL | `lookups_of_four_rows` | `lookups32` | `scale` | `close` |
//! | MXFP4 | `lookups_of_four_rows` | `lookups32` | `power_scale` | `close` |
//! | Q4_K | `nibbles_of_two_rows` | `nibbles256` | `k_scales` | `close_with_mins` |
//! | Q5_K | `five_bit_planes` | `planes256` | `k_scales` | `close_with_mins` |
//! | Q6_K | `six_bit_planes` | `planes256` | bytes of the block | `close` |
//! | Q2_K | `two_bit_planes` | `two_bits256` | `nibble_scales` | `close_with_mins` |
//! | Q3_K | `three_bit_planes` | `three_bits256` | `split_scales` | `close` |
//! | IQ4_XS | `lookups_of_one_row` | `lookups256` | `spread_scales` | `close` |
//!
//! Of the scales and closes, the table names those of one row; the others say of how many rows or tokens they are.
//!
//! Blocks lie at any address, so weights are loaded by words and less, which need no alignment; a Cortex-M4 takes a cycle
//! more for each word that is not aligned. Every product and sum of floats is rounded by itself, and the FPU keeps
//! denormals, as in the scalar kernels. The instructions set the flag Q, which nothing reads.

mod four_tokens;
mod four_tokens256;
mod frame;
mod one_token;
mod one_token256;
mod rows;
mod scales;
mod scales256;
mod tables;
mod tokens;
mod unpack;

use super::strip::Strip;

/// A routine that multiplies a strip of rows with tokens, and how many it takes of both.
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
    pub four: BlockLoop,
}

/// Block formats that have loops, by ggml's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "ggml's names")]
pub enum BlockFormat {
    /// 32 nibbles and a scale.
    Q4_0,
    /// 32 nibbles, a scale and a minimum.
    Q4_1,
    /// 32 quants of 5 bits and a scale.
    Q5_0,
    /// 32 quants of 5 bits, a scale and a minimum.
    Q5_1,
    /// 32 bytes and a scale.
    Q8_0,
    /// 32 nibbles that choose from uneven values, and a scale.
    IQ4_NL,
    /// 32 floats of 4 bits, and a power of two.
    MXFP4,
    /// 256 nibbles, with a scale and a minimum for each 32.
    Q4_K,
    /// 256 quants of 5 bits, with a scale and a minimum for each 32.
    Q5_K,
    /// 256 quants of 6 bits, with a scale for each 16.
    Q6_K,
    /// 256 quants of 2 bits, with a scale and a minimum for each 16.
    Q2_K,
    /// 256 quants of 3 bits, with a scale for each 16.
    Q3_K,
    /// 256 nibbles that choose from uneven values, with a scale for each 32.
    IQ4_XS,
}

/// The routines of `format`.
#[must_use]
pub const fn loops(format: BlockFormat) -> Loops {
    const fn both(rows: usize, one: unsafe extern "C" fn(&Strip), four: unsafe extern "C" fn(&Strip)) -> Loops {
        Loops { one: BlockLoop { rows, tokens: 1, run: one }, four: BlockLoop { rows: 1, tokens: 4, run: four } }
    }
    match format {
        BlockFormat::Q4_0 => both(2, one_token::q4_0, four_tokens::q4_0),
        BlockFormat::Q4_1 => both(2, one_token::q4_1, four_tokens::q4_1),
        BlockFormat::Q5_0 => both(1, one_token::q5_0, four_tokens::q5_0),
        BlockFormat::Q5_1 => both(1, one_token::q5_1, four_tokens::q5_1),
        BlockFormat::Q8_0 => both(2, one_token::q8_0, four_tokens::q8_0),
        BlockFormat::IQ4_NL => both(4, one_token::iq4_nl, four_tokens::iq4_nl),
        BlockFormat::MXFP4 => both(4, one_token::mxfp4, four_tokens::mxfp4),
        BlockFormat::Q4_K => both(2, one_token256::q4_k, four_tokens256::q4_k),
        BlockFormat::Q5_K => both(1, one_token256::q5_k, four_tokens256::q5_k),
        BlockFormat::Q6_K => both(1, one_token256::q6_k, four_tokens256::q6_k),
        BlockFormat::Q2_K => both(1, one_token256::q2_k, four_tokens256::q2_k),
        BlockFormat::Q3_K => both(1, one_token256::q3_k, four_tokens256::q3_k),
        BlockFormat::IQ4_XS => both(1, one_token256::iq4_xs, four_tokens256::iq4_xs),
    }
}
