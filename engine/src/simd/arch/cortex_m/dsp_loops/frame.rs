//! Fragments around the blocks of a strip: entry, step to the next block, and to the next rows, and return.

/// Saves registers, the strip's address at the top of the stack, and begins its first rows at label 1, as each of the next
/// ones: `r0` row, `r1` bytes from a row to the next, `r2` activations, `lr` their end, `r11` the step to the next block's
/// activations, less the `$read` bytes that a block moves `r2` on. Two sums in `s14` and `s15` are 0, as is `r5`.
macro_rules! enter {
    ($read:literal) => {
        concat!(
            // The baseline of Armv8-M has neither DSP nor an FPU.
            ".cpu cortex-m33\n.fpu fpv5-sp-d16\n",
            "push {{r0, r4-r11, lr}}\n",
            "1:\n",
            "ldm r0, {{r0-r4}}\n",
            "mla lr, r3, r4, r2\n",
            op!("sub", "r11", "r3", concat!("#", $read)),
            "movs r5, #0\n",
            "vmov s14, s15, r5, r5\n",
        )
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

/// Stores sums by instructions that move `r1` on to the next rows' sums, goes to these rows, `$rows` further, and returns
/// behind the last ones. `$step` is the bytes of as many rows in terms of `r4`, those of one. The stack is as [`enter`] left
/// it.
macro_rules! next_rows {
    ($store:expr, $rows:literal, $step:literal) => {
        concat!(
            "ldr r0, [sp]\n",
            "ldrd r1, r2, [r0, #20]\n",
            "ldrd r3, r4, [r0]\n",
            $store,
            op!("add", "r3", "r3", $step),
            op!("subs", "r2", $rows),
            "str r3, [r0]\n",
            "strd r1, r2, [r0, #20]\n",
            "bne 1b\n",
            "pop {{r0, r4-r11, pc}}",
        )
    };
}

/// [`next_rows`] of one token.
macro_rules! leave {
    (one row) => {
        next_rows!("vstmia r1!, {{s14}}\n", "#1", "r4")
    };
    (two rows) => {
        next_rows!("vstmia r1!, {{s14, s15}}\n", "#2", "r4, lsl #1")
    };
    (four rows) => {
        next_rows!("vstmia r1!, {{s12-s15}}\n", "#4", "r4, lsl #2")
    };
}

/// [`next_rows`] of one row of four tokens.
macro_rules! leave_four_tokens {
    () => {
        next_rows!(
            concat!(
                "vstr s13, [r1, #64]\n",
                "vstr s14, [r1, #128]\n",
                "vstr s15, [r1, #192]\n",
                "vstmia r1!, {{s12}}\n",
            ),
            "#1",
            "r4"
        )
    };
}

pub(super) use {enter, leave, leave_four_tokens, next_block, next_block_from_stack, next_rows};
