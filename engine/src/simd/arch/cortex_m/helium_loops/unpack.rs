//! Weights of a row's block of 32, unpacked to two vectors of signed bytes: elements 0 to 15 in `low`, the rest in `high`.
//!
//! Each kind of quants has three fragments: the load, what makes `low`, and what makes `high`. Between them come products
//! of other weights, since a load, a shift and a product take turns in the processor, and two of a kind wait for each other.
//! All take the place of the quants in the block, `low`, `high`, the register of the block's address, and a register and a
//! vector that are theirs until `high` is made. The mask 0x0F is in q6.

use crate::simd::form::{IQ4_VALUES, MXFP4_VALUES};

/// Loads nothing: [`low_bytes`] and [`high_bytes`] do.
macro_rules! load_bytes {
    ($($unused:literal),*) => {
        ""
    };
}
pub(super) use load_bytes;

/// The first half of 32 bytes.
macro_rules! low_bytes {
    ($at:literal, $low:literal, $high:literal, $block:literal $(, $unused:literal)*) => {
        lines! { "vldrb.u8 " $low ", [" $block ", #" $at "]"; }
    };
}
pub(super) use low_bytes;

/// The second half of 32 bytes.
macro_rules! high_bytes {
    ($at:literal, $low:literal, $high:literal, $block:literal $(, $unused:literal)*) => {
        lines! { "vldrb.u8 " $high ", [" $block ", #" $at " + 16]"; }
    };
}
pub(super) use high_bytes;

/// Sixteen bytes of nibbles.
macro_rules! load_nibbles {
    ($at:literal, $low:literal, $high:literal, $block:literal $(, $unused:literal)*) => {
        lines! { "vldrb.u8 " $high ", [" $block ", #" $at "]"; }
    };
}
pub(super) use load_nibbles;

/// The low nibbles.
macro_rules! low_nibbles {
    ($at:literal, $low:literal, $high:literal $(, $unused:literal)*) => {
        lines! { "vand " $low ", " $high ", q6"; }
    };
}
pub(super) use low_nibbles;

/// The high nibbles.
macro_rules! high_nibbles {
    ($at:literal, $low:literal, $high:literal $(, $unused:literal)*) => {
        lines! { "vshr.u8 " $high ", " $high ", #4"; }
    };
}
pub(super) use high_nibbles;

/// The low nibbles with fifth bits, less 16: nibbles with ones above, which go where the fifth bit is set. The fifth bits
/// lie in the four bytes before the nibbles.
macro_rules! low_five_bits {
    ($at:literal, $low:literal, $high:literal, $block:literal, $free:literal, $spare:literal) => {
        lines! {
            "ldr " $free ", [" $block ", #" $at " - 4]";
            "vorn " $low ", " $high ", q6";
            "vmsr p0, " $free;
            "vpst";
            "vandt " $low ", " $low ", q6";
        }
    };
}
pub(super) use low_five_bits;

/// The high nibbles with fifth bits, less 16: nibbles, which get ones above where the fifth bit is clear.
macro_rules! high_five_bits {
    ($at:literal, $low:literal, $high:literal, $block:literal, $free:literal, $spare:literal) => {
        lines! {
            "mvn " $free ", " $free ", lsr #16";
            "vshr.u8 " $high ", " $high ", #4";
            "vmsr p0, " $free;
            "vpst";
            "vornt " $high ", " $high ", q6";
        }
    };
}
pub(super) use high_five_bits;

/// [`IQ4_VALUES`] in memory.
pub(super) static IQ4_TABLE: [i8; 16] = IQ4_VALUES;

/// [`MXFP4_VALUES`] in memory.
pub(super) static MXFP4_TABLE: [i8; 16] = MXFP4_VALUES;

/// The values that low nibbles stand for, from the table whose address is at label 9: a load gathers bytes at sixteen offsets.
macro_rules! low_values {
    ($at:literal, $low:literal, $high:literal, $block:literal, $free:literal, $spare:literal) => {
        lines! {
            "ldr " $free ", 9f";
            "vshr.u8 " $spare ", " $high ", #4";
            "vand " $high ", " $high ", q6";
            "vldrb.u8 " $low ", [" $free ", " $high "]";
        }
    };
}
pub(super) use low_values;

/// The values that high nibbles stand for.
macro_rules! high_values {
    ($at:literal, $low:literal, $high:literal, $block:literal, $free:literal, $spare:literal) => {
        lines! { "vldrb.u8 " $high ", [" $free ", " $spare "]"; }
    };
}
pub(super) use high_values;
