//! Attention loops for the DSP extension with a scalar FPU, and for Helium: see
//! [`AttentionLoops`](crate::simd::arch::attention::AttentionLoops).
//!
//! | loop | DSP | Helium |
//! |---|---|---|
//! | `add_halves` | the FPU, a word of two halves at a time | vectors of eight halves |
//! | `add_bytes` | the FPU, a byte at a time | vectors of four bytes |
//! | `dots` | pairs of 16-bit numbers, four keys together | a key's sixteen quants, gathered from four words |
//!
//! Products of `add_halves` and `add_bytes` are exact, so a fused multiply-add rounds as two operations do.

mod dsp;
#[cfg(feature = "isa-helium")]
mod helium;

pub(super) use dsp::LOOPS as DSP;
#[cfg(feature = "isa-helium")]
pub(super) use helium::LOOPS as HELIUM;
