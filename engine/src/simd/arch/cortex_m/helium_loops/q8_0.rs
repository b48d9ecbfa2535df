//! Block loops of Q8_0. The one for one token unpacks nothing, so vectors are left for the offsets of scales, which a load
//! gathers. Registers are those of `blocks32.rs`, but in that loop the rows' point to byte 18 of blocks, and q5 and q6 hold
//! the offsets of the rows' scales from r1, once it has moved on: those of their second bytes, and of their first ones.

use super::blocks32::{end_rows, multiply_two, row_of_two, start_rows, two_tokens};
use super::close32::{add_vectors, scale, scales_to_floats, second_in_register};
use super::frame::{block_loop, enter, leave, lines, load_strip, one_and_two_tokens};
use super::unpack::{high_bytes, load_bytes, low_bytes};
use crate::simd::arch::strip::BlockLoops;
use crate::simd::form::BlockLayout;

/// The products of a row, whose second half is in `$high`, between loads of the next row.
macro_rules! row {
    ($sum:literal, $high:literal, $next:literal, $next_high:literal) => {
        lines! {
            "vmladav.s8 " $sum ", q4, q0";
            "vldrb.u8 q4, [" $next ", #-16]";
            "vmladava.s8 " $sum ", " $high ", q1";
            "vldrb.u8 " $next_high ", [" $next "], #34";
        }
    };
}

block_loop!(
    q8_0_one,
    enter!(),
    lines! {
        // The first bytes are row_bytes * row - 52 from there.
        "movs r2, #0";
        "ldr r1, [r0, #4]";
        "vidup.u32 q6, r2, #1";
        "mvn r2, #51";
        "vmul.i32 q6, q6, r1";
        "movs r1, #1";
        "vadd.i32 q6, q6, r2";
        "vadd.i32 q5, q6, r1";
    },
    start_rows!("add r1, #18"),
    "dls lr, r12",
    "2:",
    lines! {
        "vldrb.u8 q4, [r1, #-16]";
        "vldrb.u8 q0, [r9]";
        "vldrb.u8 q1, [r9, #16]";
        "vldrb.u8 q2, [r1], #34";
    },
    row!("r0", "q2", "r3", "q3"),
    row!("r2", "q3", "r5", "q2"),
    row!("r4", "q2", "r7", "q3"),
    lines! {
        "vmladav.s8 r6, q4, q0";
        "vldrb.u32 q4, [r1, q6]";
        "vmladava.s8 r6, q3, q1";
        "vmov q0[2], q0[0], r0, r4";
        "vldrb.u32 q3, [r1, q5]";
        "vmov q0[3], q0[1], r2, r6";
        "ldr r2, [r9, #32]";
        "vsli.32 q4, q3, #8";
    },
    scales_to_floats!(""),
    scale!("q1", "q0", "r2", "", ""),
    "add r9, r11",
    add_vectors!("q7", "q1"),
    "le lr, 2b",
    "sub r7, #18",
    end_rows!(),
    leave!(),
);

two_tokens!(
    q8_0_two, quants "2", bytes "34", load_bytes, low_bytes, high_bytes, offset [], "ldrh", scales_to_floats, scale,
    add_vectors, second_in_register
);

/// Block loops of Q8_0.
pub(super) const Q8_0: BlockLoops = one_and_two_tokens(BlockLayout::Q8_0, q8_0_one, q8_0_two);
