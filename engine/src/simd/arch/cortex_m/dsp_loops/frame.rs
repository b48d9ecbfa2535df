//! Fragments around a block: entry, step to the next block, end.

/// Saves registers, the strip's address last, and loads the strip: `r0` first row, `r1` bytes of a row, `r2` activations,
/// `lr` their end, `r11` the step from behind what a block reads of them to the next block.
macro_rules! enter {
    ($read:literal) => {
        concat!(
            ".cpu cortex-m33\n.fpu fpv5-sp-d16\n",
            "push {{r0, r4-r11, lr}}\n",
            "ldm r0, {{r0-r4}}\n",
            "mla lr, r3, r4, r2\n",
            "sub r11, r3, #",
            $read,
            "\n",
            "movs r5, #0\n",
            "vmov s14, s15, r5, r5\n",
        )
    };
}

/// Goes back to `$block` unless all blocks are done: step and end of the activations are in registers.
macro_rules! next_block {
    ($block:literal) => {
        concat!("add r2, r11\ncmp r2, lr\nbne ", $block, "\n")
    };
}

/// [`next_block`], with step and end on the stack.
macro_rules! next_saved_block {
    ($block:literal) => {
        concat!("ldrd r4, r5, [sp]\nadd r2, r4\ncmp r2, r5\nbne ", $block, "\n")
    };
}

/// Stores one sum, or two, and returns. The stack is as [`enter`] left it.
macro_rules! leave {
    ($sums:literal) => {
        concat!("pop {{r0}}\nldr r0, [r0, #20]\nvstmia r0, {{", $sums, "}}\npop {{r4-r11, pc}}")
    };
}

pub(super) use {enter, leave, next_block, next_saved_block};
