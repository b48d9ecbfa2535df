//! Fragments around the blocks of a strip: entry, step to the next block, to the next rows, and return.

/// Saves registers, and the strip's address at the top of the stack. `lr` becomes the end of the activations, `r11` the step
/// to the next block's, less the `$read` bytes that a block moves on. For [`begin_rows`] the strip's address is in `r4`, and
/// the first row in `r0`.
macro_rules! enter {
    ($read:literal) => {
        concat!(
            // The baseline of Armv8-M has neither DSP nor an FPU.
            ".cpu cortex-m33\n.fpu fpv5-sp-d16\n",
            "push {{r0, r4-r11, lr}}\n",
            "mov r4, r0\n",
            "ldm r4, {{r0-r3, r5}}\n",
            "mla lr, r3, r5, r2\n",
            op!("sub", "r11", "r3", concat!("#", $read)),
        )
    };
}

/// Begins rows of the strip at `r4`, the first of which is in `r0`: `r1` bytes from a row to the next, `r2` activations. Two
/// sums in `s14` and `s15` are 0, as is `r5`.
macro_rules! begin_rows {
    () => {
        concat!("1:\n", "ldrd r1, r2, [r4, #4]\n", "movs r5, #0\n", "vmov s14, s15, r5, r5\n")
    };
}

/// Begins a row of four tokens of the strip at `r4`, which is in `r0`: `r2` activations. Four sums in `s12` to `s15` are 0.
macro_rules! begin_four_tokens {
    () => {
        concat!("1:\n", "ldr r2, [r4, #8]\n", "movs r5, #0\n", "vmov s12, s13, r5, r5\n", "vmov s14, s15, r5, r5\n",)
    };
}

/// [`enter`] for four tokens of blocks of 256, with step and end of the activations at the top of the stack.
macro_rules! enter_between_tokens {
    () => {
        concat!(enter!("512"), "add lr, #852\n", "push {{r11, lr}}\n")
    };
}

/// [`begin_four_tokens`] with `r2` in the middle between the tokens.
macro_rules! begin_between_tokens {
    () => {
        concat!(begin_four_tokens!(), "add r2, #852\n")
    };
}

/// Goes to `$block` unless that was the last one: `r11` and `lr` are as [`enter`] left them.
macro_rules! next_block {
    ($block:literal) => {
        concat!("add r2, r11\n", "cmp r2, lr\n", op!("bne", $block))
    };
}

/// [`next_block`] with step and end on the stack, `$at` bytes up.
macro_rules! next_block_from_stack {
    ($block:literal, $at:literal) => {
        concat!(
            op!("ldrd", "r4", "r5", concat!("[sp, #", $at, "]")),
            "add r2, r4\n",
            "cmp r2, r5\n",
            op!("bne", $block),
        )
    };
}

/// Stores sums by instructions that move `r5` on behind them, begins the next `$rows`, which instructions bring to `r0`, and
/// returns behind the last ones. The stack is `$stack` bytes below where [`enter`] left it.
macro_rules! next_rows {
    ($rows:literal, $store:expr, $next:literal $(, $stack:literal)?) => {
        concat!(
            op!("ldr", "r4", concat!("[sp", $(", #", $stack,)? "]")),
            "ldrd r5, r6, [r4, #20]\n",
            $store,
            $next,
            op!("subs", "r6", $rows),
            "strd r5, r6, [r4, #20]\n",
            "bne 1b\n",
            $(op!("add", "sp", concat!("#", $stack)),)?
            "pop {{r0, r4-r11, pc}}",
        )
    };
}

/// [`next_rows`] of one token. The next row follows the last one, which was in `r0`, in `r1`, or `r1` bytes from `r3`.
macro_rules! leave {
    (one row $(, $stack:literal)?) => {
        next_rows!("#1", "vstmia r5!, {{s14}}\n", "" $(, $stack)?)
    };
    (two rows $(, $stack:literal)?) => {
        next_rows!("#2", "vstmia r5!, {{s14, s15}}\n", "mov r0, r1\n" $(, $stack)?)
    };
    (four rows $(, $stack:literal)?) => {
        next_rows!("#4", "vstmia r5!, {{s12-s15}}\n", "add r0, r3, r1\n" $(, $stack)?)
    };
}

/// [`next_rows`] of one row of four tokens.
macro_rules! leave_four_tokens {
    ($stack:literal) => {
        next_rows!(
            "#1",
            concat!(
                "vstr s13, [r5, #64]\n",
                "vstr s14, [r5, #128]\n",
                "vstr s15, [r5, #192]\n",
                "vstmia r5!, {{s12}}\n",
            ),
            "",
            $stack
        )
    };
}

pub(super) use {
    begin_between_tokens, begin_four_tokens, begin_rows, enter, enter_between_tokens, leave, leave_four_tokens,
    next_block, next_block_from_stack, next_rows,
};
