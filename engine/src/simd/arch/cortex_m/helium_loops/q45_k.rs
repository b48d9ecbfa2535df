//! Block loops of Q4_K and Q5_K. Registers are those of `blocks256.rs`.

use super::blocks256::{one, rows, two, two_rows};
use super::close256::{add_difference, scales_to_floats};
use super::frame::{block_loop, enter, leave, lines, load_strip, one_and_two_tokens};
use crate::simd::arch::strip::BlockLoops;
use crate::simd::form::BlockLayout;

/// Sixteen bytes of nibbles: of two sub-blocks, high nibbles first. `low` is the end of the address of the low nibbles'
/// activations, which goes on to the next ones.
macro_rules! nibbles {
    ($many:ident, $how:literal, $at:literal, $low:literal) => {
        concat!(
            $many!(weights $at),
            $many!(unpack_and_multiply ["vshr.u8 q1, ", ", #4"], $how, "r2", "r6", ", #32]"),
            $many!(unpack_and_multiply ["vand q1, ", ", q5"], $how, "r0", "r4", $low),
        )
    };
}

/// Two sub-blocks of Q4_K, whose nibbles are at two places.
macro_rules! nibbles_of_two {
    ($many:ident, $first:literal, $second:literal, $sums:tt, $shifts:tt) => {
        concat!(
            nibbles!($many, "vmladav", $first, "], #16"),
            nibbles!($many, "vmladava", $second, "], #48"),
            $many!(sums_to_double $sums),
        )
    };
}

/// The same as [`nibbles`] with fifth bits at place `fifth`, which two instructions move to bit 4 for the high nibbles and
/// to bit 0 for the low ones.
macro_rules! five_bits {
    ($many:ident, $how:literal, $at:literal, $fifth:literal, $low:literal, [$to_bit_4:literal $(, $to_bit_0:literal)?]) => {
        concat!(
            lines! {
                "vldrb.u8 q2, [r1, #" $fifth "]";
                "vldrb.u8 q0, [r1, #" $at "]";
                // The high nibbles go in below the fifth bits.
                $to_bit_4;
            },
            $many!(load ", #32]"),
            lines! {
                "vsri.8 q1, q0, #4";
                $($to_bit_0;)?
                "vand q1, q1, q5";
            },
            $many!(multiply $how, "q1", "r2", "r6", ", #32]"),
            // The fifth bits go in above the low nibbles.
            lines! { "vsli.8 q0, q2, #4"; },
            $many!(load $low),
            lines! { "vand q0, q0, q5"; },
            $many!(multiply $how, "q0", "r0", "r4", $low),
        )
    };
}

/// Two sub-blocks of Q5_K, whose nibbles are at two places.
macro_rules! five_bits_of_two {
    ($many:ident, $first:literal, $second:literal, $sums:tt, $shifts:tt) => {
        concat!(
            five_bits!($many, "vmladav", $first, "-96", "], #16", $shifts),
            five_bits!($many, "vmladava", $second, "-80", "], #48", $shifts),
            $many!(sums_to_double $sums),
        )
    };
}

/// The scales of the first four sub-blocks to q0. The block begins `at` bytes from an address.
macro_rules! low_scales {
    ($block:literal, $at:literal) => {
        lines! {
            "vldrb.u32 q0, [" $block ", #" $at " + 4]";
            "vbic.i32 q0, #0xC0";
        }
    };
}

/// The scales of the last four sub-blocks to q1: low nibbles, and the upper two bits of the first scales.
macro_rules! high_scales {
    ($block:literal, $at:literal) => {
        lines! {
            "vldrb.u32 q0, [" $block ", #" $at " + 4]";
            "vldrb.u32 q1, [" $block ", #" $at " + 12]";
            "vshr.u32 q0, q0, #6";
            "vsli.32 q1, q0, #4";
        }
    };
}

/// The block's scales to s30 and s31, and the minimums to q0 in the order of the activations' sums.
macro_rules! scales_and_mins {
    ($block:literal, $at:literal) => {
        concat!(
            lines! {
                "vldrb.u32 q0, [" $block ", #" $at " + 8]";
                "ldr r0, [" $block ", #" $at "]";
                "vldrb.u32 q1, [" $block ", #" $at " + 12]";
            },
            scales_to_floats!(),
            lines! {
                // Minimums 0 to 3 in q0. In q1, 4 to 7: high nibbles, and the upper two bits of the first minimums.
                "vshr.u32 q2, q0, #6";
                "vbic.i32 q0, #0xC0";
                "vshr.u32 q1, q1, #4";
                "vsli.32 q1, q2, #4";
                // 0, 1, 4, 5 in q0 and 2, 3, 6, 7 in q1, then pairs of halves of both.
                "vmov.f64 d4, d1";
                "vmov.f64 d1, d2";
                "vmov.f64 d2, d4";
                "vmovnt.i32 q0, q1";
            },
        )
    };
}

/// Adds the block less its minimums.
macro_rules! add_less_mins {
    ($x:literal, $sum:literal, $row:literal) => {
        concat!(
            lines! {
                "vldrh.u16 q1, [" $x ", #40]";
                "vmladav.s16 r0, q0, q1";
            },
            add_difference!($x, $sum, $row),
        )
    };
}

/// A block loop of Q4_K or Q5_K. `block` is the block's place from r1, the other places are those of nibbles.
macro_rules! q45_k {
    (
        $name:ident, $many:ident, mask $mask:literal, base $base:literal, bytes $bytes:literal, block $block:literal,
        $pair:ident [$p0:literal, $p1:literal, $p2:literal, $p3:literal, $p4:literal, $p5:literal, $p6:literal, $p7:literal]
    ) => {
        rows!(
            $name, $many, mask $mask, base $base, bytes $bytes,
            concat!(
                $pair!($many, $p0, $p1, ["d12", "d8"], ["vshl.i8 q1, q2, #3"]),
                $pair!($many, $p2, $p3, ["d13", "d9"], ["vshl.i8 q1, q2, #1", "vshr.u8 q2, q2, #2"]),
                $many!(scale "vmladav", "q0", low_scales [$block]),
                $pair!($many, $p4, $p5, ["d12", "d8"], ["vshr.u8 q1, q2, #1", "vshr.u8 q2, q2, #4"]),
                $pair!($many, $p6, $p7, ["d13", "d9"], ["vshr.u8 q1, q2, #3", "vshr.u8 q2, q2, #6"]),
                $many!(scale "vmladava", "q1", high_scales [$block]),
                $many!(close scales_and_mins [$block], add_less_mins),
            )
        );
    };
}

/// A block loop of Q4_K.
macro_rules! q4_k {
    ($name:ident, $many:ident) => {
        q45_k!(
            $name, $many, mask "15", base "64", bytes "144", block "-64",
            nibbles_of_two ["-48", "-32", "-16", "0", "16", "32", "48", "64"]
        );
    };
}

/// A block loop of Q5_K.
macro_rules! q5_k {
    ($name:ident, $many:ident) => {
        q45_k!(
            $name, $many, mask "31", base "112", bytes "176", block "-112",
            five_bits_of_two ["-64", "-48", "-32", "-16", "0", "16", "32", "48"]
        );
    };
}

q4_k!(q4_k_one, two_rows);
q4_k!(q4_k_two, two);
q5_k!(q5_k_one, one);
q5_k!(q5_k_two, two);

/// Block loops of Q4_K.
pub(super) const Q4_K: BlockLoops = one_and_two_tokens(BlockLayout::Q4K, q4_k_one, q4_k_two);
/// Block loops of Q5_K.
pub(super) const Q5_K: BlockLoops = one_and_two_tokens(BlockLayout::Q5K, q5_k_one, q5_k_two);
