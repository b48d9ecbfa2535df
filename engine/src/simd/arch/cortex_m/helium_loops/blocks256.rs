//! Block loops of formats whose blocks are 256 weights. They take a row after the other.
//!
//! A sub-block's integer sum goes to a lane of a vector; four of these times a vector of four scales is added to the
//! block's sum in a register.
//!
//! | register | use |
//! |---|---|
//! | r1 | the block, at a place in its middle from where byte offsets of a vector load reach all of it |
//! | r3, r5 | activations of the first and the second token |
//! | r0, r2 | sums of two sub-blocks of the first token |
//! | r4, r6 | sums of two sub-blocks of the second token |
//! | r8, r10 | the block's sum of the first and the second token |
//! | r7 | where the row's sums go |
//! | r9 | bytes from the end of a block's quants of activations to the next block's activations |
//! | r11 | the row's first block |
//! | lr | blocks left |
//! | q0, q1, q2 | weights, packed and unpacked |
//! | q3 | activations |
//! | q4 | sums of four sub-blocks of the second token |
//! | q5 | mask of quants |
//! | q6 | sums of four sub-blocks of the first token |
//! | s28, s29 | the row's sum of the first and the second token; the rest of q7 is free |
//!
//! Floats are the scalar unit's, which keeps denormals.

use super::close256::{
    add_less_mins, add_less_offsets, high_scales, low_scales, scale_and_mins, scale_and_signed_scales, signed_scales,
};
use super::frame::{block_loop, enter, leave};
use super::{BlockLoops, Strip, of_one_and_two_tokens};

/// Multiplies unpacked weights with activations at an address relative to the block's: `$how` starts a sub-block's sum,
/// or goes on with it.
macro_rules! one {
    (multiply $how:literal, $quants:literal, $first:literal, $second:literal, $at:literal) => {
        concat!("vldrb.u8 q3, [r3", $at, "\n", $how, ".s8 ", $first, ", ", $quants, ", q3\n")
    };
    // Two sums go to lanes of the vectors of sums.
    (sums_to_double $first:literal, $second:literal) => {
        concat!("vmov ", $first, ", r0, r2\n")
    };
    (sums_to_lanes $low:literal, $high:literal) => {
        concat!("vmov q6[", $high, "], q6[", $low, "], r0, r2\n")
    };
    // Adds the products of sums and scales, both vectors of four, to the block's sum, or starts that.
    (add_scaled $how:literal, $scales:literal) => {
        concat!($how, ".s32 r8, q6, ", $scales, "\n")
    };
    // The block's product, added to the row's sum.
    (close $close:ident) => {
        $close!("r3", "r8", "s28")
    };
    (start) => {
        ""
    };
    (next) => {
        ""
    };
    (store) => {
        ""
    };
}

/// The same for two tokens.
macro_rules! two {
    (multiply $how:literal, $quants:literal, $first:literal, $second:literal, $at:literal) => {
        concat!(
            one!(multiply $how, $quants, $first, $second, $at),
            "vldrb.u8 q3, [r5", $at, "\n", $how, ".s8 ", $second, ", ", $quants, ", q3\n",
        )
    };
    (sums_to_double $first:literal, $second:literal) => {
        concat!(one!(sums_to_double $first, $second), "vmov ", $second, ", r4, r6\n")
    };
    (sums_to_lanes $low:literal, $high:literal) => {
        concat!(one!(sums_to_lanes $low, $high), "vmov q4[", $high, "], q4[", $low, "], r4, r6\n")
    };
    (add_scaled $how:literal, $scales:literal) => {
        concat!(one!(add_scaled $how, $scales), $how, ".s32 r10, q4, ", $scales, "\n")
    };
    (close $close:ident) => {
        concat!(one!(close $close), $close!("r5", "r10", "s29"))
    };
    (start) => {
        "add r5, r3, #312\n"
    };
    (next) => {
        "add r5, r9\n"
    };
    (store) => {
        "vstr s29, [r7, #64]\n"
    };
}

/// Sixteen bytes of nibbles at a place: those of two sub-blocks. The activations' addresses end each with `low` and `high`.
macro_rules! nibbles {
    ($tokens:ident, $how:literal, $at:expr, $low:literal, $high:literal) => {
        concat!(
            "vldrb.u8 q0, [r1, #", $at, "]\n",
            "vand q1, q0, q5\n",
            $tokens!(multiply $how, "q1", "r0", "r4", $low),
            "vshr.u8 q0, q0, #4\n",
            $tokens!(multiply $how, "q0", "r2", "r6", $high),
        )
    };
}

/// Two sub-blocks of Q4_K.
macro_rules! q4_k_pair {
    ($tokens:ident, $at:literal, $bit:tt, $first:literal, $second:literal) => {
        concat!(
            nibbles!($tokens, "vmladav", $at, "], #32", "], #-16"),
            nibbles!($tokens, "vmladava", concat!($at, " + 16"), "], #32", "], #16"),
            $tokens!(sums_to_double $first, $second),
        )
    };
}

/// Sixteen bytes of nibbles at a place, with fifth bits at another: bit `bit` of a byte for a low nibble, the next one for
/// the high one.
macro_rules! five_bits {
    ($tokens:ident, $how:literal, $at:expr, $fifth:literal, $bit:tt, $low:literal, $high:literal) => {
        concat!(
            "vldrb.u8 q2, [r1, #", $fifth, "]\n",
            "vldrb.u8 q0, [r1, #", $at, "]\n",
            // Bits from `bit` + 1 on above the high nibbles, and but one kept.
            "vshr.u8 q3, q2, #", $bit, " + 1\n",
            "vshr.u8 q1, q0, #4\n",
            "vsli.8 q1, q3, #4\n",
            shift_right_by!($bit),
            "vand q1, q1, q5\n",
            // Those from `bit` on above the low nibbles.
            "vsli.8 q0, q2, #4\n",
            "vand q0, q0, q5\n",
            $tokens!(multiply $how, "q0", "r0", "r4", $low),
            $tokens!(multiply $how, "q1", "r2", "r6", $high),
        )
    };
}

/// Shifts q2's bytes by a number of bits; nothing by 0, which no instruction does.
macro_rules! shift_right_by {
    ("0") => {
        ""
    };
    ($bits:literal) => {
        concat!("vshr.u8 q2, q2, #", $bits, "\n")
    };
}

/// Two sub-blocks of Q5_K.
macro_rules! q5_k_pair {
    ($tokens:ident, $at:literal, $bit:tt, $first:literal, $second:literal) => {
        concat!(
            five_bits!($tokens, "vmladav", $at, "-96", $bit, "], #32", "], #-16"),
            five_bits!($tokens, "vmladava", concat!($at, " + 16"), "-80", $bit, "], #32", "], #16"),
            $tokens!(sums_to_double $first, $second),
        )
    };
}

/// Sixteen quants of each of four planes of Q6_K: four sub-blocks, whose upper two bits lie in the same bytes. Places are
/// those of the nibbles of the first two planes, of the upper bits, and of the scales, of which it takes the even or odd ones.
macro_rules! q6_k_planes {
    (
        $tokens:ident, $first:literal, $second:literal, $upper:literal, $scales:literal, $which:literal, $how:literal,
        $next:literal
    ) => {
        concat!(
            "vldrb.u8 q0, [r1, #", $first, "]\n",
            "vldrb.u8 q2, [r1, #", $upper, "]\n",
            // Plane 2: high nibbles below bits 4 and 5.
            "vshl.i8 q1, q2, #2\n",
            "vsri.8 q1, q0, #2\n",
            "vshr.u8 q1, q1, #2\n",
            $tokens!(multiply "vmladav", "q1", "r2", "r6", ", #64]"),
            // Plane 0: low nibbles below bits 0 and 1.
            "vsli.8 q0, q2, #4\n",
            "vand q0, q0, q5\n",
            $tokens!(multiply "vmladav", "q0", "r0", "r4", "], #96"),
            $tokens!(sums_to_lanes "0", "2"),
            "vldrb.u8 q0, [r1, #", $second, "]\n",
            "vshr.u8 q1, q2, #2\n",
            // Plane 3: high nibbles below bits 6 and 7.
            "vsri.8 q2, q0, #2\n",
            "vshr.u8 q2, q2, #2\n",
            $tokens!(multiply "vmladav", "q2", "r2", "r6", "], #-64"),
            // Plane 1: low nibbles below bits 2 and 3.
            "vsli.8 q0, q1, #4\n",
            "vand q0, q0, q5\n",
            $tokens!(multiply "vmladav", "q0", "r0", "r4", $next),
            $tokens!(sums_to_lanes "1", "3"),
            signed_scales!($scales, $which),
            $tokens!(add_scaled $how, "q0"),
        )
    };
}

/// A block loop. `base` is the place in a block that r1 points to, `bytes` the block's size.
macro_rules! row_loop {
    ($name:ident, $tokens:ident, mask $mask:literal, base $base:literal, bytes $bytes:literal, $($block:expr),+ $(,)?) => {
        block_loop!(
            $name,
            enter!(),
            "ldr r11, [r0]",
            "ldr r9, [r0, #12]",
            "ldr r7, [r0, #20]",
            "sub r9, #256",
            "add r12, r7, #16",
            concat!("vmov.i8 q5, #", $mask),
            // A row.
            "2:",
            "ldr r0, [sp, #64]",
            "ldr r2, [r0, #16]",
            "ldr r3, [r0, #8]",
            concat!("add r1, r11, #", $base),
            "vmov.i32 q7, #0",
            $tokens!(start),
            "dls lr, r2",
            "3:",
            $($block,)+
            "add r3, r9",
            concat!("add r1, #", $bytes),
            $tokens!(next),
            "le lr, 3b",
            $tokens!(store),
            "vstmia r7!, {s28}",
            "ldr r0, [sp, #64]",
            "ldr r2, [r0, #4]",
            "cmp r7, r12",
            "add r11, r2",
            "bne 2b",
            leave!(),
        );
    };
}

/// A block loop of Q4_K or Q5_K: `header` is the place of the block's first byte, `quants` are those of the nibbles.
macro_rules! q45_k_loop {
    (
        $name:ident, $tokens:ident, mask $mask:literal, base $base:literal, bytes $bytes:literal, header $header:literal,
        pair $pair:ident, quants [$q0:literal, $q1:literal, $q2:literal, $q3:literal]
    ) => {
        row_loop!(
            $name, $tokens, mask $mask, base $base, bytes $bytes,
            $pair!($tokens, $q0, "0", "d12", "d8"),
            $pair!($tokens, $q1, "2", "d13", "d9"),
            low_scales!($header),
            $tokens!(add_scaled "vmladav", "q0"),
            $pair!($tokens, $q2, "4", "d12", "d8"),
            $pair!($tokens, $q3, "6", "d13", "d9"),
            high_scales!($header),
            $tokens!(add_scaled "vmladava", "q1"),
            scale_and_mins!($header),
            $tokens!(close add_less_mins),
        );
    };
}

/// A block loop of Q6_K.
macro_rules! q6_k_loop {
    ($name:ident, $tokens:ident) => {
        row_loop!(
            $name, $tokens, mask "63", base "104", bytes "210",
            q6_k_planes!($tokens, "-104", "-72", "24", "88", "vmovlb", "vmladav", "], #-16"),
            q6_k_planes!($tokens, "-88", "-56", "40", "88", "vmovlt", "vmladava", "], #80"),
            q6_k_planes!($tokens, "-40", "-8", "56", "96", "vmovlb", "vmladava", "], #-16"),
            q6_k_planes!($tokens, "-24", "8", "72", "96", "vmovlt", "vmladava", "], #80"),
            scale_and_signed_scales!("88", "104"),
            $tokens!(close add_less_offsets),
        );
    };
}

macro_rules! q4_k_loop {
    ($name:ident, $tokens:ident) => {
        q45_k_loop!(
            $name, $tokens, mask "15", base "64", bytes "144", header "-64", pair q4_k_pair,
            quants ["-48", "-16", "16", "48"]
        );
    };
}

macro_rules! q5_k_loop {
    ($name:ident, $tokens:ident) => {
        q45_k_loop!(
            $name, $tokens, mask "31", base "112", bytes "176", header "-112", pair q5_k_pair,
            quants ["-64", "-32", "0", "32"]
        );
    };
}

q4_k_loop!(q4_k_one, one);
q4_k_loop!(q4_k_two, two);
q5_k_loop!(q5_k_one, one);
q5_k_loop!(q5_k_two, two);
q6_k_loop!(q6_k_one, one);
q6_k_loop!(q6_k_two, two);

/// Block loops of Q4_K.
pub(super) const Q4_K: BlockLoops = of_one_and_two_tokens(q4_k_one, q4_k_two);
/// Block loops of Q5_K.
pub(super) const Q5_K: BlockLoops = of_one_and_two_tokens(q5_k_one, q5_k_two);
/// Block loops of Q6_K.
pub(super) const Q6_K: BlockLoops = of_one_and_two_tokens(q6_k_one, q6_k_two);
