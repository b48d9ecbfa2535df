//! Fragments around the blocks of a strip: entry, step to the next block, and return.

/// Saves registers, the strip's address at the top of the stack, and loads the strip: `r0` first row, `r1` bytes from a row
/// to the next, `r2` activations, `lr` their end, `r11` the step to the next block's activations, less the `$read` bytes
/// that a block moves `r2` on. Two sums in `s14` and `s15` are 0, as is `r5`.
macro_rules! enter {
    ($read:literal) => {
        concat!(
            // The baseline of Armv8-M has neither DSP nor an FPU.
            ".cpu cortex-m33\n.fpu fpv5-sp-d16\n",
            "push {{r0, r4-r11, lr}}\n",
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

/// Stores neighbouring rows' sums of one token and returns. The stack is as [`enter`] left it.
macro_rules! leave {
    ($sums:literal) => {
        concat!("pop {{r0}}\n", "ldr r0, [r0, #20]\n", "vstmia r0, {{", $sums, "}}\n", "pop {{r4-r11, pc}}")
    };
}

/// Stores four tokens' sums of one row and returns. The stack is as [`enter`] left it.
macro_rules! leave_four_tokens {
    () => {
        concat!(
            "pop {{r0}}\n",
            "ldr r0, [r0, #20]\n",
            "vstr s12, [r0]\n",
            "vstr s13, [r0, #64]\n",
            "vstr s14, [r0, #128]\n",
            "vstr s15, [r0, #192]\n",
            "pop {{r4-r11, pc}}",
        )
    };
}

pub(super) use {enter, leave, leave_four_tokens, next_block, next_block_from_stack};
