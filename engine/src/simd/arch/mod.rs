//! One file per instruction set: the only `unsafe` in the engine.
#![allow(unsafe_code, reason = "intrinsics and the row pointers behind them")]

pub mod rows;

#[cfg(all(target_arch = "arm", feature = "isa-dsp"))]
pub mod cortex_m;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub mod neon;

#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
#[cfg(target_arch = "x86_64")]
mod cpuid;
