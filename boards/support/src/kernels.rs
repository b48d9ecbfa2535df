//! Kernels for a program that is compiled for size.
//!
//! Kernels are compiled in the crate that names their instruction set. This crate may be optimised for speed then, and
//! all that is not kernels stays small: see the profile `size` in `Cargo.toml` of the folder above.

use flashlet::kernels::Kernels;
use flashlet::simd::Dsp;

/// The kernels of the DSP extension.
// Not inlined, or they would be compiled where it is called.
#[inline(never)]
#[must_use]
pub fn dsp() -> &'static dyn Kernels {
    Dsp::declared()
}
