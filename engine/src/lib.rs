//! flashlet: GGUF language models on devices that have flash, a little RAM and no operating system.
#![no_std]
#![deny(unsafe_code)]

pub mod arena;
pub mod flash;
pub mod gguf;
