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
//! | s28, s29 | the row's sum of the first and of the second token |
//! | s30, s31 | the block's scale, and that of its minimums |
//!
//! Fragments that depend on the number of tokens are arms of `one` and `two`, one of which the others take as `$tokens`.

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
    // Goes back in the activations.
    (back $bytes:literal) => {
        lines! { "sub r3, #" $bytes; }
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

pub(super) use one;

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
    (back $bytes:literal) => {
        concat!(one!(back $bytes), lines! { "sub r5, #" $bytes; })
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

pub(super) use two;

/// A block loop. `base` is the byte of the block that r1 points to, `bytes` is the block's size.
macro_rules! rows {
    ($name:ident, $tokens:ident, mask $mask:literal, base $base:literal, bytes $bytes:literal, $block:expr $(, $table:expr)?) => {
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
            $($table,)?
        );
    };
}
pub(super) use rows;
