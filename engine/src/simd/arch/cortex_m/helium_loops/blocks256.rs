//! Block loops of formats whose blocks are 256 weights. They take one or two rows at a time.
//!
//! A sub-block's integer sum goes to a lane of a vector. Four of these are multiplied with a vector of scales, and the
//! products added to the block's sum in a register. Floats are the scalar unit's, which keeps denormals.
//!
//! A loop works on one row and one token, on one row and two tokens, or on two rows and one token. Two registers in a line of the table:
//! the first belongs to the first token or row, the second to the second one.
//!
//! | register | use |
//! |---|---|
//! | r1 | the block, at a byte from where a vector load's offset reaches all others |
//! | r3 | activations |
//! | r5 | activations of the second token, or the second row's block |
//! | r0, r2 and r4, r6 | integer sums of two sub-blocks |
//! | r8 and r10 | the block's integer sum |
//! | r7, r12 | where the row's sum goes, and where the one after the strip's last row's would |
//! | r9 | bytes from the end of a block's quants of activations to the next block's |
//! | r11 | the row's first block |
//! | lr | blocks left |
//! | q0, q1, q2 | weights |
//! | q3 | activations |
//! | q6 and q4 | integer sums of four sub-blocks |
//! | q5 | mask of quants |
//! | s28 and s29 | the row's sum |
//! | s30, s31 | the block's scale, and that of its minimums |
//!
//! Code that depends on the number of tokens or rows is in arms of `one`, `two` and `two_rows`. Fragments take one of these as
//! `$many`.

/// Fragments for one token of a row.
macro_rules! one {
    // Loads activations, from an address that begins with the token's register and ends as given.
    (load $at:literal) => {
        lines! { "vldrb.u8 q3, [r3" $at; }
    };
    // Multiplies them with weights: the sum is new (`vmladav`) or goes on (`vmladava`).
    (multiply $how:literal, $weights:literal, $first:literal, $second:literal, $at:literal) => {
        lines! { $how ".s8 " $first ", " $weights ", q3"; }
    };
    // Loads packed weights.
    (weights $at:literal) => {
        lines! { "vldrb.u8 q0, [r1, #" $at "]"; }
    };
    // Multiplies them as they are, or times three each, or as a fragment recomputes them.
    (multiply_packed $how:literal, $first:literal, $second:literal, $at:literal) => {
        one!(multiply $how, "q0", $first, $second, $at)
    };
    (times_three) => {
        lines! { "vmul.i8 q0, q0, q5"; }
    };
    (packed $fragment:ident) => {
        $fragment!("q0", "r1")
    };
    // Unpacks them to q1 by an instruction around their register, and by another if given, and multiplies them.
    (
        unpack_and_multiply [$before:literal, $after:literal $(, $then:literal)?],
        $how:literal, $first:literal, $second:literal, $at:literal
    ) => {
        concat!(
            lines! { $before "q0" $after; },
            one!(load $at),
            $(lines! { $then; },)?
            one!(multiply $how, "q1", $first, $second, $at),
        )
    };
    // Moves two sums to lanes that are neighbours, or not.
    (sums_to_double [$first:literal, $second:literal]) => {
        lines! { "vmov " $first ", r0, r2"; }
    };
    (sums_to_lanes $low:literal, $high:literal) => {
        lines! { "vmov q6[" $high "], q6[" $low "], r0, r2"; }
    };
    // Multiplies sums with scales, once a fragment has them: the block's sum is new (`vmladav`) or goes on (`vmladava`).
    (scale $how:literal, $scales:literal, $fragment:ident [$($place:tt),*]) => {
        concat!($fragment!("r1", $($place),*), lines! { $how ".s32 r8, q6, " $scales; })
    };
    // Adds the block to the row's sum, once a fragment has scales.
    (close $fragment:ident [$($place:tt),*], $close:ident) => {
        concat!($fragment!("r1", $($place),*), $close!("r3", "r8", "s28"))
    };
    // Moves the activations' address back.
    (back $bytes:literal) => {
        lines! { "sub r3, #" $bytes; }
    };
    // Goes to the first block, where r0 is the strip's address, and to the next one.
    (first) => {
        ""
    };
    (next $bytes:literal) => {
        lines! {
            "add r3, r9";
            "add r1, #" $bytes;
        }
    };
    // Stores the row's sum, and goes to the next row, where r2 is the bytes between rows.
    (store) => {
        lines! { "vstmia r7!, {{s28}}"; }
    };
    (next_row) => {
        lines! { "add r11, r2"; }
    };
}
pub(super) use one;

/// The same for two tokens of a row, in the order of [`one`].
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
    (weights $at:literal) => {
        one!(weights $at)
    };
    (multiply_packed $how:literal, $first:literal, $second:literal, $at:literal) => {
        two!(multiply $how, "q0", $first, $second, $at)
    };
    (times_three) => {
        one!(times_three)
    };
    (packed $fragment:ident) => {
        one!(packed $fragment)
    };
    (
        unpack_and_multiply [$before:literal, $after:literal $(, $then:literal)?],
        $how:literal, $first:literal, $second:literal, $at:literal
    ) => {
        concat!(
            lines! { $before "q0" $after; },
            two!(load $at),
            $(lines! { $then; },)?
            two!(multiply $how, "q1", $first, $second, $at),
        )
    };
    (sums_to_double [$first:literal, $second:literal]) => {
        concat!(one!(sums_to_double [$first, $second]), lines! { "vmov " $second ", r4, r6"; })
    };
    (sums_to_lanes $low:literal, $high:literal) => {
        concat!(one!(sums_to_lanes $low, $high), lines! { "vmov q4[" $high "], q4[" $low "], r4, r6"; })
    };
    (scale $how:literal, $scales:literal, $fragment:ident $places:tt) => {
        concat!(one!(scale $how, $scales, $fragment $places), lines! { $how ".s32 r10, q4, " $scales; })
    };
    (close $fragment:ident $places:tt, $close:ident) => {
        concat!(one!(close $fragment $places, $close), $close!("r5", "r10", "s29"))
    };
    (back $bytes:literal) => {
        concat!(one!(back $bytes), lines! { "sub r5, #" $bytes; })
    };
    (first) => {
        lines! { "add r5, r3, #312"; }
    };
    (next $bytes:literal) => {
        concat!(one!(next $bytes), lines! { "add r5, r9"; })
    };
    (store) => {
        concat!(lines! { "vstr s29, [r7, #64]"; }, one!(store))
    };
    (next_row) => {
        one!(next_row)
    };
}
pub(super) use two;

/// The same for one token of two rows, as far as formats have registers for it.
macro_rules! two_rows {
    (weights $at:literal) => {
        concat!(one!(weights $at), lines! { "vldrb.u8 q2, [r5, #" $at "]"; })
    };
    (load $at:literal) => {
        one!(load $at)
    };
    (multiply_packed $how:literal, $first:literal, $second:literal, $at:literal) => {
        concat!(one!(multiply_packed $how, $first, $second, $at), lines! { $how ".s8 " $second ", q2, q3"; })
    };
    (times_three) => {
        concat!(one!(times_three), lines! { "vmul.i8 q2, q2, q5"; })
    };
    (packed $fragment:ident) => {
        concat!(one!(packed $fragment), $fragment!("q2", "r5"))
    };
    (
        unpack_and_multiply [$before:literal, $after:literal $(, $then:literal)?],
        $how:literal, $first:literal, $second:literal, $at:literal
    ) => {
        concat!(
            one!(unpack_and_multiply [$before, $after $(, $then)?], $how, $first, $second, $at),
            lines! {
                $before "q2" $after;
                $($then;)?
                $how ".s8 " $second ", q1, q3";
            },
        )
    };
    (sums_to_double $sums:tt) => {
        two!(sums_to_double $sums)
    };
    (scale $how:literal, $scales:literal, $fragment:ident [$($place:tt),*]) => {
        concat!(
            one!(scale $how, $scales, $fragment [$($place),*]),
            $fragment!("r5", $($place),*),
            lines! { $how ".s32 r10, q4, " $scales; },
        )
    };
    (close $fragment:ident [$($place:tt),*], $close:ident) => {
        concat!(
            one!(close $fragment [$($place),*], $close),
            $fragment!("r5", $($place),*),
            $close!("r3", "r10", "s29"),
        )
    };
    (first) => {
        lines! {
            "ldr r4, [r0, #4]";
            "add r5, r1, r4";
        }
    };
    (next $bytes:literal) => {
        concat!(one!(next $bytes), lines! { "add r5, #" $bytes; })
    };
    (store) => {
        lines! { "vstmia r7!, {{s28, s29}}"; }
    };
    (next_row) => {
        lines! { "add r11, r11, r2, lsl #1"; }
    };
}
pub(super) use two_rows;

/// A block loop. `base` is the byte of the block that r1 points to, `bytes` is the block's size.
macro_rules! rows {
    ($name:ident, $many:ident, mask $mask:literal, base $base:literal, bytes $bytes:literal, $block:expr $(, table $table:expr)? $(, values $values:ident)?) => {
        block_loop!(
            $name,
            enter!(),
            lines! {
                "ldr r11, [r0]";
                "ldr r9, [r0, #12]";
                "ldrd r7, r12, [r0, #20]";
                "sub r9, #256";
                "add r12, r7, r12, lsl #2";
                "vmov.i8 q5, #" $mask;
                // A row, or two.
                "2:";
            },
            load_strip!("r0"),
            lines! {
                "ldr r2, [r0, #16]";
                "ldr r3, [r0, #8]";
                "add r1, r11, #" $base;
                "vmov.i32 q7, #0";
            },
            $many!(first),
            "dls lr, r2",
            "3:",
            $block,
            $many!(next $bytes),
            "le lr, 3b",
            $many!(store),
            load_strip!("r0"),
            lines! {
                "ldr r2, [r0, #4]";
                "cmp r7, r12";
            },
            $many!(next_row),
            "bne 2b",
            leave!(),
            $($table,)?
            $(table_address!(); $values)?
        );
    };
}
pub(super) use rows;
