//! Block loops of formats whose blocks are 32 weights.
//!
//! | register | one token | two tokens |
//! |---|---|---|
//! | r1, r3, r5, r7 | a row's block | the same |
//! | r0, r2, r4, r6 | a row's integer sum | a row's integer sum of the first token |
//! | r8, r10, r12, then r0 | free | a row's integer sum of the second token |
//! | r9 | activations | the same |
//! | r11 | bytes to the next activations | the same |
//! | lr | blocks left | the same |
//! | q0, q1 | activations | the first token's activations, then its sums |
//! | q2, q3 | `high` of every other row | the second token's activations, then its sums |
//! | q4 | `low` of a row, then scales | `high` and `low`, then scales |
//! | q5 | factor of an offset | `low` and `high`, then factor of an offset, then minimums |
//! | q6 | mask of nibbles | the same |
//! | q7 | the rows' sums | the rows' sums of the second token; those of the first are at the stack's top |

use super::close::{
    add_in_memory, add_in_register, add_offset, first_of_blocks, load_scales, load_scales_and_mins, scale,
    scale_with_mins,
};
use super::frame::{address_of_sums, block_loop, enter, leave};
use super::unpack::{load_bytes, load_nibbles, look_up_nibbles, unpack_bytes, unpack_five_bits, unpack_nibbles};
use super::{BlockLoops, Strip, of_one_and_two_tokens};

/// Addresses of the rows, and of what else the strip has.
macro_rules! load_strip {
    () => {
        "ldm r0, {r1, r3, r9, r11, r12}
        add r5, r1, r3, lsl #1
        add r7, r5, r3
        add r3, r1, r3
        "
    };
}

/// A row's integer sum for one token.
macro_rules! multiply_one {
    ($sum:literal, $low:literal, $high:literal) => {
        concat!("vmladav.s8 ", $sum, ", ", $low, ", q0\n", "vmladava.s8 ", $sum, ", ", $high, ", q1\n")
    };
}

/// The loop for one token.
macro_rules! one_token {
    (
        $name:ident, quants $at:literal, bytes $bytes:literal, load $load:ident, unpack $unpack:ident,
        offset [$($offset:literal)?], scales $scales:ident, scale $scale:ident $(, table $table:literal)?
    ) => {
        block_loop!(
            $name,
            enter!(),
            load_strip!(),
            "vmov.i8 q6, #15",
            $($offset,)?
            "vmov.i32 q7, #0",
            "dls lr, r12",
            "2:",
            "vldrb.u8 q0, [r9]",
            "vldrb.u8 q1, [r9, #16]",
            // A row's weights are loaded while the row before it is multiplied.
            $load!($at, "q2", "r1"),
            $unpack!($at, "q4", "q2", "r1", "r0", "q5"),
            $load!($at, "q3", "r3"),
            multiply_one!("r0", "q4", "q2"),
            $unpack!($at, "q4", "q3", "r3", "r2", "q5"),
            $load!($at, "q2", "r5"),
            multiply_one!("r2", "q4", "q3"),
            $unpack!($at, "q4", "q2", "r5", "r4", "q5"),
            $load!($at, "q3", "r7"),
            multiply_one!("r4", "q4", "q2"),
            $unpack!($at, "q4", "q3", "r7", "r6", "q5"),
            multiply_one!("r6", "q4", "q3"),
            "vmov q0[2], q0[0], r0, r4",
            "ldr r0, [r9, #32]",
            "vmov q0[3], q0[1], r2, r6",
            $scales!($bytes, "q3"),
            $(add_offset!("q0", "36", $offset),)?
            $scale!("q1", "q0", "r0", "36", "q3"),
            "add r9, r11",
            "vadd.f32 q7, q7, q1",
            "le lr, 2b",
            address_of_sums!("r0"),
            "vstrw.32 q7, [r0]",
            leave!(),
            $($table,)?
        );
    };
}

/// A row's integer sums for two tokens, and between the products the next row's load.
macro_rules! multiply_two {
    ($first:literal, $second:literal, $low:literal, $high:literal, $next:expr) => {
        concat!(
            "vmladav.s8 ",
            $first,
            ", ",
            $low,
            ", q0\n",
            "vmladav.s8 ",
            $second,
            ", ",
            $low,
            ", q2\n",
            $next,
            "vmladava.s8 ",
            $first,
            ", ",
            $high,
            ", q1\n",
            "vmladava.s8 ",
            $second,
            ", ",
            $high,
            ", q3\n",
        )
    };
}

/// The loop for two tokens.
macro_rules! two_tokens {
    (
        $name:ident, quants $at:literal, bytes $bytes:literal, load $load:ident, unpack $unpack:ident,
        offset [$($offset:literal)?], scales $scales:ident, scale $scale:ident, add $add:ident $(, table $table:literal)?
    ) => {
        block_loop!(
            $name,
            enter!(),
            "sub sp, #32",
            load_strip!(),
            "vmov.i8 q6, #15",
            "vmov.i32 q7, #0",
            "vstrw.32 q7, [sp]",
            "vstrw.32 q7, [sp, #16]",
            "dls lr, r12",
            "2:",
            "vldrb.u8 q0, [r9]",
            "vldrb.u8 q1, [r9, #16]",
            "vldrb.u8 q2, [r9, #40]",
            "vldrb.u8 q3, [r9, #56]",
            $load!($at, "q4", "r1"),
            $unpack!($at, "q5", "q4", "r1", "r0", "q7"),
            multiply_two!("r0", "r8", "q5", "q4", $load!($at, "q5", "r3")),
            $unpack!($at, "q4", "q5", "r3", "r2", "q7"),
            multiply_two!("r2", "r10", "q4", "q5", $load!($at, "q4", "r5")),
            $unpack!($at, "q5", "q4", "r5", "r4", "q7"),
            multiply_two!("r4", "r12", "q5", "q4", $load!($at, "q5", "r7")),
            // The last row's second sum takes the register of the first row's first one, which moves to where the first
            // token's activations were.
            $unpack!($at, "q4", "q5", "r7", "r6", "q7"),
            "vmladav.s8 r6, q4, q0",
            "vmov q0[2], q0[0], r0, r4",
            "vmladav.s8 r0, q4, q2",
            "vmladava.s8 r6, q5, q1",
            "vmov q2[2], q2[0], r8, r12",
            "vmladava.s8 r0, q5, q3",
            "vmov q0[3], q0[1], r2, r6",
            "vmov q2[3], q2[1], r10, r0",
            $($offset, add_offset!("q0", "36"), add_offset!("q2", "76"),)?
            "ldr r0, [r9, #32]",
            $scales!($bytes, "q5"),
            "ldr r2, [r9, #72]",
            $scale!("q1", "q0", "r0", "36", "q5"),
            $scale!("q3", "q2", "r2", "76", "q5"),
            "vldrw.u32 q0, [sp]",
            "add r9, r11",
            "vadd.f32 q0, q0, q1",
            $add!("q3", "q2"),
            "vstrw.32 q0, [sp]",
            "le lr, 2b",
            $add!(),
            "vldrw.u32 q0, [sp]",
            "add sp, #32",
            address_of_sums!("r0"),
            "vstrw.32 q0, [r0]",
            "vstrw.32 q7, [r0, #64]",
            leave!(),
            $($table,)?
        );
    };
}

/// Both loops of a format.
macro_rules! block_loops {
    ($format:ident, $one:ident, $two:ident, ($($parts:tt)*), add $add:ident $(, table $table:literal)?) => {
        one_token!($one, $($parts)* $(, table $table)?);
        two_tokens!($two, $($parts)*, add $add $(, table $table)?);

        /// The format's block loops.
        pub(super) const $format: BlockLoops = of_one_and_two_tokens($one, $two);
    };
}

block_loops!(
    Q8_0, q8_0_one, q8_0_two,
    (quants "2", bytes "34", load load_bytes, unpack unpack_bytes, offset [], scales load_scales, scale scale),
    add add_in_register
);
block_loops!(
    Q4_0, q4_0_one, q4_0_two,
    (
        quants "2", bytes "18", load load_nibbles, unpack unpack_nibbles, offset ["vmvn.i32 q5, #7"],
        scales load_scales, scale scale
    ),
    add add_in_register
);
block_loops!(
    Q4_1, q4_1_one, q4_1_two,
    (
        quants "4", bytes "20", load load_nibbles, unpack unpack_nibbles, offset [],
        scales load_scales_and_mins, scale scale_with_mins
    ),
    add add_in_register
);
block_loops!(
    Q5_0, q5_0_one, q5_0_two,
    (quants "6", bytes "22", load load_nibbles, unpack unpack_five_bits, offset [], scales load_scales, scale scale),
    add add_in_register
);
block_loops!(
    Q5_1, q5_1_one, q5_1_two,
    (
        quants "8", bytes "24", load load_nibbles, unpack unpack_five_bits, offset ["vmov.i32 q5, #16"],
        scales load_scales_and_mins, scale scale_with_mins
    ),
    add add_in_register
);
block_loops!(
    IQ4_NL, iq4_nl_one, iq4_nl_two,
    (quants "2", bytes "18", load load_nibbles, unpack look_up_nibbles, offset [], scales load_scales, scale scale),
    add add_in_memory,
    // `IQ4_VALUES`.
    table "9: .byte -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113"
);
