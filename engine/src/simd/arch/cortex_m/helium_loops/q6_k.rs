//! Block loops of Q6_K. Registers are those of `blocks256.rs`.

use super::blocks256::{one, rows, two};
use super::close256::{add_product, multiply_sums16, scales_to_floats};
use super::frame::{block_loop, enter, leave, lines, load_strip, one_and_two_tokens};
use crate::simd::arch::strip::BlockLoops;
use crate::simd::form::BlockLayout;

/// Sixteen quants of each of four planes of Q6_K: four sub-blocks, whose upper two bits lie in the same bytes. Places are
/// those of the first two planes' nibbles, of the upper bits, and of the half block's scales, the even or odd ones of which
/// are these sub-blocks'. `next` ends the address of the last activations, which goes on to the next ones.
macro_rules! six_bits_of_four {
    (
        $many:ident, $first:literal, $second:literal, $upper:literal, $scales:literal, $which:literal, $how:literal,
        $next:literal
    ) => {
        concat!(
            lines! {
                "vldrb.u8 q2, [r1, #" $upper "]";
                "vldrb.u8 q0, [r1, #" $first "]";
                // Plane 2: high nibbles below bits 4 and 5.
                "vshl.i8 q1, q2, #2";
            },
            $many!(load ", #64]"),
            lines! {
                "vsri.8 q1, q0, #2";
                "vshr.u8 q1, q1, #2";
            },
            $many!(multiply "vmladav", "q1", "r2", "r6", ", #64]"),
            // Plane 0: low nibbles below bits 0 and 1.
            lines! { "vsli.8 q0, q2, #4"; },
            $many!(load "], #96"),
            lines! { "vand q0, q0, q5"; },
            $many!(multiply "vmladav", "q0", "r0", "r4", "], #96"),
            lines! {
                // Plane 3: high nibbles below bits 6 and 7.
                "vshr.u8 q1, q2, #2";
                "vldrb.u8 q0, [r1, #" $second "]";
            },
            $many!(sums_to_lanes "0", "2"),
            lines! { "vsri.8 q2, q0, #2"; },
            $many!(load "], #-64"),
            lines! { "vshr.u8 q2, q2, #2"; },
            $many!(multiply "vmladav", "q2", "r2", "r6", "], #-64"),
            // Plane 1: low nibbles below bits 2 and 3.
            lines! { "vsli.8 q0, q1, #4"; },
            $many!(load $next),
            lines! { "vand q0, q0, q5"; },
            $many!(multiply "vmladav", "q0", "r0", "r4", $next),
            $many!(sums_to_lanes "1", "3"),
            $many!(scale $how, "q0", four_scales [$scales, $which]),
        )
    };
}

/// Of eight scales of sub-blocks, the even ones (`vmovlb`) or the odd ones (`vmovlt`) to q0.
macro_rules! four_scales {
    ($block:literal, $at:literal, $which:literal) => {
        lines! {
            "vldrb.s16 q0, [" $block ", #" $at "]";
            $which ".s16 q0, q0";
        }
    };
}

/// The block's scale to s30, and the sub-blocks' to q0, even ones, and q1.
macro_rules! all_scales {
    ($block:literal, $at:literal, $d:literal) => {
        concat!(
            lines! {
                "vldrb.u8 q0, [" $block ", #" $at "]";
                "ldrh r0, [" $block ", #" $d "]";
                "vmovlt.s8 q1, q0";
                "vmovlb.s8 q0, q0";
            },
            scales_to_floats!(),
        )
    };
}

/// Adds the block, from whose quants 32 is still to be subtracted.
macro_rules! add_less_offset {
    ($x:literal, $sum:literal, $row:literal) => {
        concat!(multiply_sums16!($x), lines! { "sub " $sum ", " $sum ", r0, lsl #5"; }, add_product!($x, $sum, $row),)
    };
}

/// A block loop of Q6_K.
macro_rules! q6_k {
    ($name:ident, $many:ident) => {
        rows!(
            $name, $many, mask "63", base "104", bytes "210",
            concat!(
                six_bits_of_four!($many, "-104", "-72", "24", "88", "vmovlb", "vmladav", "], #-16"),
                six_bits_of_four!($many, "-88", "-56", "40", "88", "vmovlt", "vmladava", "], #80"),
                six_bits_of_four!($many, "-40", "-8", "56", "96", "vmovlb", "vmladava", "], #-16"),
                six_bits_of_four!($many, "-24", "8", "72", "96", "vmovlt", "vmladava", "], #80"),
                $many!(close all_scales ["88", "104"], add_less_offset),
            )
        );
    };
}

q6_k!(q6_k_one, one);
q6_k!(q6_k_two, two);

/// Block loops of Q6_K.
pub(super) const Q6_K: BlockLoops = one_and_two_tokens(BlockLayout::Q6K, q6_k_one, q6_k_two);
