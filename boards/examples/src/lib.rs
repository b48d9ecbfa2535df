//! The built-in model on the Musca-B1, and what the programs do with its answers.
#![no_std]

use panic_semihosting as _;

mod command;
mod house;

pub use command::{Command, Light};
pub use house::{answer_each, end};
