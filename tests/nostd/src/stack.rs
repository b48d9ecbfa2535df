//! How much stack a step takes: what it overwrites of a pattern below the caller's frame.

use crate::stub::Text;
use core::fmt::Write;
use core::hint::black_box;

/// Bytes that are painted.
const DEPTH: usize = 256 * 1024;
/// Bytes below a local variable that are left alone: the rest of its frame, and the red zone.
const MARGIN: usize = 256;
const PATTERN: u8 = 0xa5;

/// Runs `step`; with the feature `stack`, says how much stack it took.
pub(crate) fn measure<T>(name: &str, step: impl FnOnce() -> T) -> T {
    if cfg!(not(feature = "stack")) {
        return step();
    }
    let top = paint();
    let result = call(step);
    let _ = writeln!(Text::default(), "stack of {name}: {} bytes", used(top));
    result
}

/// A frame of its own, below that of [`measure`].
#[inline(never)]
fn call<T>(step: impl FnOnce() -> T) -> T {
    step()
}

/// Paints what is free; returns where that begins.
#[inline(never)]
fn paint() -> *mut u8 {
    let mut here = 0u8;
    let top = black_box(&raw mut here).wrapping_sub(MARGIN);
    for i in 1..=DEPTH {
        // SAFETY: below all frames, in a stack of megabytes, where nothing lives.
        unsafe { top.wrapping_sub(i).write_volatile(PATTERN) }
    }
    top
}

#[inline(never)]
fn used(top: *mut u8) -> usize {
    // SAFETY: what `paint` wrote to.
    let untouched = |i: &usize| unsafe { top.wrapping_sub(*i).read_volatile() } == PATTERN;
    DEPTH - (1..=DEPTH).rev().take_while(untouched).count() + MARGIN
}
