//! Block loops of IQ4_XS. Registers are those of `blocks256.rs`.

use super::blocks256::{one, rows, two};
use super::close256::{add_product, scales_to_floats};
use super::frame::{block_loop, enter, leave, lines, load_strip, one_and_two_tokens, table_address};
use super::unpack::IQ4_TABLE;
use crate::simd::arch::strip::BlockLoops;
use crate::simd::form::BlockLayout;

/// A sub-block: sixteen bytes of nibbles, which index the table whose address is at label 9. `next` is the end of the load of the
/// last activations, which advances to the next ones.
macro_rules! values {
    ($many:ident, $at:literal, $first:literal, $second:literal, $next:literal) => {
        concat!(
            lines! {
                "vldrb.u8 q0, [r1, #" $at "]";
                "ldr " $first ", 9f";
                "vshr.u8 q1, q0, #4";
                "vand q0, q0, q5";
                // A load gathers bytes at sixteen offsets.
                "vldrb.u8 q2, [" $first ", q0]";
                "vldrb.u8 q0, [" $first ", q1]";
            },
            $many!(load "], #16"),
            $many!(multiply "vmladav", "q2", $first, $second, "], #16"),
            $many!(load $next),
            $many!(multiply "vmladava", "q0", $first, $second, $next),
        )
    };
}

/// The scales of four sub-blocks to q1. Their upper two bits are found by a shift of the block's first word, four bits more
/// for each scale than for the one before; the complement of the first shift is given. Their lower four bits are nibbles of
/// four bytes, high ones if a shift is given. 32 is subtracted: the uppermost bit is turned, and then a sign.
macro_rules! four_scales {
    ($block:literal, $shift:literal $(, $lower_shift:literal)?) => {
        lines! {
            "ldr r0, [" $block ", #-16]";
            "mvn r2, #" $shift;
            "eor r0, r0, #0xAAAAAAAA";
            "vddup.u32 q1, r2, #4";
            "vdup.32 q0, r0";
            "vshl.u32 q0, q0, q1";
            "vldrb.u32 q1, [" $block ", #-12]";
            $($lower_shift;)?
            "vsli.32 q1, q0, #4";
            "vshl.i32 q1, q1, #26";
            "vshr.s32 q1, q1, #26";
        }
    };
}

/// Every other sub-block: the places of their nibbles. The activations end where the last sub-block's do.
macro_rules! four_sub_blocks {
    ($many:ident, $p0:literal, $p1:literal, $p2:literal, $p3:literal) => {
        concat!(
            values!($many, $p0, "r0", "r4", "], #48"),
            values!($many, $p1, "r2", "r6", "], #48"),
            $many!(sums_to_double ["d12", "d8"]),
            values!($many, $p2, "r0", "r4", "], #48"),
            values!($many, $p3, "r2", "r6", "], #16"),
            $many!(sums_to_double ["d13", "d9"]),
        )
    };
}

/// The block's scale to s30.
macro_rules! block_scale {
    ($block:literal,) => {
        concat!(lines! { "ldrh r0, [" $block ", #-16]"; }, scales_to_floats!())
    };
}

/// A block loop of IQ4_XS: the even sub-blocks, then the odd ones.
macro_rules! iq4_xs {
    ($name:ident, $many:ident) => {
        rows!(
            $name, $many, mask "15", base "16", bytes "136",
            concat!(
                four_sub_blocks!($many, "-8", "24", "56", "88"),
                $many!(back "192"),
                $many!(scale "vmladav", "q1", four_scales ["15"]),
                four_sub_blocks!($many, "8", "40", "72", "104"),
                $many!(scale "vmladava", "q1", four_scales ["17", "vshr.u32 q1, q1, #4"]),
                $many!(close block_scale [], add_product),
            ),
            values IQ4_TABLE
        );
    };
}

iq4_xs!(iq4_xs_one, one);
iq4_xs!(iq4_xs_two, two);

/// Block loops of IQ4_XS.
pub(super) const IQ4_XS: BlockLoops = one_and_two_tokens(BlockLayout::IQ4XS, iq4_xs_one, iq4_xs_two);
