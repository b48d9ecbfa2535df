//! Blocks of 32, one row, four tokens.
//!
//! | registers | |
//! |---|---|
//! | row | `r0` |
//! | activations of the first token | `r2` |
//! | constants | `r3` mask of pairs, or table; `r1` factor of 5-bit quants |
//! | weights, pairs | `r4`, `r5`; `r6`, `r7` |
//! | pairs of activations | `r8`, `r9`, and two that are free |
//! | integer sums | `r10`, `r11`, `r12`, `lr` |
//! | scale, minimum | `s0`, `s1` |
//! | sums | `s12` to `s15` |
//!
//! Step and end of the activations are on the stack.

use super::frame::*;
use super::scales::*;
use super::tables::{IQ4_PAIRS, MXFP4_PAIRS};
use super::tokens::*;
use super::unpack::*;
use crate::simd::arch::strip::Strip;
use core::arch::naked_asm;

/// A loop over blocks, each done by the fragments in brackets, which move `r2` on by `$read` bytes.
macro_rules! four_tokens {
    ($read:literal, $constants:expr, [$($block:expr),+ $(,)?] $(, pairs = sym $pairs:ident)?) => {
        naked_asm!(
            enter!($read),
            "push {{r11, lr}}",
            $constants,
            begin_four_tokens!(),
            "2:",
            $($block,)+
            next_block_from_stack!("2b", "0"),
            leave_four_tokens!("8"),
            $(pairs = sym $pairs)?
        )
    };
}

/// Q4_0.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_0(strip: &mut Strip) {
    four_tokens!(
        "32",
        "mov r3, #0xF000F000",
        [
            scale!(),
            nibbles32!(new, signed),
            ".rept 3",
            nibbles32!(add, signed),
            ".endr",
            close_four_tokens!("32", ", #12"),
        ]
    )
}

/// Q4_1.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q4_1(strip: &mut Strip) {
    four_tokens!(
        "32",
        "mov r3, #0x000F000F",
        [
            scale_and_min!(),
            nibbles32!(new, unsigned),
            ".rept 3",
            nibbles32!(add, unsigned),
            ".endr",
            close_four_tokens_with_min!(),
        ]
    )
}

/// Q5_0.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q5_0(strip: &mut Strip) {
    four_tokens!(
        "32",
        concat!(spread_constant!(), "mov r3, #0xF800F800"),
        [
            scale!(),
            five_bits32!(new, signed, "0", "mvn r4, r4\n"),
            five_bits32!(add, signed, "1", "mvn r4, r4\n"),
            five_bits32!(add, signed, "2", "mvn r4, r4\n"),
            five_bits32!(add, signed, "3", "mvn r4, r4\n"),
            "adds r0, #20",
            close_four_tokens!("32", ", #11"),
        ]
    )
}

/// Q5_1.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q5_1(strip: &mut Strip) {
    four_tokens!(
        "32",
        concat!(spread_constant!(), "mov r3, #0x001F001F"),
        [
            scale_and_min!(),
            five_bits32!(new, unsigned, "0", ""),
            five_bits32!(add, unsigned, "1", ""),
            five_bits32!(add, unsigned, "2", ""),
            five_bits32!(add, unsigned, "3", ""),
            "adds r0, #20",
            close_four_tokens_with_min!(),
        ]
    )
}

/// Q8_0.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn q8_0(strip: &mut Strip) {
    four_tokens!("64", "", [scale!(), bytes32!(new), ".rept 7", bytes32!(add), ".endr", close_four_tokens!("0", "")])
}

/// IQ4_NL.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn iq4_nl(strip: &mut Strip) {
    four_tokens!(
        "32",
        "movw r3, #:lower16:{pairs}\nmovt r3, #:upper16:{pairs}",
        [scale!(), lookups32!(new), ".rept 3", lookups32!(add), ".endr", close_four_tokens!("32", "")],
        pairs = sym IQ4_PAIRS
    )
}

/// MXFP4.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn mxfp4(strip: &mut Strip) {
    four_tokens!(
        "32",
        "movw r3, #:lower16:{pairs}\nmovt r3, #:upper16:{pairs}",
        [power_scale!(), lookups32!(new), ".rept 3", lookups32!(add), ".endr", close_four_tokens!("32", "")],
        pairs = sym MXFP4_PAIRS
    )
}
