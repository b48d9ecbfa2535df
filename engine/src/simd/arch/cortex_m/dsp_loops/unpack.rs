//! Fragments that unpack words of weights, and the multiplication of pairs.

/// Two products of pairs, which begin a sum (`new`) or join it (`add`).
macro_rules! mac {
    (new, $sum:literal, $w:literal, $x:literal) => {
        concat!("smuad ", $sum, ", ", $w, ", ", $x, "\n")
    };
    (add, $sum:literal, $w:literal, $x:literal) => {
        concat!("smlad ", $sum, ", ", $w, ", ", $x, ", ", $sum, "\n")
    };
}

/// Fifth bits of a word of nibbles to `$to`: bits `$low..` of `$bits` belong to low nibbles and go to the bit above each of
/// them, bits `$high..` to high nibbles, and go to the bit above these, the last one to bit 0. `r1` is [`SPREAD`]. Bits in
/// between are left as they come. `$from` may be `$bits`.
///
/// [`SPREAD`]: spread_constant
macro_rules! spread_fifth_bits {
    ($to:literal, $bits:literal, $low:expr, $high:expr, $from:literal) => {
        concat!(
            "ubfx ",
            $to,
            ", ",
            $bits,
            ", #",
            $low,
            ", #4\n",
            "mul ",
            $to,
            ", ",
            $to,
            ", r1\n",
            "ubfx ",
            $from,
            ", ",
            $bits,
            ", #",
            $high,
            ", #4\n",
            "mul ",
            $from,
            ", ",
            $from,
            ", r1\n",
            "orr ",
            $to,
            ", ",
            $to,
            ", ",
            $from,
            ", ror #28\n",
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
            "eor ",
            $spare,
            ", ",
            $w,
            ", ",
            $upper,
            ", ror #",
            $rotation,
            "\n",
            "and ",
            $spare,
            ", ",
            $spare,
            ", #0xF0F0F0F0\n",
            "eor ",
            $w,
            ", ",
            $w,
            ", ",
            $spare,
            "\n",
            "eor ",
            $to,
            ", ",
            $spare,
            ", ",
            $upper,
            ", ror #",
            $rotation,
            "\n",
        )
    };
}

/// The shift that brings a pair of 5-bit quants to its place once nibbles are swapped: at the bottom of each half, or at the
/// top where quants are `signed`, that is, less 16 with the fifth bit inverted.
macro_rules! pair_of_five_bits {
    (unsigned low even) => {
        ""
    };
    (unsigned low odd) => {
        ", lsr #8"
    };
    (unsigned high even) => {
        ", ror #4"
    };
    (unsigned high odd) => {
        ", ror #12"
    };
    (signed low even) => {
        ", lsl #11"
    };
    (signed low odd) => {
        ", lsl #3"
    };
    (signed high even) => {
        ", lsl #7"
    };
    (signed high odd) => {
        ", ror #1"
    };
}

pub(super) use {mac, pair_of_five_bits, spread_constant, spread_fifth_bits, swap_nibbles};
