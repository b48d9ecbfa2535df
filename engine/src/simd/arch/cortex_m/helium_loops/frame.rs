//! How a block loop begins and ends.

/// A block loop: a function of text, which gets its strip in r0.
macro_rules! block_loop {
    ($(#[$doc:meta])* $name:ident, $($text:expr),+ $(,)?) => {
        $(#[$doc])*
        // SAFETY: the text follows the calling convention: it restores the registers that it must, and returns.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(strip: &Strip) {
            core::arch::naked_asm!(
                ".arch armv8.1-m.main",
                ".arch_extension mve.fp",
                $($text),+,
                options(raw),
            )
        }
    };
}
pub(super) use block_loop;

/// Saves what the caller keeps, and the strip's address at the top of 16 bytes of `save` words.
macro_rules! enter {
    () => {
        "push {r0, r4-r11, lr}
        vpush {d8-d15}
        "
    };
}
pub(super) use enter;

/// Loads the address of the strip's sums, once the stack is as [`enter`] left it.
macro_rules! address_of_sums {
    ($to:literal) => {
        concat!("ldr ", $to, ", [sp, #64]\nldr ", $to, ", [", $to, ", #20]\n")
    };
}
pub(super) use address_of_sums;

/// Restores what [`enter`] saved, and returns.
macro_rules! leave {
    () => {
        "vpop {d8-d15}
        pop {r0, r4-r11, pc}
        "
    };
}
pub(super) use leave;
