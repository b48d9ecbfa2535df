//! flashlet: GGUF language models on devices that have flash, a little RAM and no operating system.
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod arena;
pub mod flash;
pub mod gguf;
pub mod kernels;
pub mod model;
pub mod quant;
pub mod session;
pub mod simd;
pub mod text;
pub mod weights;
