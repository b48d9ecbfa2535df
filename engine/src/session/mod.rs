//! A model made ready, and the loop that turns tokens into logits.
//!
//! # Stack
//! Everything large lies in the arena. Measured on x86-64 with all its kernels, optimised for size, the future of the call
//! included:
//!
//! | step | bytes |
//! |---|---|
//! | [`Model::open`](crate::Model::open) | 9559 |
//! | `Model::hash` | 3023 |
//! | [`Model::plan`](crate::Model::plan) | 6375 |
//! | [`Session::new`](crate::Session::new) | 18967 |
//! | [`Session::encode`](crate::Session::encode) | 3919 |
//! | [`Session::feed`](crate::Session::feed), F32 weights | 16263 |
//! | [`Session::feed`](crate::Session::feed), quantised weights | 19679 |
//! | [`Session::decode`](crate::Session::decode) | 1807 |
//! | [`Session::answer`](crate::Session::answer) | 2247 |
//! | [`Answer::next`](crate::Answer::next), F32 weights | 16135 |
//! | `Snapshots::save` | 1695 |
//! | `Snapshots::restore` | 2111 |
//!
//! Added to these are the [`Session`](crate::Session) (2104) and a [`Sampler`](crate::text::Sampler) (3192), wherever the caller puts
//! them. No number depends on the model or on the length of a text (SmolLM2 135M takes what a model of 57 kB does).

pub(crate) mod answer;
mod code;
pub(crate) mod error;
#[cfg(not(feature = "small"))]
mod features;
#[cfg(feature = "grammar")]
mod grammar;
mod hash;
mod memory;
pub(crate) mod model;
mod open;
pub(crate) mod plan;
mod progress;
pub(crate) mod run;
#[cfg(feature = "snapshots")]
mod snapshot;
mod tensors;

pub use answer::{AnswerEnd, AnswerStats, Token};
pub use error::Named;
pub use hash::LogitsHash;
pub use plan::ResidentBytes;
pub use progress::{Progress, Stage};
#[cfg(feature = "snapshots")]
pub use snapshot::{ModelHash, NorOperation, Saved, SnapshotError, Snapshots};
