//! The frame of a block loop: its beginning and its end.

use crate::simd::arch::strip::{BlockLoop, BlockLoops, Run};
use crate::simd::form::{ActForm, BlockLayout};

/// A format's block loops for one token and for two, each for four rows.
pub(super) const fn one_and_two_tokens(layout: BlockLayout, one: Run, two: Run) -> BlockLoops {
    let rows = 4;
    BlockLoops {
        layout,
        form: ActForm::Bytes,
        one: BlockLoop { rows, tokens: 1, run: one },
        several: Some(BlockLoop { rows, tokens: 2, run: two }),
    }
}

/// A block loop: a naked function of the given text, which gets its strip in r0, and the table whose address it takes, if any.
/// `.cpu` enables all extensions, for the assembly of later functions too; LLVM 20 fails to write a file with
/// `.arch armv8.1-m.main` instead.
macro_rules! block_loop {
    ($name:ident, $($text:expr),+ $(,)? $(; $table:ident)?) => {
        // SAFETY: the text keeps to the calling convention: it restores what the caller keeps, and returns.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(strip: &mut $crate::simd::arch::strip::Strip) {
            core::arch::naked_asm!(".cpu cortex-m55", $($text),+ $(, table = sym $table)?)
        }
    };
}
pub(super) use block_loop;

/// The address of a block loop's table, at label 9.
macro_rules! table_address {
    () => {
        ".p2align 2\n9: .word {table}"
    };
}
pub(super) use table_address;

/// Joins pieces to lines of text: a line's pieces stand side by side, and `;` ends the line.
macro_rules! lines {
    ($($($piece:literal)+;)+) => {
        concat!($($($piece,)+ "\n",)+)
    };
}
pub(super) use lines;

/// Saves what the caller keeps, and the strip's address.
macro_rules! enter {
    () => {
        lines! {
            "push {{r0, r4-r11, lr}}";
            "vpush {{d8-d15}}";
        }
    };
}
pub(super) use enter;

/// Loads the strip's address; the stack is as [`enter`] left it.
macro_rules! load_strip {
    ($to:literal) => {
        lines! { "ldr " $to ", [sp, #64]"; }
    };
}
pub(super) use load_strip;

/// Restores what [`enter`] saved, and returns.
macro_rules! leave {
    () => {
        lines! {
            "vpop {{d8-d15}}";
            "pop {{r0, r4-r11, pc}}";
        }
    };
}
pub(super) use leave;
