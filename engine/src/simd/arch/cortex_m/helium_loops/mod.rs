//! Block loops for Helium: for each format one that takes a token, and one that takes two and unpacks the weights once for
//! both. Both take any multiple of four rows.
//!
//! A loop is put together from fragments of assembly, macros that expand to text. In the table, `x` stands for each of
//! `low` and `high`, the two halves of a block of 32.
//!
//! | format | unpack | multiply | scale | close |
//! |---|---|---|---|---|
//! | Q8_0 | `x_bytes` | `row`, `multiply_two` | `scale` | `add_vectors` |
//! | Q4_0 | `x_nibbles` | `multiply_one`, `multiply_two` | `add_offset` (-8), `scale` | the same |
//! | Q4_1 | `x_nibbles` | the same | `scale_with_mins` | the same |
//! | Q5_0 | `x_five_bits` | the same | `scale` | the same |
//! | Q5_1 | `x_five_bits` | the same | `add_offset` (16), `scale_with_mins` | the same |
//! | IQ4_NL | `x_values` | the same | `scale` | the same |
//! | MXFP4 | `x_values` | the same | `exponents_to_floats`, `scale_lanes` | `add_lanes` |
//! | Q4_K | `nibbles` | `one`, `two` | `low_scales`, `high_scales`, `scales_and_mins` | `add_difference` |
//! | Q5_K | `five_bits` | the same | the same | the same |
//! | Q6_K | `six_bits_of_four` | the same | `four_scales`, `all_scales` | `add_product` |
//! | IQ4_XS | `values` | the same | `four_scales` | `add_product` |
//! | Q2_K | `two_bits_of_four` | the same | `four_scales`, `scales_and_mins` | `add_difference` |
//! | Q3_K | `three_bits_of_four` | the same | `four_scales` | `add_product` |
//! | Q8_K | `bytes` | the same | | `add_product` |
//! | TQ1_0 | `five_digits`, `four_times` | the same | | `add_less_one` |
//! | TQ2_0 | `two_bits_of_four` | the same | | `add_less_one` |
//!
//! Weights lie at any address. Vectors of them are loaded byte by byte (`vldrb`), since other vector loads need addresses
//! aligned to their elements, and so do scalar loads of two registers.

mod blocks256;
mod blocks32;
mod close256;
mod close32;
mod frame;
mod iq4_xs;
mod mxfp4;
mod q2_k;
mod q3_k;
mod q45_k;
mod q6_k;
mod q8_0;
mod q8_k;
mod ternary;
mod unpack;

use crate::simd::arch::strip::BlockLoops;
use crate::simd::form::BlockLayout;

/// The block loops of a layout.
#[inline(always)]
pub(super) const fn block_loops(layout: BlockLayout) -> &'static BlockLoops {
    match layout {
        BlockLayout::Q8_0 => &q8_0::Q8_0,
        BlockLayout::Q4_0 => &blocks32::Q4_0,
        BlockLayout::Q4_1 => &blocks32::Q4_1,
        BlockLayout::Q5_0 => &blocks32::Q5_0,
        BlockLayout::Q5_1 => &blocks32::Q5_1,
        BlockLayout::IQ4NL => &blocks32::IQ4_NL,
        BlockLayout::Q2K => &q2_k::Q2_K,
        BlockLayout::Q3K => &q3_k::Q3_K,
        BlockLayout::Q4K => &q45_k::Q4_K,
        BlockLayout::Q5K => &q45_k::Q5_K,
        BlockLayout::Q6K => &q6_k::Q6_K,
        BlockLayout::IQ4XS => &iq4_xs::IQ4_XS,
        BlockLayout::Q8K => &q8_k::Q8_K,
        BlockLayout::TQ1_0 => &ternary::TQ1_0,
        BlockLayout::TQ2_0 => &ternary::TQ2_0,
        BlockLayout::MXFP4 => &blocks32::MXFP4,
    }
}
