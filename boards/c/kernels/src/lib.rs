//! The kernels of the C library.
//!
//! Kernels are compiled in the crate that names their instruction set. This one may be optimised for speed while the rest of the
//! library stays small: see the profile `size` in `boards/Cargo.toml`.
#![no_std]

use flashlet::kernels::{Kernels, detect};

/// The best kernels of the processor, or of the instruction set that a feature declares.
// Not inlined, or they would be compiled where it is called.
#[inline(never)]
#[must_use]
pub fn kernels() -> &'static dyn Kernels {
    detect()
}
