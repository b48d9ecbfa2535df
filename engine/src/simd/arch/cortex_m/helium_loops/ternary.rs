//! Block loops of TQ1_0 and TQ2_0. Registers are those of `blocks256.rs`; a block has no sub-blocks.

use super::blocks256::{one, rows, two, two_rows};
use super::close256::{add_product, scales_to_floats};
use super::frame::{block_loop, enter, leave, lines, load_strip, one_and_two_tokens};
use crate::simd::arch::strip::BlockLoops;
use crate::simd::form::BlockLayout;

/// A base-3 digit of each of sixteen packed bytes. A byte is a fraction `b / 256`: the upper half of its product with 3 is
/// the digit, and the lower half, once `times_three`, is what the next digit is taken from. `x` ends the activations' address.
macro_rules! digit {
    ($many:ident, $how:literal, $x:literal) => {
        $many!(unpack_and_multiply ["vmulh.u8 q1, ", ", q5"], $how, "r8", "r10", $x)
    };
}

/// Five digits of sixteen bytes. The activations of each digit end as `x` gives, the last ones' as `next`.
macro_rules! five_digits {
    ($many:ident, $how:literal, $at:literal, $x:literal, $next:literal) => {
        concat!(
            $many!(weights $at),
            digit!($many, $how, $x),
            $many!(times_three),
            digit!($many, "vmladava", $x),
            $many!(times_three),
            digit!($many, "vmladava", $x),
            $many!(times_three),
            digit!($many, "vmladava", $x),
            $many!(times_three),
            digit!($many, "vmladava", $next),
        )
    };
}

/// Four bytes times each of 1, 3, 9 and 27, which q6 holds: from them come four digits.
macro_rules! four_times {
    ($bytes:literal, $block:literal) => {
        lines! {
            "ldr r0, [" $block ", #48]";
            "vdup.32 " $bytes ", r0";
            "vmul.i8 " $bytes ", " $bytes ", q6";
        }
    };
}

/// Two bits of each of sixteen bytes, four times: as in Q2_K, but with scales for none.
macro_rules! two_bits_of_four {
    ($many:ident, $how:literal, $at:literal, $next:literal) => {
        concat!(
            $many!(weights $at),
            $many!(unpack_and_multiply ["vand q1, ", ", q5"], $how, "r8", "r10", "], #32"),
            $many!(unpack_and_multiply ["vshr.u8 q1, ", ", #2", "vand q1, q1, q5"], "vmladava", "r8", "r10", "], #32"),
            $many!(unpack_and_multiply ["vshr.u8 q1, ", ", #4", "vand q1, q1, q5"], "vmladava", "r8", "r10", "], #32"),
            $many!(unpack_and_multiply ["vshr.u8 q1, ", ", #6"], "vmladava", "r8", "r10", $next),
        )
    };
}

/// The block's scale to s30.
macro_rules! block_scale {
    ($block:literal, $at:literal) => {
        concat!(lines! { "ldrh r0, [" $block ", #" $at "]"; }, scales_to_floats!())
    };
}

/// Adds the block, from whose quants 1 is still to be subtracted.
macro_rules! add_less_one {
    ($x:literal, $sum:literal, $row:literal) => {
        concat!(
            lines! {
                "ldr r0, [" $x ", #4]";
                "sub " $sum ", " $sum ", r0";
            },
            add_product!($x, $sum, $row)
        )
    };
}

/// A block loop of TQ1_0.
macro_rules! tq1_0 {
    ($name:ident, $many:ident) => {
        rows!(
            $name, $many, mask "3", base "0", bytes "54",
            concat!(
                five_digits!($many, "vmladav", "0", "], #32", "], #-112"),
                five_digits!($many, "vmladava", "16", "], #32", "], #16"),
                five_digits!($many, "vmladava", "32", "], #16", "], #16"),
                lines! {
                    "adr r0, 9f";
                    "vldrw.u32 q6, [r0]";
                },
                $many!(packed four_times),
                digit!($many, "vmladava", "], #16"),
                $many!(close block_scale ["52"], add_less_one),
            ),
            table ".p2align 2\n9: .word 0x01010101, 0x03030303, 0x09090909, 0x1B1B1B1B"
        );
    };
}

tq1_0!(tq1_0_one, two_rows);
tq1_0!(tq1_0_two, two);

/// Block loops of TQ1_0.
pub(super) const TQ1_0: BlockLoops = one_and_two_tokens(BlockLayout::TQ1_0, tq1_0_one, tq1_0_two);

/// A block loop of TQ2_0.
macro_rules! tq2_0 {
    ($name:ident, $many:ident) => {
        rows!(
            $name, $many, mask "3", base "0", bytes "66",
            concat!(
                two_bits_of_four!($many, "vmladav", "0", "], #-80"),
                two_bits_of_four!($many, "vmladava", "16", "], #16"),
                two_bits_of_four!($many, "vmladava", "32", "], #-80"),
                two_bits_of_four!($many, "vmladava", "48", "], #16"),
                $many!(close block_scale ["64"], add_less_one),
            )
        );
    };
}

tq2_0!(tq2_0_one, two_rows);
tq2_0!(tq2_0_two, two);

/// Block loops of TQ2_0.
pub(super) const TQ2_0: BlockLoops = one_and_two_tokens(BlockLayout::TQ2_0, tq2_0_one, tq2_0_two);
