//! Cortex-M: one row at a time. Floats are [`Scalar`](crate::simd::Scalar)'s, as is all that is not written here.

mod as_scalar;
#[cfg(target_abi = "eabihf")]
mod attention_loops;
mod dsp;
#[cfg(target_abi = "eabihf")]
mod dsp_loops;
mod halves;
#[cfg(feature = "isa-helium")]
mod helium;
#[cfg(all(feature = "isa-helium", target_abi = "eabihf"))]
mod helium_loops;
#[cfg(target_abi = "eabihf")]
mod quantise_loops;
#[cfg(all(feature = "isa-helium", target_abi = "eabihf"))]
mod sin_cos;
#[cfg(target_abi = "eabihf")]
mod sqrt;

pub use dsp::Dsp;
#[cfg(feature = "isa-helium")]
pub use helium::Helium;
#[cfg(all(feature = "isa-helium", target_abi = "eabihf"))]
pub(crate) use sin_cos::quarters_and_rest;
#[cfg(target_abi = "eabihf")]
pub(crate) use sqrt::sqrt;
