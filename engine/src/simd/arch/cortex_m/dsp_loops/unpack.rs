//! Fragments that unpack words of weights, and the multiplication of pairs.

/// An instruction with operands that fragments are given.
macro_rules! op {
    ($name:literal, $first:expr $(, $operand:expr)*) => {
        concat!($name, " ", $first, $(", ", $operand,)* "\n")
    };
}

/// Two products of pairs, which begin a sum (`new`) or join it (`add`).
macro_rules! mac {
    (new, $sum:literal, $w:literal, $x:literal) => {
        op!("smuad", $sum, $w, $x)
    };
    (add, $sum:literal, $w:literal, $x:literal) => {
        op!("smlad", $sum, $w, $x, $sum)
    };
}

/// Fifth bits of a word of nibbles to `$to`: bits `$low..` of `$bits` belong to low nibbles and go to the bit above each of
/// them, bits `$high..` to high nibbles, and go to the bit above these, the last one to bit 0. `r1` is the factor of
/// [`spread_constant`]. Bits in between are left as they come. `$spare` may be `$bits`; the instructions `$meanwhile` run
/// before the products are needed.
macro_rules! spread_fifth_bits {
    ($to:literal, $bits:literal, $low:expr, $high:expr, $spare:literal, $meanwhile:expr) => {
        concat!(
            op!("ubfx", $to, $bits, concat!("#", $low), "#4"),
            op!("mul", $to, $to, "r1"),
            op!("ubfx", $spare, $bits, concat!("#", $high), "#4"),
            op!("mul", $spare, $spare, "r1"),
            $meanwhile,
            op!("orr", $to, $to, $spare, "ror #28"),
        )
    };
}

/// The factor that moves bit `i` of four to bit `8 * i + 4`: four copies, 7 bits apart, which do not overlap.
macro_rules! spread_constant {
    () => {
        "movw r1, #0x0810\nmovt r1, #0x0204\n"
    };
}

/// Exchanges the high nibbles of `$w` with those of `$upper`, rotated to the right by `$rotation`: `$w` becomes its low
/// nibbles under bits of `$upper`; `$to` its high nibbles, under which the lower bits of `$upper` stay. `$to` may be
/// `$upper`.
macro_rules! swap_nibbles {
    ($w:literal, $upper:literal, $rotation:literal, $spare:literal, $to:literal) => {
        concat!(
            op!("eor", $spare, $w, $upper, concat!("ror #", $rotation)),
            op!("and", $spare, $spare, "#0xF0F0F0F0"),
            op!("eor", $w, $w, $spare),
            op!("eor", $to, $spare, $upper, concat!("ror #", $rotation)),
        )
    };
}

/// The shift that brings a pair of 5-bit quants to its place once nibbles are swapped: at the bottom of each half, or at the
/// top where quants are `signed`, that is, less 16 with the fifth bit inverted.
macro_rules! pair_of_five_bits {
    (unsigned low even) => {
        "lsl #0"
    };
    (unsigned low odd) => {
        "lsr #8"
    };
    (unsigned high even) => {
        "ror #4"
    };
    (unsigned high odd) => {
        "ror #12"
    };
    (signed low even) => {
        "lsl #11"
    };
    (signed low odd) => {
        "lsl #3"
    };
    (signed high even) => {
        "lsl #7"
    };
    (signed high odd) => {
        "ror #1"
    };
}

/// Four bytes at `r0`, looked up in the table at `r3`: a byte is the pair of its low and its high nibble. The pairs of low
/// nibbles come to `r1` and `r4`, those of high ones to `r6` and `r7`.
macro_rules! looked_up_pairs {
    () => {
        concat!(
            "ldrb r5, [r0, #1]\n",
            "ldrb r6, [r0, #2]\n",
            "ldrb r7, [r0, #3]\n",
            "ldrb r4, [r0], #4\n",
            "ldr r5, [r3, r5, lsl #2]\n",
            "ldr r6, [r3, r6, lsl #2]\n",
            "ldr r7, [r3, r7, lsl #2]\n",
            "ldr r4, [r3, r4, lsl #2]\n",
            "pkhbt r1, r4, r6, lsl #16\n",
            "pkhtb r6, r6, r4, asr #16\n",
            "pkhbt r4, r5, r7, lsl #16\n",
            "pkhtb r7, r7, r5, asr #16\n",
        )
    };
}

/// The next base-3 digits of bytes in pairs: their digits to `$to0` and `$to1`. Pairs of other bits lie between the bytes at
/// first.
macro_rules! next_digits {
    ($w0:literal $w1:literal, $to0:literal $to1:literal) => {
        concat!(
            op!("uxtb16", $w0, $w0),
            op!("uxtb16", $w1, $w1),
            op!("add", $w0, $w0, $w0, "lsl #1"),
            op!("add", $w1, $w1, $w1, "lsl #1"),
            op!("and", $to0, "r3", $w0, "lsr #8"),
            op!("and", $to1, "r3", $w1, "lsr #8"),
        )
    };
}

pub(super) use {
    looked_up_pairs, mac, next_digits, op, pair_of_five_bits, spread_constant, spread_fifth_bits, swap_nibbles,
};
