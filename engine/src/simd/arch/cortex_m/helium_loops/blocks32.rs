//! Block loops of formats whose blocks are 32 weights. They take four rows together, and then the next four.
//!
//! | register | one token | two tokens |
//! |---|---|---|
//! | r1, r3, r5, r7 | the rows' blocks | the same |
//! | r0, r2, r4, r6 | the rows' integer sums | the rows' integer sums of the first token |
//! | r8, r10, r12, then r0 | free | the rows' integer sums of the second token |
//! | r9 | activations | the same |
//! | r11 | bytes to the next block's activations | the same |
//! | lr | blocks left | the same |
//! | q0, q1 | activations, then integer sums | activations of the first token, then its integer sums |
//! | q2, q3 | `high` of every other row, then minimums | activations of the second token, then its integer sums |
//! | q4 | `low` of each row, then scales | `low` and `high` in turn, then scales |
//! | q5 | factor of an offset | `low` and `high` in turn, then factor of an offset, then minimums |
//! | q6 | mask of nibbles | the same |
//! | q7 | the rows' sums | the rows' sums of the second token; those of the first are at the stack's top |

use super::close32::{
    add_offset, add_vectors, scale, scale_with_mins, scales_and_mins_to_floats, scales_to_floats, second_in_memory,
    second_in_register,
};
use super::frame::{block_loop, enter, leave, lines, load_strip, one_and_two_tokens, table_address};
use super::mxfp4::{add_lanes, exponents_to_floats, in_lanes, scale_lanes};
use super::unpack::{
    IQ4_TABLE, MXFP4_TABLE, high_five_bits, high_nibbles, high_values, load_nibbles, low_five_bits, low_nibbles,
    low_values,
};
use crate::simd::arch::strip::BlockLoops;
use crate::simd::form::BlockLayout;

/// Begins four rows of the strip at r0: loads their places, which an instruction may move together, and zeroes q7.
macro_rules! start_rows {
    ($($move_first:literal)?) => {
        lines! {
            "1:";
            "ldm r0, {{r1, r3, r9, r11, r12}}";
            $($move_first;)?
            "add r5, r1, r3, lsl #1";
            "add r7, r5, r3";
            "add r3, r1, r3";
            "vmov.i32 q7, #0";
        }
    };
}
pub(super) use start_rows;

/// Stores the rows' sums of a token from q7, and those of a second one from the register given, and goes to the next four
/// rows, which follow the last one, if there are any.
macro_rules! end_rows {
    ($($second:literal)?) => {
        concat!(
            load_strip!("r0"),
            lines! {
                "ldrd r1, r2, [r0, #20]";
                "str r7, [r0]";
            },
            $(lines! { "vstrw.32 " $second ", [r1, #64]"; },)?
            lines! {
                "vstrw.32 q7, [r1], #16";
                "subs r2, #4";
                "strd r1, r2, [r0, #20]";
                "bne 1b";
            }
        )
    };
}
pub(super) use end_rows;

/// A row's products with a token's activations, with other fragments between them.
macro_rules! multiply_one {
    ($sum:literal, $low:literal, $high:literal, $after_low:expr, $after_high:expr) => {
        concat!(
            lines! { "vmladav.s8 " $sum ", " $low ", q0"; },
            $after_low,
            lines! { "vmladava.s8 " $sum ", " $high ", q1"; },
            $after_high,
        )
    };
}

/// The loop for one token.
macro_rules! one_token {
    (
        $name:ident, quants $at:literal, bytes $bytes:literal, $load:ident, $low:ident, $high:ident,
        offset [$($offset:literal)?], $first:literal, $to_floats:ident, $scale:ident, $add:ident $(, table $table:ident)?
    ) => {
        block_loop!(
            $name,
            enter!(),
            "vmov.i8 q6, #15",
            $($offset,)?
            start_rows!(),
            "dls lr, r12",
            "2:",
            $load!($at, "q4", "q2", "r1", "r0", "q5"),
            "vldrb.u8 q0, [r9]",
            $low!($at, "q4", "q2", "r1", "r0", "q5"),
            "vldrb.u8 q1, [r9, #16]",
            $high!($at, "q4", "q2", "r1", "r0", "q5"),
            $load!($at, "q4", "q3", "r3", "r2", "q5"),
            multiply_one!(
                "r0", "q4", "q2",
                $low!($at, "q4", "q3", "r3", "r2", "q5"),
                concat!(
                    $high!($at, "q4", "q3", "r3", "r2", "q5"),
                    $load!($at, "q4", "q2", "r5", "r4", "q5"),
                )
            ),
            multiply_one!(
                "r2", "q4", "q3",
                $low!($at, "q4", "q2", "r5", "r4", "q5"),
                concat!(
                    $high!($at, "q4", "q2", "r5", "r4", "q5"),
                    $load!($at, "q4", "q3", "r7", "r6", "q5"),
                )
            ),
            multiply_one!(
                "r4", "q4", "q2",
                $low!($at, "q4", "q3", "r7", "r6", "q5"),
                $high!($at, "q4", "q3", "r7", "r6", "q5")
            ),
            // With the last row's products come scales and sums of the rows before.
            multiply_one!(
                "r6", "q4", "q3",
                lines! {
                    $first " r8, [r1], #" $bytes;
                    $first " r12, [r5], #" $bytes;
                },
                lines! {
                    "vmov q0[2], q0[0], r0, r4";
                    $first " r10, [r3], #" $bytes;
                    "vmov q4[2], q4[0], r8, r12";
                    $first " r12, [r7], #" $bytes;
                    "vmov q0[3], q0[1], r2, r6";
                    "ldrd r2, r4, [r9, #32]";
                    "vmov q4[3], q4[1], r10, r12";
                }
            ),
            $(add_offset!("q0", "r4", $offset),)?
            $to_floats!("q3"),
            $scale!("q1", "q0", "r2", "r4", "q3"),
            "add r9, r11",
            $add!("q7", "q1"),
            "le lr, 2b",
            end_rows!(),
            leave!(),
            $(table_address!(); $table)?
        );
    };
}

/// A row's products with two tokens' activations, with other fragments between them.
macro_rules! multiply_two {
    (
        $first:literal, $second:literal, $low:literal, $high:literal, $after_first:expr, $after_second:expr,
        $after_third:expr
    ) => {
        concat!(
            lines! { "vmladav.s8 " $first ", " $low ", q0"; },
            $after_first,
            lines! { "vmladav.s8 " $second ", " $low ", q2"; },
            $after_second,
            lines! { "vmladava.s8 " $first ", " $high ", q1"; },
            $after_third,
            lines! { "vmladava.s8 " $second ", " $high ", q3"; },
        )
    };
}
pub(super) use multiply_two;

/// A row before the last one, the next row's load, and loads of the activations if given.
macro_rules! row_of_two {
    (
        $first:literal, $second:literal, $low:literal, $high:literal, $block:literal, $next:literal, $at:literal,
        $load:ident, $make_low:ident, $make_high:ident
        $(, activations $a_low:literal, $b_low:literal, $a_high:literal, $b_high:literal)?
    ) => {
        concat!(
            $(lines! { $a_low; },)?
            $make_low!($at, $low, $high, $block, $second, "q7"),
            multiply_two!(
                $first, $second, $low, $high,
                concat!($(lines! { $b_low; },)? $make_high!($at, $low, $high, $block, $second, "q7")),
                concat!($(lines! { $a_high; },)? $load!($at, $high, $low, $next)),
                concat!($(lines! { $b_high; })?)
            ),
        )
    };
}
pub(super) use row_of_two;

/// The loop for two tokens.
macro_rules! two_tokens {
    (
        $name:ident, quants $at:literal, bytes $bytes:literal, $load:ident, $low:ident, $high:ident,
        offset [$($offset:literal)?], $first:literal, $to_floats:ident, $scale:ident, $add:ident,
        $second:ident $(, table $table:ident)?
    ) => {
        block_loop!(
            $name,
            enter!(),
            "vmov.i8 q6, #15",
            start_rows!(),
            "sub sp, #32",
            "vstrw.32 q7, [sp]",
            "vstrw.32 q7, [sp, #16]",
            "dls lr, r12",
            "2:",
            $load!($at, "q5", "q4", "r1"),
            row_of_two!(
                "r0", "r8", "q5", "q4", "r1", "r3", $at, $load, $low, $high,
                activations "vldrb.u8 q0, [r9]", "vldrb.u8 q2, [r9, #40]", "vldrb.u8 q1, [r9, #16]",
                "vldrb.u8 q3, [r9, #56]"
            ),
            row_of_two!("r2", "r10", "q4", "q5", "r3", "r5", $at, $load, $low, $high),
            row_of_two!("r4", "r12", "q5", "q4", "r5", "r7", $at, $load, $low, $high),
            // The last row's second sum takes the register of the first row's first one, which moves to where the first
            // token's activations were.
            $low!($at, "q4", "q5", "r7", "r6", "q7"),
            $high!($at, "q4", "q5", "r7", "r6", "q7"),
            multiply_two!(
                "r6", "r0", "q4", "q5",
                lines! { "vmov q0[2], q0[0], r0, r4"; },
                lines! { "vmov q2[2], q2[0], r8, r12"; },
                lines! {
                    $first " r8, [r1], #" $bytes;
                    $first " r12, [r5], #" $bytes;
                }
            ),
            lines! {
                "vmov q0[3], q0[1], r2, r6";
                "vmov q4[2], q4[0], r8, r12";
                $first " r8, [r3], #" $bytes;
                $first " r12, [r7], #" $bytes;
                "vmov q2[3], q2[1], r10, r0";
                "ldrd r2, r4, [r9, #32]";
                "ldrd r6, r10, [r9, #72]";
                "vmov q4[3], q4[1], r8, r12";
            },
            $($offset, add_offset!("q0", "r4"), add_offset!("q2", "r10"),)?
            $to_floats!("q5"),
            $scale!("q1", "q0", "r2", "r4", "q5"),
            "vldrw.u32 q0, [sp]",
            $scale!("q3", "q2", "r6", "r10", "q5"),
            $add!("q0", "q1"),
            "add r9, r11",
            $second!(add $add),
            "vstrw.32 q0, [sp]",
            "le lr, 2b",
            $second!(end),
            "vldrw.u32 q0, [sp]",
            "add sp, #32",
            "vmov q1, q7",
            "vmov q7, q0",
            end_rows!("q1"),
            leave!(),
            $(table_address!(); $table)?
        );
    };
}
pub(super) use two_tokens;

/// Both loops of a format: the place of the quants, the block's bytes, fragments that unpack, the factor of an offset, the
/// load of a block's first bytes, and fragments that close.
macro_rules! block_loops {
    ($format:ident $layout:ident, $one:ident, $two:ident, ($($parts:tt)*), $second:ident $(, table $table:ident)?) => {
        one_token!($one, $($parts)* $(, table $table)?);
        two_tokens!($two, $($parts)*, $second $(, table $table)?);

        /// The format's block loops.
        pub(super) const $format: BlockLoops = one_and_two_tokens(BlockLayout::$layout, $one, $two);
    };
}

block_loops!(
    Q4_0 Q4_0, q4_0_one, q4_0_two,
    (
        quants "2", bytes "18", load_nibbles, low_nibbles, high_nibbles,
        offset ["vmvn.i32 q5, #7"], // -8
        "ldrh", scales_to_floats, scale, add_vectors
    ),
    second_in_register
);
block_loops!(
    Q4_1 Q4_1, q4_1_one, q4_1_two,
    (
        quants "4", bytes "20", load_nibbles, low_nibbles, high_nibbles, offset [],
        "ldr", scales_and_mins_to_floats, scale_with_mins, add_vectors
    ),
    second_in_register
);
block_loops!(
    Q5_0 Q5_0, q5_0_one, q5_0_two,
    (
        quants "6", bytes "22", load_nibbles, low_five_bits, high_five_bits, offset [],
        "ldrh", scales_to_floats, scale, add_vectors
    ),
    second_in_register
);
block_loops!(
    Q5_1 Q5_1, q5_1_one, q5_1_two,
    (
        quants "8", bytes "24", load_nibbles, low_five_bits, high_five_bits, offset ["vmov.i32 q5, #16"],
        "ldr", scales_and_mins_to_floats, scale_with_mins, add_vectors
    ),
    second_in_register
);
block_loops!(
    IQ4_NL IQ4NL, iq4_nl_one, iq4_nl_two,
    (
        quants "2", bytes "18", load_nibbles, low_values, high_values, offset [],
        "ldrh", scales_to_floats, scale, add_vectors
    ),
    second_in_memory,
    table IQ4_TABLE
);
block_loops!(
    MXFP4 MXFP4, mxfp4_one, mxfp4_two,
    (
        quants "1", bytes "17", load_nibbles, low_values, high_values, offset [],
        "ldrb", exponents_to_floats, scale_lanes, add_lanes
    ),
    second_in_memory,
    table MXFP4_TABLE
);
