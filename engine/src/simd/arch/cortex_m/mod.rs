//! Cortex-M: one row at a time. Floats are [`Scalar`](crate::simd::Scalar)'s, as is all that is not written here.

mod as_scalar;
mod dsp;
mod halves;
#[cfg(feature = "isa-helium")]
mod helium;
#[cfg(all(feature = "isa-helium", target_abi = "eabihf"))]
#[allow(dead_code, unused_imports, reason = "no kernel takes block loops yet")]
pub(crate) mod helium_loops;
#[cfg(all(feature = "isa-helium", target_abi = "eabihf"))]
pub(crate) mod strip;

pub use dsp::Dsp;
#[cfg(feature = "isa-helium")]
pub use helium::Helium;
