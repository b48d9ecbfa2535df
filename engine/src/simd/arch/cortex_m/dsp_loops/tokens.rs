//! Fragments that multiply a row's word with four tokens. Their sums are in `r10`, `r11`, `r12`, `lr`.

/// Two pairs times four tokens' activations at `$x0` to `$x3`. Loads run ahead into a second pair of registers, if there is
/// one.
macro_rules! tokens {
    ($op:ident, $w0:literal $w1:literal, [], $x0:expr, $x1:expr, $x2:expr, $x3:expr) => {
        concat!(
            token!($op, "lr", $w0 $w1, "r8" "r9", $x3),
            token!($op, "r12", $w0 $w1, "r8" "r9", $x2),
            token!($op, "r11", $w0 $w1, "r8" "r9", $x1),
            token!($op, "r10", $w0 $w1, "r8" "r9", $x0),
        )
    };
    ($op:ident, $w0:literal $w1:literal, [$a:literal $b:literal], $x0:expr, $x1:expr, $x2:expr, $x3:expr) => {
        concat!(
            op!("ldrd", "r8", "r9", $x3),
            op!("ldrd", $a, $b, $x2),
            mac!($op, "lr", $w0, "r8"),
            mac!(add, "lr", $w1, "r9"),
            op!("ldrd", "r8", "r9", $x1),
            mac!($op, "r12", $w0, $a),
            mac!(add, "r12", $w1, $b),
            op!("ldrd", $a, $b, $x0),
            mac!($op, "r11", $w0, "r8"),
            mac!(add, "r11", $w1, "r9"),
            mac!($op, "r10", $w0, $a),
            mac!(add, "r10", $w1, $b),
        )
    };
}

/// Two pairs times one token's activations.
macro_rules! token {
    ($op:ident, $sum:literal, $w0:literal $w1:literal, $x0:literal $x1:literal, $x:expr) => {
        concat!(op!("ldrd", $x0, $x1, $x), mac!($op, $sum, $w0, $x0), mac!(add, $sum, $w1, $x1))
    };
}

/// [`tokens`] of a block of 32: activations `$at` bytes from `r2`, those of the first token by the address `$first`.
macro_rules! tokens32 {
    ($op:ident, $w0:literal $w1:literal, $spare:tt, $at:literal, $first:literal) => {
        tokens!(
            $op,
            $w0 $w1,
            $spare,
            $first,
            concat!("[r2, #72+", $at, "]"),
            concat!("[r2, #72*2+", $at, "]"),
            concat!("[r2, #72*3+", $at, "]")
        )
    };
}

/// [`tokens`] of the elements of high nibbles.
macro_rules! high32 {
    ($op:ident, $w0:literal $w1:literal, $spare:tt) => {
        tokens32!($op, $w0 $w1, $spare, "32", "[r2, #32]")
    };
}

/// [`tokens`] of the elements of low nibbles, after which `r2` moves on.
macro_rules! low32 {
    ($op:ident, $w0:literal $w1:literal, $spare:tt) => {
        tokens32!($op, $w0 $w1, $spare, "0", "[r2], #8")
    };
}

/// [`tokens`] of a block of 256: activations `$at` bytes further. `r2` is 852 bytes from the first token's activations, in the
/// middle between the second and the third, as no offset reaches further than 1020 bytes.
macro_rules! tokens256 {
    ($op:ident, $w0:literal $w1:literal, $spare:tt, $at:expr) => {
        tokens!(
            $op,
            $w0 $w1,
            $spare,
            concat!("[r2, #", $at, "-852]"),
            concat!("[r2, #", $at, "-284]"),
            concat!("[r2, #", $at, "+284]"),
            concat!("[r2, #", $at, "+852]")
        )
    };
}

/// A word of nibbles of a block of 32: `unsigned`, in pairs at the bottom of each half, or `signed`, less 8, at the top.
macro_rules! nibbles32 {
    ($op:ident, unsigned) => {
        concat!(
            "ldr r7, [r0], #4\n",
            "and r4, r3, r7, lsr #4\n",
            "and r5, r3, r7, lsr #12\n",
            high32!($op, "r4" "r5", ["r1" "r6"]),
            "and r4, r3, r7\n",
            "and r5, r3, r7, lsr #8\n",
            low32!(add, "r4" "r5", ["r1" "r6"]),
        )
    };
    ($op:ident, signed) => {
        concat!(
            "ldr r7, [r0], #4\n",
            "eor r7, r7, #0x88888888\n",
            "and r4, r3, r7, lsl #8\n",
            "and r5, r3, r7\n",
            high32!($op, "r4" "r5", ["r1" "r6"]),
            "and r4, r3, r7, lsl #12\n",
            "and r5, r3, r7, lsl #4\n",
            low32!(add, "r4" "r5", ["r1" "r6"]),
        )
    };
}

/// A word of bytes of a block of 32.
macro_rules! bytes32 {
    ($op:ident) => {
        concat!(
            "ldr r5, [r0], #4\n",
            "sxtb16 r4, r5\n",
            "sxtb16 r5, r5, ror #8\n",
            low32!($op, "r4" "r5", ["r6" "r7"]),
        )
    };
}

/// Word `$k` of 5-bit quants of a block of 32. The fifth bits are the word at `r0`, inverted by `$invert` if quants are
/// signed; those of low nibbles begin at bit `4 * $k`.
macro_rules! five_bits32 {
    ($op:ident, $sign:ident, $k:literal, $invert:literal) => {
        concat!(
            "ldr r4, [r0]\n",
            $invert,
            spread_fifth_bits!(
                "r6",
                "r4",
                concat!("4*", $k),
                concat!("4*", $k, "+16"),
                "r4",
                op!("ldr", "r7", concat!("[r0, #4*", $k, "+4]"))
            ),
            swap_nibbles!("r7", "r6", "0", "r4", "r6"),
            op!("and", "r4", "r3", "r6", pair_of_five_bits!($sign high even)),
            op!("and", "r5", "r3", "r6", pair_of_five_bits!($sign high odd)),
            high32!($op, "r4" "r5", []),
            op!("and", "r4", "r3", "r7", pair_of_five_bits!($sign low even)),
            op!("and", "r5", "r3", "r7", pair_of_five_bits!($sign low odd)),
            low32!(add, "r4" "r5", ["r6" "r7"]),
        )
    };
}

/// Four bytes of a block of 32, looked up.
macro_rules! lookups32 {
    ($op:ident) => {
        concat!(
            looked_up_pairs!(),
            high32!($op, "r6" "r7", []),
            low32!(add, "r1" "r4", ["r6" "r7"]),
        )
    };
}

/// Bytes `4 * $k..` of a sub-block of 32 of a block of 256, looked up.
macro_rules! lookups256 {
    ($op:ident, $k:literal) => {
        concat!(
            looked_up_pairs!(),
            tokens256!($op, "r6" "r7", [], concat!("32+8*", $k)),
            tokens256!(add, "r1" "r4", ["r6" "r7"], concat!("8*", $k)),
        )
    };
}

/// Word `$k` of bytes of a block of 256.
macro_rules! bytes256 {
    ($op:ident, $k:literal) => {
        concat!(
            op!("ldr", "r5", concat!("[r0, #4*", $k, "]")),
            "sxtb16 r4, r5\n",
            "sxtb16 r5, r5, ror #8\n",
            tokens256!($op, "r4" "r5", ["r6" "r7"], concat!("8*", $k)),
        )
    };
}

/// The first `$digits` base-3 digits of a word's bytes. The activations of the next digit lie `$step` bytes behind.
macro_rules! digits256 {
    ($digits:literal, $step:literal) => {
        concat!(
            "ldr r6, [r0], #4\n",
            "ror r7, r6, #8\n",
            op!(".rept", $digits),
            next_digits!("r6" "r7", "r4" "r5"),
            tokens256!(add, "r4" "r5", [], "0"),
            op!("adds", "r2", concat!("#", $step)),
            ".endr\n",
        )
    };
}

/// Word `$k` of a plane of 2-bit quants, whose first bit is given by `r7`.
macro_rules! two_bits256 {
    ($op:ident, $k:literal) => {
        concat!(
            op!("ldr", "r5", concat!("[r0, #4*", $k, "]")),
            "lsrs r5, r7\n",
            "and r4, r3, r5\n",
            "and r5, r3, r5, lsr #8\n",
            tokens256!($op, "r4" "r5", ["r1" "r6"], concat!("8*", $k)),
        )
    };
}

/// Word `$k` of a plane of 3-bit quants, whose first bit is given by `r7`: third bits are at `r6`, and `r1` rotates them to
/// bit 2.
macro_rules! three_bits256 {
    ($op:ident, $k:literal) => {
        concat!(
            op!("ldr", "r5", concat!("[r6, #4*", $k, "]")),
            op!("ldr", "r4", concat!("[r0, #4*", $k, "]")),
            "ror r5, r5, r1\n",
            "lsrs r4, r7\n",
            "eor r5, r5, r4\n",
            "and r5, r5, #0x04040404\n",
            "eor r5, r5, r4\n",
            "and r4, r3, r5\n",
            "and r5, r3, r5, lsr #8\n",
            tokens256!($op, "r4" "r5", [], concat!("8*", $k)),
        )
    };
}

/// Word `$k` of nibbles of a block of 256.
macro_rules! nibbles256 {
    ($op:ident, $k:literal) => {
        concat!(
            op!("ldr", "r5", concat!("[r0, #4*", $k, "]")),
            "and r4, r3, r5\n",
            "and r5, r3, r5, lsr #8\n",
            tokens256!($op, "r4" "r5", ["r6" "r7"], concat!("8*", $k)),
        )
    };
}

/// Word `$k` of a plane of a block of 256: nibbles at `r0`, and upper bits at `r6`, which `r7` rotates to where the mask in
/// `r1` takes them.
macro_rules! planes256 {
    ($op:ident, $k:literal) => {
        concat!(
            op!("ldr", "r5", concat!("[r6, #4*", $k, "]")),
            op!("ldr", "r4", concat!("[r0, #4*", $k, "]")),
            "ror r5, r5, r7\n",
            "eor r5, r5, r4\n",
            "and r5, r5, r1\n",
            "eor r5, r5, r4\n",
            "and r4, r3, r5\n",
            "and r5, r3, r5, ror #8\n",
            tokens256!($op, "r4" "r5", [], concat!("8*", $k)),
        )
    };
}

pub(super) use {
    bytes32, bytes256, digits256, five_bits32, high32, lookups32, lookups256, low32, nibbles32, nibbles256, planes256,
    three_bits256, token, tokens, tokens32, tokens256, two_bits256,
};
