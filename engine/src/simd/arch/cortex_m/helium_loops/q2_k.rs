//! Block loops of Q2_K. Registers are those of `blocks256.rs`.

use super::blocks256::{one, rows, two};
use super::close256::{add_difference, multiply_sums16, scales_to_floats};
use super::frame::{block_loop, enter, leave, lines, load_strip};
use super::{BlockLoops, Strip, one_and_two_tokens};

/// Sixteen bytes of quants of two bits: those of four sub-blocks. Of the eight scales of half a block the even ones
/// (`vmovlb`) or the odd ones (`vmovlt`) are these sub-blocks'. `next` ends the address of the last activations, which goes
/// on to the next ones.
macro_rules! two_bits_of_four {
    ($tokens:ident, $at:literal, $scales:literal, $which:literal, $how:literal, $next:literal) => {
        concat!(
            lines! { "vldrb.u8 q0, [r1, #" $at "]"; },
            $tokens!(load "], #32"),
            lines! { "vand q1, q0, q5"; },
            $tokens!(multiply "vmladav", "q1", "r0", "r4", "], #32"),
            lines! { "vshr.u8 q1, q0, #2"; },
            $tokens!(load "], #32"),
            lines! { "vand q1, q1, q5"; },
            $tokens!(multiply "vmladav", "q1", "r2", "r6", "], #32"),
            lines! { "vshr.u8 q1, q0, #4"; },
            $tokens!(sums_to_double ["d12", "d8"]),
            $tokens!(load "], #32"),
            lines! { "vand q1, q1, q5"; },
            $tokens!(multiply "vmladav", "q1", "r0", "r4", "], #32"),
            $tokens!(load $next),
            lines! { "vshr.u8 q0, q0, #6"; },
            $tokens!(multiply "vmladav", "q0", "r2", "r6", $next),
            four_scales!($scales, $which),
            $tokens!(sums_to_double ["d13", "d9"]),
            $tokens!(scale $how, "q0"),
        )
    };
}

/// Of eight scales of sub-blocks, which are low nibbles, the even ones (`vmovlb`) or the odd ones (`vmovlt`) to q0.
macro_rules! four_scales {
    ($at:literal, $which:literal) => {
        lines! {
            "vldrb.u16 q0, [r1, #" $at "]";
            "vbic.i16 q0, #0xF0";
            $which ".u16 q0, q0";
        }
    };
}

/// The block's scales to s30 and s31, and the minimums, which are high nibbles, to q0, even ones, and q1.
macro_rules! scales_and_mins {
    () => {
        concat!(
            lines! {
                "vldrb.u8 q0, [r1]";
                "ldr r0, [r1, #80]";
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
    ($name:ident, $tokens:ident) => {
        rows!(
            $name, $tokens, mask "3", base "0", bytes "84",
            concat!(
                two_bits_of_four!($tokens, "16", "0", "vmovlb", "vmladav", "], #-80"),
                two_bits_of_four!($tokens, "32", "0", "vmovlt", "vmladava", "], #16"),
                two_bits_of_four!($tokens, "48", "8", "vmovlb", "vmladava", "], #-80"),
                two_bits_of_four!($tokens, "64", "8", "vmovlt", "vmladava", "], #16"),
                scales_and_mins!(),
                $tokens!(close add_less_mins),
            )
        );
    };
}

q2_k!(q2_k_one, one);
q2_k!(q2_k_two, two);

/// Block loops of Q2_K.
pub(crate) const Q2_K: BlockLoops = one_and_two_tokens(q2_k_one, q2_k_two);
