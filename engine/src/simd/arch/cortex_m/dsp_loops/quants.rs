//! Fragments that unpack quants and multiply them.

/// Two products: begins a sum (`new`) or adds to it (`add`).
macro_rules! mac {
    (new, $sum:literal, $w:literal, $x:literal) => {
        concat!("smuad ", $sum, ", ", $w, ", ", $x, "\n")
    };
    (add, $sum:literal, $w:literal, $x:literal) => {
        concat!("smlad ", $sum, ", ", $w, ", ", $x, ", ", $sum, "\n")
    };
}

/// Multiplies the word of nibbles in `r4`, low ones into `$low`, high ones into `$high`, and loads the next word as soon as
/// `r4` is free.
macro_rules! nibbles {
    ($low:literal $low_op:ident, $high:literal $high_op:ident, $then:literal) => {
        concat!(
            "and r5, r3, r4\n",
            mac!($low_op, $low, "r5", "r6"),
            "and r5, r3, r4, lsr #4\n",
            mac!($high_op, $high, "r5", "r8"),
            "and r5, r3, r4, lsr #8\n",
            mac!(add, $low, "r5", "r7"),
            "and r5, r3, r4, lsr #12\n",
            $then,
            mac!(add, $high, "r5", "r9"),
        )
    };
}

/// A word of nibbles of both rows. The activations of high nibbles lie `$high_at` bytes behind those of low ones.
macro_rules! nibbles_of_two_rows {
    ($high_at:literal, [$low0:literal, $high0:literal], [$low1:literal, $high1:literal], $low_op:ident, $high_op:ident) => {
        concat!(
            "ldr r4, [r0], #4\n",
            "ldrd r8, r9, [r2, #", $high_at, "]\n",
            "ldrd r6, r7, [r2], #8\n",
            nibbles!($low0 $low_op, $high0 $high_op, "ldr r4, [r1], #4\n"),
            nibbles!($low1 $low_op, $high1 $high_op, ""),
        )
    };
}

/// A word of bytes of both rows.
macro_rules! bytes_of_two_rows {
    ($x0:literal, $x1:literal, $op:ident) => {
        concat!(
            "ldr r4, [r0], #4\n",
            "ldr r5, [r1], #4\n",
            "sxtb16 r3, r4\n",
            "sxtb16 r4, r4, ror #8\n",
            mac!($op, "r10", "r3", $x0),
            "sxtb16 r3, r5\n",
            mac!(add, "r10", "r4", $x1),
            "sxtb16 r5, r5, ror #8\n",
            mac!($op, "r12", "r3", $x0),
            mac!(add, "r12", "r5", $x1),
        )
    };
}

/// Four words of one plane's 6-bit quants in a byte-wise merge.
macro_rules! six_bits {
    ($ql:literal, $ror:literal, $x_low:literal, $low:literal, $x_high:literal, $high:literal, $op:ident) => {
        concat!(
            "ldr r4, [r0",
            $ql,
            "\n",
            "eor r6, r4, r5, ror #",
            $ror,
            "\n",
            "and r6, r6, #0xF0F0F0F0\n",
            "eor r4, r4, r6\n",
            "eor r6, r6, r5, ror #",
            $ror,
            "\n",
            "ldrd r8, r9, [r2, #",
            $x_high,
            "]\n",
            "and r7, r3, r6, ror #4\n",
            mac!($op, $high, "r7", "r8"),
            "and r7, r3, r6, ror #12\n",
            mac!(add, $high, "r7", "r9"),
            "ldrd r8, r9, [r2",
            $x_low,
            "\n",
            "and r7, r3, r4\n",
            mac!($op, $low, "r7", "r8"),
            "and r7, r3, r4, lsr #8\n",
            mac!(add, $low, "r7", "r9"),
        )
    };
}

/// Sixteen quants, four of each plane.
macro_rules! six_bit_planes {
    ($op:ident) => {
        concat!(
            "ldr r5, [r1], #4\n",
            six_bits!(", #32]", "30", ", #64]", "r11", "192", "lr", $op),
            six_bits!("], #4", "28", "], #8", "r10", "128", "r12", $op),
        )
    };
}

/// The fifth bits of a word of nibbles, spread to `r12`: those of low nibbles, bits `$low..` of `r11`, to the bit above each
/// nibble, and those of high nibbles, bits `$high..`, to the bit above theirs, the last one to bit 0. Bits in between are
/// left as they come.
macro_rules! spread_fifth_bits {
    ($low:literal, $high:literal) => {
        concat!(
            "ubfx r5, r11, #",
            $low,
            ", #4\n",
            "mul r12, r5, r1\n",
            "ubfx r5, r11, #",
            $high,
            ", #4\n",
            "mul r5, r5, r1\n",
            "orr r12, r12, r5, ror #28\n",
        )
    };
}

/// Moves the high nibbles of `$w` and `$high` to each other's places with the help of `r5`: `$w` is then low nibbles under
/// bits of `$high`, and `$high` is high nibbles under its own low ones, by four bits to the left.
macro_rules! swap_nibbles {
    ($w:literal, $high:literal, $rotated:literal) => {
        concat!(
            "eor r5, ",
            $w,
            ", ",
            $high,
            $rotated,
            "\n",
            "and r5, r5, #0xF0F0F0F0\n",
            "eor ",
            $w,
            ", ",
            $w,
            ", r5\n",
            "eor ",
            $high,
            ", r5, ",
            $high,
            $rotated,
            "\n",
        )
    };
}

/// A word of 5-bit quants of a block of 32, whose fifth bits are in `r11`.
macro_rules! five_bits {
    ($op:ident, $low:literal, $high:literal) => {
        concat!(
            "ldr r4, [r0], #4\n",
            spread_fifth_bits!($low, $high),
            "ldrd r8, r9, [r2, #32]\n",
            "ldrd r6, r7, [r2], #8\n",
            swap_nibbles!("r4", "r12", ""),
            "and r5, r3, r4\n",
            mac!($op, "r10", "r5", "r6"),
            "and r5, r3, r4, lsr #8\n",
            mac!(add, "r10", "r5", "r7"),
            "and r5, r3, r12, ror #4\n",
            mac!(add, "r10", "r5", "r8"),
            "and r5, r3, r12, ror #12\n",
            mac!(add, "r10", "r5", "r9"),
        )
    };
}

/// A word of 5-bit quants of a block of 256. The group's fifth bits are the lowest two of each byte once `r12` rotates them.
macro_rules! five_bits_of_planes {
    ($op:ident) => {
        concat!(
            "ldr r4, [r0], #4\n",
            "ldr r5, [r1], #4\n",
            "ldrd r8, r9, [r2, #64]\n",
            "ldrd r6, r7, [r2], #8\n",
            "ror r5, r5, r12\n",
            // Low nibbles under their fifth bits.
            "eor lr, r4, r5, ror #28\n",
            "and lr, lr, #0xF0F0F0F0\n",
            "eor lr, lr, r4\n",
            // High nibbles under theirs, which are the next byte's lowest.
            "eor r5, r4, r5, ror #25\n",
            "and r5, r5, #0x0F0F0F0F\n",
            "eor r5, r5, r4\n",
            "and r4, r3, lr\n",
            mac!($op, "r10", "r4", "r6"),
            "and r4, r3, r5, ror #4\n",
            mac!($op, "r11", "r4", "r8"),
            "and r4, r3, lr, lsr #8\n",
            mac!(add, "r10", "r4", "r7"),
            "and r4, r3, r5, ror #12\n",
            mac!(add, "r11", "r4", "r9"),
        )
    };
}

/// A byte of each of four rows, through the table of pairs.
macro_rules! looked_up_byte {
    ($then:literal) => {
        concat!(
            "ldrb r5, [r0, r1]\n",
            "ldrb r4, [r0], #",
            $then,
            "\n",
            "ldr r5, [r12, r5, lsl #2]\n",
            "ldr r4, [r12, r4, lsl #2]\n",
            mac!(add, "r10", "r5", "r8"),
            "ldrb r5, [r3, r1]\n",
            mac!(add, "r9", "r4", "r8"),
            "ldrb r4, [r3], #",
            $then,
            "\n",
            "ldr r5, [r12, r5, lsl #2]\n",
            "ldr r4, [r12, r4, lsl #2]\n",
            mac!(add, "lr", "r5", "r8"),
            mac!(add, "r11", "r4", "r8"),
        )
    };
}

/// Two bytes of four rows that are two bytes apart: low nibbles belong to `r6`, high ones to `r7`.
macro_rules! looked_up_bytes {
    ($then:literal) => {
        concat!(
            "ldr r7, [r2, #32]\n",
            "ldr r6, [r2], #4\n",
            "pkhbt r8, r6, r7, lsl #16\n",
            looked_up_byte!("2"),
            "pkhtb r8, r7, r6, asr #16\n",
            looked_up_byte!($then),
        )
    };
}

pub(super) use {bytes_of_two_rows, mac, nibbles, nibbles_of_two_rows, six_bit_planes, six_bits};
pub(super) use {five_bits, five_bits_of_planes, looked_up_byte, looked_up_bytes, spread_fifth_bits, swap_nibbles};
