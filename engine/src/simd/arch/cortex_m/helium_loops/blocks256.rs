//! Block loops of formats whose blocks are 256 weights. They take four rows, one after the other.
//!
//! A sub-block's integer sum goes to a lane of a vector. Four of these are multiplied with a vector of scales, and the
//! products added to the block's sum in a register. Floats are the scalar unit's, which keeps denormals.
//!
//! | register | use |
//! |---|---|
//! | r1 | the block, at a byte from where a vector load's offset reaches all others |
//! | r3, r5 | activations of the first and of the second token |
//! | r0, r2 | integer sums of two sub-blocks of the first token |
//! | r4, r6 | integer sums of two sub-blocks of the second token |
//! | r8, r10 | the block's integer sum of the first and of the second token |
//! | r7, r12 | where the row's sum goes, and where the one after the last row's would |
//! | r9 | bytes from the end of a block's quants of activations to the next block's |
//! | r11 | the row's first block |
//! | lr | blocks left |
//! | q0, q1, q2 | weights |
//! | q3 | activations |
//! | q4, q6 | integer sums of four sub-blocks of the second and of the first token |
//! | q5 | mask of quants |
//! | s28, s29 | the row's sum of the first and of the second token; the rest of q7 is free |
//!
//! Fragments that depend on the number of tokens are arms of `one` and `two`, one of which the others take as `$tokens`.

use super::close256::{
    add_less_mins, add_less_offset, four_signed_scales, high_scales, low_scales, scales_and_mins, signed_scales,
};
use super::frame::{block_loop, enter, leave, lines, load_strip};
use super::{BlockLoops, Strip, one_and_two_tokens};

/// Fragments for one token.
macro_rules! one {
    // Loads activations, from an address that begins with the token's register and ends as given.
    (load $at:literal) => {
        lines! { "vldrb.u8 q3, [r3" $at; }
    };
    // Multiplies them with weights: the sum is new (`vmladav`) or goes on (`vmladava`).
    (multiply $how:literal, $weights:literal, $first:literal, $second:literal, $at:literal) => {
        lines! { $how ".s8 " $first ", " $weights ", q3"; }
    };
    // Two sums to lanes that are neighbours, or not.
    (sums_to_double [$first:literal, $second:literal]) => {
        lines! { "vmov " $first ", r0, r2"; }
    };
    (sums_to_lanes $low:literal, $high:literal) => {
        lines! { "vmov q6[" $high "], q6[" $low "], r0, r2"; }
    };
    // Multiplies sums with scales: the block's sum is new (`vmladav`) or goes on (`vmladava`).
    (scale $how:literal, $scales:literal) => {
        lines! { $how ".s32 r8, q6, " $scales; }
    };
    // Adds the block to the row's sum.
    (close $close:ident) => {
        $close!("r3", "r8", "s28")
    };
    // Goes to the first and to the next block, and stores the row's sum.
    (first) => {
        ""
    };
    (next) => {
        lines! { "add r3, r9"; }
    };
    (store) => {
        lines! { "vstmia r7!, {s28}"; }
    };
}

/// The same for two tokens, in the order of [`one`].
macro_rules! two {
    (load $at:literal) => {
        one!(load $at)
    };
    (multiply $how:literal, $weights:literal, $first:literal, $second:literal, $at:literal) => {
        concat!(one!(multiply $how, $weights, $first, $second, $at), lines! {
            "vldrb.u8 q3, [r5" $at;
            $how ".s8 " $second ", " $weights ", q3";
        })
    };
    (sums_to_double [$first:literal, $second:literal]) => {
        concat!(one!(sums_to_double [$first, $second]), lines! { "vmov " $second ", r4, r6"; })
    };
    (sums_to_lanes $low:literal, $high:literal) => {
        concat!(one!(sums_to_lanes $low, $high), lines! { "vmov q4[" $high "], q4[" $low "], r4, r6"; })
    };
    (scale $how:literal, $scales:literal) => {
        concat!(one!(scale $how, $scales), lines! { $how ".s32 r10, q4, " $scales; })
    };
    (close $close:ident) => {
        concat!(one!(close $close), $close!("r5", "r10", "s29"))
    };
    (first) => {
        lines! { "add r5, r3, #312"; }
    };
    (next) => {
        concat!(one!(next), lines! { "add r5, r9"; })
    };
    (store) => {
        concat!(lines! { "vstr s29, [r7, #64]"; }, one!(store))
    };
}

/// Sixteen bytes of nibbles: of two sub-blocks, high nibbles first. `low` is the end of the address of the low nibbles'
/// activations, which goes on to the next ones.
macro_rules! nibbles {
    ($tokens:ident, $how:literal, $at:literal, $low:literal) => {
        concat!(
            lines! {
                "vldrb.u8 q0, [r1, #" $at "]";
                "vshr.u8 q1, q0, #4";
            },
            $tokens!(load ", #32]"),
            $tokens!(multiply $how, "q1", "r2", "r6", ", #32]"),
            lines! { "vand q0, q0, q5"; },
            $tokens!(load $low),
            $tokens!(multiply $how, "q0", "r0", "r4", $low),
        )
    };
}

/// Two sub-blocks of Q4_K, whose nibbles are at two places.
macro_rules! nibbles_of_two {
    ($tokens:ident, $first:literal, $second:literal, $sums:tt, $shifts:tt) => {
        concat!(
            nibbles!($tokens, "vmladav", $first, "], #16"),
            nibbles!($tokens, "vmladava", $second, "], #48"),
            $tokens!(sums_to_double $sums),
        )
    };
}

/// The same as [`nibbles`] with fifth bits at place `fifth`, which two instructions move to bit 4 for the high nibbles and
/// to bit 0 for the low ones.
macro_rules! five_bits {
    ($tokens:ident, $how:literal, $at:literal, $fifth:literal, $low:literal, [$to_bit_4:literal $(, $to_bit_0:literal)?]) => {
        concat!(
            lines! {
                "vldrb.u8 q2, [r1, #" $fifth "]";
                "vldrb.u8 q0, [r1, #" $at "]";
                // The high nibbles go in below the fifth bits.
                $to_bit_4;
            },
            $tokens!(load ", #32]"),
            lines! {
                "vsri.8 q1, q0, #4";
                $($to_bit_0;)?
                "vand q1, q1, q5";
            },
            $tokens!(multiply $how, "q1", "r2", "r6", ", #32]"),
            // The fifth bits go in above the low nibbles.
            lines! { "vsli.8 q0, q2, #4"; },
            $tokens!(load $low),
            lines! { "vand q0, q0, q5"; },
            $tokens!(multiply $how, "q0", "r0", "r4", $low),
        )
    };
}

/// Two sub-blocks of Q5_K, whose nibbles are at two places.
macro_rules! five_bits_of_two {
    ($tokens:ident, $first:literal, $second:literal, $sums:tt, $shifts:tt) => {
        concat!(
            five_bits!($tokens, "vmladav", $first, "-96", "], #16", $shifts),
            five_bits!($tokens, "vmladava", $second, "-80", "], #48", $shifts),
            $tokens!(sums_to_double $sums),
        )
    };
}

/// Sixteen quants of each of four planes of Q6_K: four sub-blocks, whose upper two bits lie in the same bytes. Places are
/// those of the first two planes' nibbles, of the upper bits, and of the half block's scales, the even or odd ones of which
/// are these sub-blocks'. `next` ends the address of the last activations, which goes on to the next ones.
macro_rules! six_bits_of_four {
    (
        $tokens:ident, $first:literal, $second:literal, $upper:literal, $scales:literal, $which:literal, $how:literal,
        $next:literal
    ) => {
        concat!(
            lines! {
                "vldrb.u8 q2, [r1, #" $upper "]";
                "vldrb.u8 q0, [r1, #" $first "]";
                // Plane 2: high nibbles below bits 4 and 5.
                "vshl.i8 q1, q2, #2";
            },
            $tokens!(load ", #64]"),
            lines! {
                "vsri.8 q1, q0, #2";
                "vshr.u8 q1, q1, #2";
            },
            $tokens!(multiply "vmladav", "q1", "r2", "r6", ", #64]"),
            // Plane 0: low nibbles below bits 0 and 1.
            lines! { "vsli.8 q0, q2, #4"; },
            $tokens!(load "], #96"),
            lines! { "vand q0, q0, q5"; },
            $tokens!(multiply "vmladav", "q0", "r0", "r4", "], #96"),
            lines! {
                // Plane 3: high nibbles below bits 6 and 7.
                "vshr.u8 q1, q2, #2";
                "vldrb.u8 q0, [r1, #" $second "]";
            },
            $tokens!(sums_to_lanes "0", "2"),
            lines! { "vsri.8 q2, q0, #2"; },
            $tokens!(load "], #-64"),
            lines! { "vshr.u8 q2, q2, #2"; },
            $tokens!(multiply "vmladav", "q2", "r2", "r6", "], #-64"),
            // Plane 1: low nibbles below bits 2 and 3.
            lines! { "vsli.8 q0, q1, #4"; },
            $tokens!(load $next),
            lines! { "vand q0, q0, q5"; },
            $tokens!(multiply "vmladav", "q0", "r0", "r4", $next),
            four_signed_scales!($scales, $which),
            $tokens!(sums_to_lanes "1", "3"),
            $tokens!(scale $how, "q0"),
        )
    };
}

/// A block loop. `base` is the byte of the block that r1 points to, `bytes` is the block's size.
macro_rules! rows {
    ($name:ident, $tokens:ident, mask $mask:literal, base $base:literal, bytes $bytes:literal, $block:expr) => {
        block_loop!(
            $name,
            enter!(),
            lines! {
                "ldr r11, [r0]";
                "ldr r9, [r0, #12]";
                "ldr r7, [r0, #20]";
                "sub r9, #256";
                "add r12, r7, #16";
                "vmov.i8 q5, #" $mask;
                // A row.
                "2:";
            },
            load_strip!("r0"),
            lines! {
                "ldr r2, [r0, #16]";
                "ldr r3, [r0, #8]";
                "add r1, r11, #" $base;
                "vmov.i32 q7, #0";
            },
            $tokens!(first),
            "dls lr, r2",
            "3:",
            $block,
            $tokens!(next),
            lines! {
                "add r1, #" $bytes;
                "le lr, 3b";
            },
            $tokens!(store),
            load_strip!("r0"),
            lines! {
                "ldr r2, [r0, #4]";
                "cmp r7, r12";
                "add r11, r2";
                "bne 2b";
            },
            leave!(),
        );
    };
}

/// A block loop of Q4_K or Q5_K. `block` is the block's place from r1, the other places are those of nibbles.
macro_rules! q45_k {
    (
        $name:ident, $tokens:ident, mask $mask:literal, base $base:literal, bytes $bytes:literal, block $block:literal,
        $pair:ident [$p0:literal, $p1:literal, $p2:literal, $p3:literal, $p4:literal, $p5:literal, $p6:literal, $p7:literal]
    ) => {
        rows!(
            $name, $tokens, mask $mask, base $base, bytes $bytes,
            concat!(
                $pair!($tokens, $p0, $p1, ["d12", "d8"], ["vshl.i8 q1, q2, #3"]),
                $pair!($tokens, $p2, $p3, ["d13", "d9"], ["vshl.i8 q1, q2, #1", "vshr.u8 q2, q2, #2"]),
                low_scales!($block),
                $tokens!(scale "vmladav", "q0"),
                $pair!($tokens, $p4, $p5, ["d12", "d8"], ["vshr.u8 q1, q2, #1", "vshr.u8 q2, q2, #4"]),
                $pair!($tokens, $p6, $p7, ["d13", "d9"], ["vshr.u8 q1, q2, #3", "vshr.u8 q2, q2, #6"]),
                high_scales!($block),
                $tokens!(scale "vmladava", "q1"),
                scales_and_mins!($block),
                $tokens!(close add_less_mins),
            )
        );
    };
}

/// A block loop of Q4_K.
macro_rules! q4_k {
    ($name:ident, $tokens:ident) => {
        q45_k!(
            $name, $tokens, mask "15", base "64", bytes "144", block "-64",
            nibbles_of_two ["-48", "-32", "-16", "0", "16", "32", "48", "64"]
        );
    };
}

/// A block loop of Q5_K.
macro_rules! q5_k {
    ($name:ident, $tokens:ident) => {
        q45_k!(
            $name, $tokens, mask "31", base "112", bytes "176", block "-112",
            five_bits_of_two ["-64", "-48", "-32", "-16", "0", "16", "32", "48"]
        );
    };
}

/// A block loop of Q6_K.
macro_rules! q6_k {
    ($name:ident, $tokens:ident) => {
        rows!(
            $name, $tokens, mask "63", base "104", bytes "210",
            concat!(
                six_bits_of_four!($tokens, "-104", "-72", "24", "88", "vmovlb", "vmladav", "], #-16"),
                six_bits_of_four!($tokens, "-88", "-56", "40", "88", "vmovlt", "vmladava", "], #80"),
                six_bits_of_four!($tokens, "-40", "-8", "56", "96", "vmovlb", "vmladava", "], #-16"),
                six_bits_of_four!($tokens, "-24", "8", "72", "96", "vmovlt", "vmladava", "], #80"),
                signed_scales!("88", "104"),
                $tokens!(close add_less_offset),
            )
        );
    };
}

q4_k!(q4_k_one, one);
q4_k!(q4_k_two, two);
q5_k!(q5_k_one, one);
q5_k!(q5_k_two, two);
q6_k!(q6_k_one, one);
q6_k!(q6_k_two, two);

/// Block loops of Q4_K.
pub(crate) const Q4_K: BlockLoops = one_and_two_tokens(q4_k_one, q4_k_two);
/// Block loops of Q5_K.
pub(crate) const Q5_K: BlockLoops = one_and_two_tokens(q5_k_one, q5_k_two);
/// Block loops of Q6_K.
pub(crate) const Q6_K: BlockLoops = one_and_two_tokens(q6_k_one, q6_k_two);
