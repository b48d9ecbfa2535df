//! Block loops of Q3_K. Registers are those of `blocks256.rs`.
//!
//! A quant of three bits, less 4, is a number with a sign whose uppermost bit is turned. It is multiplied in the upper three
//! bits of a byte, 32 times too large.

use super::blocks256::{one, rows, two};
use super::close256::{add_product, scales_to_floats};
use super::frame::{block_loop, enter, leave, lines, load_strip, one_and_two_tokens};
use crate::simd::arch::strip::BlockLoops;
use crate::simd::form::BlockLayout;

/// Sixteen quants of a plane to the upper bits of q1, and their products: the third bits, turned, come from q2, the lower
/// ones from the upper bits of q0, after a shift where the plane is not the last.
macro_rules! three_bits {
    ($many:ident, $third:literal, $(shift $lower:literal,)? $first:literal, $second:literal, $at:literal) => {
        concat!(
            lines! {
                "vshl.i8 q1, q2, #" $third;
                $("vshl.i8 q0, q0, #" $lower;)?
            },
            $many!(load $at),
            lines! {
                "vsri.8 q1, q0, #1";
                "vand q1, q1, q5";
            },
            $many!(multiply "vmladav", "q1", $first, $second, $at),
        )
    };
}

/// Sixteen bytes of lower bits, of four planes: four sub-blocks, whose third bits lie in the same bytes. Then come shifts of
/// third bits for the planes from the last one on, the scales, and the end of the address of the last activations, which
/// goes on to the next ones.
macro_rules! three_bits_of_four {
    (
        $many:ident, $lower:literal, $third:literal, [$t3:literal, $t2:literal, $t1:literal, $t0:literal],
        $scales:tt, $how:literal, $next:literal
    ) => {
        concat!(
            lines! {
                "vldrb.u8 q2, [r1, #" $third "]";
                "vldrb.u8 q0, [r1, #" $lower "]";
                "vmvn q2, q2";
            },
            three_bits!($many, $t3, "r2", "r6", ", #96]"),
            three_bits!($many, $t2, shift "2", "r0", "r4", ", #64]"),
            $many!(sums_to_double ["d13", "d9"]),
            three_bits!($many, $t1, shift "2", "r2", "r6", ", #32]"),
            three_bits!($many, $t0, shift "2", "r0", "r4", $next),
            $many!(sums_to_double ["d12", "d8"]),
            $many!(scale $how, "q0", four_scales $scales),
        )
    };
}

/// The scales of four sub-blocks to q0. Their lower four bits lie in every other byte of eight, which an instruction makes
/// halves of and another (`vmovlb`, `vmovlt`) words; their upper two bits begin at four bits of a word. 32 is subtracted.
macro_rules! four_scales {
    ($block:literal, $to_halves:literal, $to_words:literal, $upper0:literal, $upper1:literal, $upper2:literal, $upper3:literal) => {
        lines! {
            "ldr r0, [" $block ", #104]";
            "vldrb.u16 q0, [" $block ", #96]";
            "ubfx r2, r0, #" $upper0 ", #2";
            "ubfx r4, r0, #" $upper1 ", #2";
            $to_halves;
            "vmov d2, r2, r4";
            "ubfx r2, r0, #" $upper2 ", #2";
            "ubfx r4, r0, #" $upper3 ", #2";
            $to_words ".u16 q0, q0";
            "vmov d3, r2, r4";
            "mov r0, #32";
            "vsli.32 q0, q1, #4";
            "vsub.i32 q0, q0, r0";
        }
    };
}

/// The block's scale to s30.
macro_rules! block_scale {
    ($block:literal,) => {
        concat!(lines! { "ldrh r0, [" $block ", #108]"; }, scales_to_floats!())
    };
}

/// Adds the block, whose sum is 32 times too large.
macro_rules! add_shifted_product {
    ($x:literal, $sum:literal, $row:literal) => {
        concat!(lines! { "asr " $sum ", " $sum ", #5"; }, add_product!($x, $sum, $row))
    };
}

/// A block loop of Q3_K.
macro_rules! q3_k {
    ($name:ident, $many:ident) => {
        rows!(
            $name, $many, mask "0xE0", base "0", bytes "110",
            concat!(
                three_bits_of_four!(
                    $many, "32", "0", ["4", "5", "6", "7"],
                    ["vbic.i16 q0, #0xF0", "vmovlb", "0", "16", "2", "18"], "vmladav", "], #16"
                ),
                three_bits_of_four!(
                    $many, "48", "16", ["4", "5", "6", "7"],
                    ["vbic.i16 q0, #0xF0", "vmovlt", "8", "24", "10", "26"], "vmladava", "], #112"
                ),
                three_bits_of_four!(
                    $many, "64", "0", ["0", "1", "2", "3"],
                    ["vshr.u16 q0, q0, #4", "vmovlb", "4", "20", "6", "22"], "vmladava", "], #16"
                ),
                three_bits_of_four!(
                    $many, "80", "16", ["0", "1", "2", "3"],
                    ["vshr.u16 q0, q0, #4", "vmovlt", "12", "28", "14", "30"], "vmladava", "], #112"
                ),
                $many!(close block_scale [], add_shifted_product),
            )
        );
    };
}

q3_k!(q3_k_one, one);
q3_k!(q3_k_two, two);

/// Block loops of Q3_K.
pub(super) const Q3_K: BlockLoops = one_and_two_tokens(BlockLayout::Q3K, q3_k_one, q3_k_two);
