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

use crate::simd::arch::strip::{BlockLoop, BlockLoops, Run};
use crate::simd::form::{ActForm, BlockLayout};

/// The loops of a layout.
#[inline(always)]
pub(super) fn block_loops(layout: BlockLayout) -> Option<BlockLoops> {
    let both = |rows, one: Run, four: Run| BlockLoops {
        layout,
        form: ActForm::Pairs,
        one: BlockLoop { rows, tokens: 1, run: one },
        several: if cfg!(feature = "small") { None } else { Some(BlockLoop { rows: 1, tokens: 4, run: four }) },
    };
    Some(match layout {
        BlockLayout::Q4_0 => both(2, one_token::q4_0, four_tokens::q4_0),
        BlockLayout::Q4_1 => both(2, one_token::q4_1, four_tokens::q4_1),
        BlockLayout::Q5_0 => both(1, one_token::q5_0, four_tokens::q5_0),
        BlockLayout::Q5_1 => both(1, one_token::q5_1, four_tokens::q5_1),
        BlockLayout::Q8_0 => both(2, one_token::q8_0, four_tokens::q8_0),
        BlockLayout::IQ4NL => both(4, one_token::iq4_nl, four_tokens::iq4_nl),
        BlockLayout::MXFP4 => both(4, one_token::mxfp4, four_tokens::mxfp4),
        BlockLayout::Q4K => both(2, one_token256::q4_k, four_tokens256::q4_k),
        BlockLayout::Q5K => both(1, one_token256::q5_k, four_tokens256::q5_k),
        BlockLayout::Q6K => both(1, one_token256::q6_k, four_tokens256::q6_k),
        BlockLayout::Q2K => both(1, one_token256::q2_k, four_tokens256::q2_k),
        BlockLayout::Q3K => both(1, one_token256::q3_k, four_tokens256::q3_k),
        BlockLayout::IQ4XS => both(1, one_token256::iq4_xs, four_tokens256::iq4_xs),
        _ => return None,
    })
}
