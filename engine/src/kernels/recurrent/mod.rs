//! Recurrent layers: what they remember of past tokens is a state of a fixed size.
//!
//! A state is updated token by token, so no result depends on how a prompt is cut into chunks. Sixteen channels lie in the
//! lanes of a vector, and sums over a state's dimension run in its order:
//!
//! ```text
//!                     channel   0   1   2  ...  15
//!                 state 0     +---+---+---+---+---+
//!                 state 1     |   |   |   |   |   |    a group of channels: `n_state` groups of sixteen lanes,
//!                   ..        |   |   |   |   |   |    which lie together
//!                 state N-1   +---+---+---+---+---+
//! ```
//!
//! Threads share the groups of channels, or heads. All states are zero before the first token.

mod convolution;
mod pieces;
mod scan;
mod time_mix;
mod token_shift;

pub use convolution::Convolution;
pub use scan::{HeadScan, Scan};
pub use time_mix::TimeMix;
pub use token_shift::TokenShift;

use super::executor::Executor;
use crate::simd::Isa;

/// A step of a recurrent layer: see [`Kernels::recur`](super::Kernels::recur).
pub enum Recurrence<'a> {
    /// A causal convolution over tokens. Needs the feature `short-convolution`.
    Convolution(Convolution<'a>),
    /// The scan of Mamba 1. Needs the feature `state-space`.
    Scan(Scan<'a>),
    /// The scan of Mamba 2. Needs the feature `state-space`.
    HeadScan(HeadScan<'a>),
    /// RWKV's mix of every token with the one before. Needs the feature `rwkv`.
    TokenShift(TokenShift<'a>),
    /// The time mix of RWKV 7. Needs the feature `rwkv`.
    TimeMix(TimeMix<'a>),
}

impl Recurrence<'_> {
    /// Groups of inputs and states that the step changes, over all tokens: a measure of its work.
    #[must_use]
    pub fn groups(&self) -> usize {
        match self {
            Recurrence::Convolution(job) => job.x.len().saturating_mul(job.kernel),
            Recurrence::Scan(job) => job.state.len().saturating_mul(job.tokens),
            Recurrence::HeadScan(job) => job.state.len().saturating_mul(job.tokens),
            Recurrence::TokenShift(job) => job.y.len(),
            Recurrence::TimeMix(job) => job.state.len().saturating_mul(job.tokens),
        }
    }
}

/// [`Kernels::recur`](super::Kernels::recur).
pub(super) fn recur<I: Isa>(isa: I, job: Recurrence<'_>, executor: &dyn Executor) {
    match job {
        Recurrence::Convolution(job) if cfg!(feature = "short-convolution") => convolution::run(isa, job, executor),
        Recurrence::Scan(job) if cfg!(feature = "state-space") => scan::run(isa, job, executor),
        Recurrence::HeadScan(job) if cfg!(feature = "state-space") => scan::run_heads(isa, job, executor),
        Recurrence::TokenShift(job) if cfg!(feature = "rwkv") => isa.run(job),
        Recurrence::TimeMix(job) if cfg!(feature = "rwkv") => time_mix::run(isa, job, executor),
        _ => {}
    }
}
