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

use crate::simd::arch::strip::{BlockLoop, BlockLoops, Strip};
use crate::simd::form::BlockLayout;

/// The loops of a layout.
#[inline(always)]
pub(super) fn block_loops(layout: BlockLayout) -> Option<BlockLoops> {
    type Run = unsafe extern "C" fn(&Strip);
    let one = |rows, run: Run| BlockLoops { one: BlockLoop { rows, tokens: 1, run }, several: None };
    let both = |rows, run: Run, four: Run| BlockLoops {
        several: Some(BlockLoop { rows: 1, tokens: 4, run: four }),
        ..one(rows, run)
    };
    Some(match layout {
        BlockLayout::Q4_0 => both(2, one_token::q4_0, four_tokens::q4_0),
        BlockLayout::Q8_0 => both(2, one_token::q8_0, four_tokens::q8_0),
        BlockLayout::Q4K => both(2, one_token::q4_k, four_tokens::q4_k),
        BlockLayout::Q4_1 => both(2, one_token::q4_1, four_tokens::q4_1),
        BlockLayout::Q5_0 => one(1, one_token::q5_0),
        BlockLayout::Q5_1 => one(1, one_token::q5_1),
        BlockLayout::Q5K => both(1, one_token::q5_k, four_tokens::q5_k),
        BlockLayout::IQ4NL => one(4, one_token::iq4_nl),
        BlockLayout::MXFP4 => one(4, one_token::mxfp4),
        BlockLayout::Q6K => both(1, one_token::q6_k, four_tokens::q6_k),
        _ => return None,
    })
}
