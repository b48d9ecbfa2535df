//! flashlet: GGUF language models on devices that have flash, a little RAM and no operating system.
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod arena;
pub mod flash;
pub mod gguf;
pub mod text;
