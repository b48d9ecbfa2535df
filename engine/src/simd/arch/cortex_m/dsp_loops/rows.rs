//! Fragments that multiply a word of each row with one token. Instructions are in an order in which few of them wait for the
//! one before.

/// A word of nibbles of two rows. The activations of high nibbles lie `$high_at` bytes behind those of low ones.
macro_rules! nibbles_of_two_rows {
    ($high_at:literal, high $high_op:ident $high0:literal $high1:literal, low $low_op:ident $low0:literal $low1:literal) => {
        concat!(
            op!("ldrd", "r6", "r7", concat!("[r2, #", $high_at, "]")),
            "ldr r4, [r0], #4\n",
            "ldr r5, [r1], #4\n",
            "and r8, r3, r4, lsr #4\n",
            "and r9, r3, r5, lsr #4\n",
            mac!($high_op, $high0, "r8", "r6"),
            "and r8, r3, r4, lsr #12\n",
            mac!($high_op, $high1, "r9", "r6"),
            "and r9, r3, r5, lsr #12\n",
            mac!(add, $high0, "r8", "r7"),
            "and r8, r3, r4\n",
            mac!(add, $high1, "r9", "r7"),
            "ldrd r6, r7, [r2], #8\n",
            "and r9, r3, r5\n",
            mac!($low_op, $low0, "r8", "r6"),
            "and r8, r3, r4, lsr #8\n",
            mac!($low_op, $low1, "r9", "r6"),
            "and r9, r3, r5, lsr #8\n",
            mac!(add, $low0, "r8", "r7"),
            mac!(add, $low1, "r9", "r7"),
        )
    };
}

/// Two words of bytes of two rows.
macro_rules! bytes_of_two_rows {
    ($op:ident) => {
        concat!(
            "ldr r4, [r0], #4\n",
            "ldm r2!, {{r6-r9}}\n",
            "ldr r5, [r1], #4\n",
            "sxtb16 r3, r4\n",
            "sxtb16 r4, r4, ror #8\n",
            mac!($op, "r10", "r3", "r6"),
            "sxtb16 r3, r5\n",
            mac!(add, "r10", "r4", "r7"),
            "sxtb16 r5, r5, ror #8\n",
            "ldr r4, [r0], #4\n",
            mac!($op, "r12", "r3", "r6"),
            "sxtb16 r3, r4\n",
            mac!(add, "r12", "r5", "r7"),
            "sxtb16 r4, r4, ror #8\n",
            "ldr r5, [r1], #4\n",
            mac!(add, "r10", "r3", "r8"),
            "sxtb16 r3, r5\n",
            mac!(add, "r10", "r4", "r9"),
            "sxtb16 r5, r5, ror #8\n",
            mac!(add, "r12", "r3", "r8"),
            mac!(add, "r12", "r5", "r9"),
        )
    };
}

/// A word of 5-bit quants of a block of 32, whose fifth bits are in `r11`: those of low nibbles from bit `$low` on, those of
/// high ones from bit `$high` on.
macro_rules! five_bits {
    ($op:ident, $sign:ident, $low:literal, $high:literal) => {
        concat!(
            spread_fifth_bits!(
                "r12",
                "r11",
                $low,
                $high,
                "r5",
                concat!("ldrd r8, r9, [r2, #32]\n", "ldrd r6, r7, [r2], #8\n", "ldr r4, [r0], #4\n")
            ),
            swap_nibbles!("r4", "r12", "0", "r5", "r12"),
            op!("and", "r5", "r3", "r4", pair_of_five_bits!($sign low even)),
            op!("and", "r4", "r3", "r4", pair_of_five_bits!($sign low odd)),
            mac!($op, "r10", "r5", "r6"),
            op!("and", "r5", "r3", "r12", pair_of_five_bits!($sign high even)),
            mac!(add, "r10", "r4", "r7"),
            op!("and", "r12", "r3", "r12", pair_of_five_bits!($sign high odd)),
            mac!(add, "r10", "r5", "r8"),
            mac!(add, "r10", "r12", "r9"),
        )
    };
}

/// A word of two planes of 5-bit quants of a block of 256. Rotated by `r12`, the lowest two bits of each byte of the word at
/// `r1` are their fifth bits.
macro_rules! five_bit_planes {
    ($op:ident) => {
        concat!(
            "ldrd r8, r9, [r2, #64]\n",
            "ldr r5, [r1], #4\n",
            "ldr r4, [r0], #4\n",
            "ror r5, r5, r12\n",
            "ldrd r6, r7, [r2], #8\n",
            // Bits of low nibbles to above them, bits of high ones to the lowest of the next byte, which is above these.
            "eor lr, r4, r5, ror #28\n",
            "eor r5, r4, r5, ror #25\n",
            "and lr, lr, #0xF0F0F0F0\n",
            "eor lr, lr, r4\n",
            "and r5, r5, #0x0F0F0F0F\n",
            "eor r5, r5, r4\n",
            "and r4, r3, lr\n",
            "and lr, r3, lr, lsr #8\n",
            mac!($op, "r10", "r4", "r6"),
            "and r4, r3, r5, ror #4\n",
            mac!(add, "r10", "lr", "r7"),
            "and r5, r3, r5, ror #12\n",
            mac!($op, "r11", "r4", "r8"),
            mac!(add, "r11", "r5", "r9"),
        )
    };
}

/// A word of two planes of 6-bit quants: `$ql` its nibbles, `r5` its upper bits, which `$rotation` brings to above the low
/// nibbles, and to the lowest bits of the next byte, which are above the high ones.
macro_rules! six_bits {
    ($op:ident, $ql:literal, $rotation:literal, low $low:literal $low_x:literal, high $high:literal $high_x:literal) => {
        concat!(
            op!("ldr", "r4", $ql),
            op!("ldrd", "r8", "r9", $high_x),
            swap_nibbles!("r4", "r5", $rotation, "r6", "r6"),
            "and r7, r3, r6, ror #4\n",
            "and r6, r3, r6, ror #12\n",
            mac!($op, $high, "r7", "r8"),
            "and r7, r3, r4\n",
            mac!(add, $high, "r6", "r9"),
            op!("ldrd", "r8", "r9", $low_x),
            "and r4, r3, r4, lsr #8\n",
            mac!($op, $low, "r7", "r8"),
            mac!(add, $low, "r4", "r9"),
        )
    };
}

/// A word of four planes of 6-bit quants, whose sums are in `r10`, `r11`, `r12`, `lr`.
macro_rules! six_bit_planes {
    ($op:ident) => {
        concat!(
            "ldr r5, [r1], #4\n",
            six_bits!($op, "[r0, #32]", "30", low "r11" "[r2, #64]", high "lr" "[r2, #192]"),
            six_bits!($op, "[r0], #4", "28", low "r10" "[r2], #8", high "r12" "[r2, #128]"),
        )
    };
}

/// A word of four planes of 2-bit quants, whose sums are in `r10`, `r11`, `r12`, `lr`, or in the registers given.
macro_rules! two_bit_planes {
    ($op:ident) => {
        two_bit_planes!($op, "r10" "r11" "r12" "lr")
    };
    ($op:ident, $sum0:literal $sum1:literal $sum2:literal $sum3:literal) => {
        concat!(
            "ldr r4, [r0], #4\n",
            "ldrd r6, r7, [r2, #64]\n",
            "ldrd r8, r9, [r2, #128]\n",
            "and r5, r3, r4, lsr #2\n",
            "and r1, r3, r4, lsr #10\n",
            mac!($op, $sum1, "r5", "r6"),
            "and r5, r3, r4, lsr #4\n",
            mac!(add, $sum1, "r1", "r7"),
            "ldrd r6, r7, [r2, #192]\n",
            "and r1, r3, r4, lsr #12\n",
            mac!($op, $sum2, "r5", "r8"),
            "and r5, r3, r4, lsr #6\n",
            mac!(add, $sum2, "r1", "r9"),
            "ldrd r8, r9, [r2], #8\n",
            "and r1, r3, r4, lsr #14\n",
            mac!($op, $sum3, "r5", "r6"),
            "and r5, r3, r4\n",
            mac!(add, $sum3, "r1", "r7"),
            "and r4, r3, r4, lsr #8\n",
            mac!($op, $sum0, "r5", "r8"),
            mac!(add, $sum0, "r4", "r9"),
        )
    };
}

/// Base-3 digits `$digits` of a word's bytes, whose activations lie `$step` bytes apart. A byte is a fraction `b / 256`: the
/// upper half of its product with 3 is a digit, and the lower half is what the next digit is taken from.
macro_rules! digits {
    ($digits:literal, $step:literal) => {
        concat!(
            "ldr r4, [r0], #4\n",
            "ror r5, r4, #8\n",
            concat!(".irp digit, ", $digits, "\n"),
            op!("ldrd", "r6", "r7", concat!("[r2, #\\digit*", $step, "]")),
            next_digits!("r4" "r5", "r8" "r9"),
            mac!(add, "r10", "r8", "r6"),
            mac!(add, "r10", "r9", "r7"),
            ".endr\n",
            "adds r2, #8\n",
        )
    };
}

/// A word of one plane of 3-bit quants: their low bits begin at bit `$bit` of each byte of `r4`, and `$rotation` brings the
/// third bits in `r5` to above these, where `$mask` takes them.
macro_rules! three_bits {
    ($op:ident, $bit:literal, $rotation:literal, $mask:literal, $sum:literal, $x:literal) => {
        concat!(
            op!("eor", "r6", "r4", "r5", concat!("ror #", $rotation)),
            op!("ldrd", "r8", "r9", $x),
            op!("and", "r6", "r6", concat!("#", $mask)),
            "eor r6, r6, r4\n",
            op!("and", "r7", "r3", "r6", concat!("ror #", $bit)),
            op!("and", "r6", "r3", "r6", concat!("ror #8+", $bit)),
            mac!($op, $sum, "r7", "r8"),
            mac!(add, $sum, "r6", "r9"),
        )
    };
}

/// A word of four planes of 3-bit quants. The lowest four bits of each byte at `r1` are their third bits.
macro_rules! three_bit_planes {
    ($op:ident) => {
        concat!(
            "ldr r5, [r1], #4\n",
            "ldr r4, [r0], #4\n",
            three_bits!($op, "2", "29", "0x10101010", "r11", "[r2, #64]"),
            three_bits!($op, "4", "28", "0x40404040", "r12", "[r2, #128]"),
            three_bits!($op, "6", "27", "0x01010101", "lr", "[r2, #192]"),
            three_bits!($op, "0", "30", "0x04040404", "r10", "[r2], #8"),
        )
    };
}

/// Four bytes of one row, looked up. The activations of high nibbles lie 32 bytes behind those of low ones.
macro_rules! lookups_of_one_row {
    ($op:ident) => {
        concat!(
            "ldrd r8, r9, [r2, #32]\n",
            looked_up_pairs!(),
            mac!($op, "r10", "r6", "r8"),
            mac!(add, "r10", "r7", "r9"),
            "ldrd r8, r9, [r2], #8\n",
            mac!(add, "r10", "r1", "r8"),
            mac!(add, "r10", "r4", "r9"),
        )
    };
}

/// A byte of each of four rows, looked up, and `$then` bytes on.
macro_rules! lookup_of_four_rows {
    ($then:literal) => {
        concat!(
            "ldrb r5, [r0, r1]\n",
            op!("ldrb", "r4", "[r0]", concat!("#", $then)),
            "ldr r5, [r12, r5, lsl #2]\n",
            "ldr r4, [r12, r4, lsl #2]\n",
            mac!(add, "r10", "r5", "r8"),
            "ldrb r5, [r3, r1]\n",
            mac!(add, "r9", "r4", "r8"),
            op!("ldrb", "r4", "[r3]", concat!("#", $then)),
            "ldr r5, [r12, r5, lsl #2]\n",
            "ldr r4, [r12, r4, lsl #2]\n",
            mac!(add, "lr", "r5", "r8"),
            mac!(add, "r11", "r4", "r8"),
        )
    };
}

/// A pair of bytes of each of four rows, two bytes apart, and `$then` bytes on. A looked-up byte is the pair of its low and
/// its high nibble, so activations are paired alike.
macro_rules! lookups_of_four_rows {
    ($then:literal) => {
        concat!(
            "ldr r7, [r2, #32]\n",
            "ldr r6, [r2], #4\n",
            "pkhbt r8, r6, r7, lsl #16\n",
            lookup_of_four_rows!("2"),
            "pkhtb r8, r7, r6, asr #16\n",
            lookup_of_four_rows!($then),
        )
    };
}

pub(super) use {
    bytes_of_two_rows, digits, five_bit_planes, five_bits, lookup_of_four_rows, lookups_of_four_rows,
    lookups_of_one_row, nibbles_of_two_rows, six_bit_planes, six_bits, three_bit_planes, three_bits, two_bit_planes,
};
