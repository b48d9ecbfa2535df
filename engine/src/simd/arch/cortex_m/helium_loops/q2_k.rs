//! Block loops of Q2_K. Registers are those of `blocks256.rs`.

use super::blocks256::{one, rows, two, two_rows};
use super::close256::{add_difference, multiply_sums16, scales_to_floats};
use super::frame::{block_loop, enter, leave, lines, load_strip, one_and_two_tokens};
use crate::simd::arch::strip::BlockLoops;
use crate::simd::form::BlockLayout;

/// Sixteen bytes of quants of two bits: those of four sub-blocks. Of the eight scales of half a block the even ones
/// (`vmovlb`) or the odd ones (`vmovlt`) are these sub-blocks'. `next` ends the address of the last activations, which goes
/// on to the next ones.
macro_rules! two_bits_of_four {
    ($many:ident, $at:literal, $scales:literal, $which:literal, $how:literal, $next:literal) => {
        concat!(
            $many!(weights $at),
            $many!(unpack_and_multiply ["vand q1, ", ", q5"], "vmladav", "r0", "r4", "], #32"),
            $many!(unpack_and_multiply ["vshr.u8 q1, ", ", #2", "vand q1, q1, q5"], "vmladav", "r2", "r6", "], #32"),
            $many!(sums_to_double ["d12", "d8"]),
            $many!(unpack_and_multiply ["vshr.u8 q1, ", ", #4", "vand q1, q1, q5"], "vmladav", "r0", "r4", "], #32"),
            $many!(unpack_and_multiply ["vshr.u8 q1, ", ", #6"], "vmladav", "r2", "r6", $next),
            $many!(sums_to_double ["d13", "d9"]),
            $many!(scale $how, "q0", four_scales [$scales, $which]),
        )
    };
}

/// Of eight scales of sub-blocks, which are low nibbles, the even ones (`vmovlb`) or the odd ones (`vmovlt`) to q0.
macro_rules! four_scales {
    ($block:literal, $at:literal, $which:literal) => {
        lines! {
            "vldrb.u16 q0, [" $block ", #" $at "]";
            "vbic.i16 q0, #0xF0";
            $which ".u16 q0, q0";
        }
    };
}

/// The block's scales to s30 and s31, and the minimums, which are high nibbles, to q0, even ones, and q1.
macro_rules! scales_and_mins {
    ($block:literal,) => {
        concat!(
            lines! {
                "vldrb.u8 q0, [" $block "]";
                "ldr r0, [" $block ", #80]";
                "vshr.u8 q0, q0, #4";
                "vmovlt.u8 q1, q0";
                "vmovlb.u8 q0, q0";
            },
            scales_to_floats!(),
        )
    };
}

/// Adds the block less its minimums.
macro_rules! add_less_mins {
    ($x:literal, $sum:literal, $row:literal) => {
        concat!(multiply_sums16!($x), add_difference!($x, $sum, $row))
    };
}

/// A block loop of Q2_K.
macro_rules! q2_k {
    ($name:ident, $many:ident) => {
        rows!(
            $name, $many, mask "3", base "0", bytes "84",
            concat!(
                two_bits_of_four!($many, "16", "0", "vmovlb", "vmladav", "], #-80"),
                two_bits_of_four!($many, "32", "0", "vmovlt", "vmladava", "], #16"),
                two_bits_of_four!($many, "48", "8", "vmovlb", "vmladava", "], #-80"),
                two_bits_of_four!($many, "64", "8", "vmovlt", "vmladava", "], #16"),
                $many!(close scales_and_mins [], add_less_mins),
            )
        );
    };
}

q2_k!(q2_k_one, two_rows);
q2_k!(q2_k_two, two);

/// Block loops of Q2_K.
pub(super) const Q2_K: BlockLoops = one_and_two_tokens(BlockLayout::Q2K, q2_k_one, q2_k_two);
