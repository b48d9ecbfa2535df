//! Generating text: token after token, as `run`, `chat` and `demo` share it.

mod args;
mod generator;
mod stats;

pub(crate) use args::{EndArgs, SamplingArgs};
pub(crate) use generator::{Drafts, Generation, Generator, Limits, Memory, StopReason};
pub(crate) use stats::print_stats;
