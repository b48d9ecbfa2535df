//! Weights of a row's block of 32, unpacked to two vectors of signed bytes: elements 0 to 15 in `low`, the rest in `high`.
//!
//! All fragments take the place of the quants in the block and the register of the block's address. Loads fill `high`;
//! unpacking may also use the register `free` and the vector `spare`. The mask 0x0F is in q6.

/// The second half of 32 bytes.
macro_rules! load_bytes {
    ($at:literal, $high:literal, $block:literal) => {
        concat!("vldrb.u8 ", $high, ", [", $block, ", #", $at, " + 16]\n")
    };
}
pub(super) use load_bytes;

/// The first half of 32 bytes.
macro_rules! unpack_bytes {
    ($at:literal, $low:literal, $high:literal, $block:literal, $free:literal, $spare:literal) => {
        concat!("vldrb.u8 ", $low, ", [", $block, ", #", $at, "]\n")
    };
}
pub(super) use unpack_bytes;

/// Sixteen bytes of nibbles.
macro_rules! load_nibbles {
    ($at:literal, $high:literal, $block:literal) => {
        concat!("vldrb.u8 ", $high, ", [", $block, ", #", $at, "]\n")
    };
}
pub(super) use load_nibbles;

/// The nibbles.
macro_rules! unpack_nibbles {
    ($at:literal, $low:literal, $high:literal, $block:literal, $free:literal, $spare:literal) => {
        concat!("vand ", $low, ", ", $high, ", q6\n", "vshr.u8 ", $high, ", ", $high, ", #4\n")
    };
}
pub(super) use unpack_nibbles;

/// The nibbles with fifth bits, which lie in the four bytes before them, less 16.
macro_rules! unpack_five_bits {
    ($at:literal, $low:literal, $high:literal, $block:literal, $free:literal, $spare:literal) => {
        concat!(
            // Nibbles, and a bit for each whose fifth bit is clear.
            "ldr ",
            $free,
            ", [",
            $block,
            ", #",
            $at,
            " - 4]\n",
            "vand ",
            $low,
            ", ",
            $high,
            ", q6\n",
            "mvn ",
            $free,
            ", ",
            $free,
            "\n",
            "vshr.u8 ",
            $high,
            ", ",
            $high,
            ", #4\n",
            // These get ones above: q | 0xF0 is q - 16.
            "vmsr p0, ",
            $free,
            "\n",
            "vpst\n",
            "vornt ",
            $low,
            ", ",
            $low,
            ", q6\n",
            "lsr ",
            $free,
            ", ",
            $free,
            ", #16\n",
            "vmsr p0, ",
            $free,
            "\n",
            "vpst\n",
            "vornt ",
            $high,
            ", ",
            $high,
            ", q6\n",
        )
    };
}
pub(super) use unpack_five_bits;

/// A table's values for the nibbles. The table is at label 9.
macro_rules! look_up_nibbles {
    ($at:literal, $low:literal, $high:literal, $block:literal, $free:literal, $spare:literal) => {
        concat!(
            "adr ",
            $free,
            ", 9f\n",
            "vshr.u8 ",
            $spare,
            ", ",
            $high,
            ", #4\n",
            "vand ",
            $high,
            ", ",
            $high,
            ", q6\n",
            // A load gathers bytes at sixteen offsets.
            "vldrb.u8 ",
            $low,
            ", [",
            $free,
            ", ",
            $high,
            "]\n",
            "vldrb.u8 ",
            $high,
            ", [",
            $free,
            ", ",
            $spare,
            "]\n",
        )
    };
}
pub(super) use look_up_nibbles;
