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
//! | Q8_K | `bytes_of_two_rows` | `bytes256` | the block's | `close` |
//! | TQ1_0 | `digits` | `digits256` | `scale` | `close_less_one` |
//! | TQ2_0 | `two_bit_planes` | `two_bits256` | `scale` | `close_less_one` |
//!
//! Of the scales and closes, the table names those of one row; the others say of how many rows or tokens they are.
//!
//! Blocks lie at any address, so weights are loaded by words and less, which need no alignment; a Cortex-M4 takes a cycle
//! more for each word that is not aligned. Every product and sum of floats is rounded by itself, and the FPU keeps
//! denormals, as in the scalar kernels. The instructions set the flag Q, which nothing reads.

mod four_tokens;
mod four_tokens256;
mod frame;
mod one_scale256;
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

/// A layout's loops for one token, which takes rows together, and for four, which takes one row.
const fn one_and_four_tokens(layout: BlockLayout, rows: usize, one: Run, four: Run) -> BlockLoops {
    BlockLoops {
        layout,
        form: ActForm::Pairs,
        one: BlockLoop { rows, tokens: 1, run: one },
        several: if cfg!(feature = "small") { None } else { Some(BlockLoop { rows: 1, tokens: 4, run: four }) },
    }
}

/// The loops of `$layout`, with the rows that the one for one token takes.
macro_rules! loops_of {
    ($layout:expr, $($name:ident $rows:literal $one:expr, $four:expr;)+) => {
        match $layout {
            $(BlockLayout::$name => const { &one_and_four_tokens(BlockLayout::$name, $rows, $one, $four) },)+
        }
    };
}

/// The loops of a layout.
#[inline(always)]
pub(super) fn block_loops(layout: BlockLayout) -> &'static BlockLoops {
    loops_of! {
        layout,
        Q4_0 2 one_token::q4_0, four_tokens::q4_0;
        Q4_1 2 one_token::q4_1, four_tokens::q4_1;
        Q5_0 1 one_token::q5_0, four_tokens::q5_0;
        Q5_1 1 one_token::q5_1, four_tokens::q5_1;
        Q8_0 2 one_token::q8_0, four_tokens::q8_0;
        IQ4NL 4 one_token::iq4_nl, four_tokens::iq4_nl;
        MXFP4 4 one_token::mxfp4, four_tokens::mxfp4;
        Q4K 2 one_token256::q4_k, four_tokens256::q4_k;
        Q5K 1 one_token256::q5_k, four_tokens256::q5_k;
        Q6K 1 one_token256::q6_k, four_tokens256::q6_k;
        Q2K 1 one_token256::q2_k, four_tokens256::q2_k;
        Q3K 1 one_token256::q3_k, four_tokens256::q3_k;
        IQ4XS 1 one_token256::iq4_xs, four_tokens256::iq4_xs;
        Q8K 2 one_scale256::q8_k, one_scale256::q8_k_four;
        TQ1_0 1 one_scale256::tq1_0, one_scale256::tq1_0_four;
        TQ2_0 1 one_scale256::tq2_0, one_scale256::tq2_0_four;
    }
}
