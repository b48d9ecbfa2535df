//! A model made ready, and the loop that turns tokens into logits.
//!
//! # Stack
//! Everything large lies in the arena. Measured on x86-64 with all its kernels, optimised for size, the future of the call
//! included:
//!
//! | step | bytes |
//! |---|---|
//! | [`Model::open`] | 9559 |
//! | `Model::hash` | 3023 |
//! | [`Model::plan`] | 6375 |
//! | [`Session::new`] | 18967 |
//! | [`Session::encode`] | 3919 |
//! | [`Session::feed`], F32 weights | 16263 |
//! | [`Session::feed`], quantised weights | 19679 |
//! | [`Session::decode`] | 1807 |
//! | [`Session::answer`] | 2247 |
//! | [`Answer::next`], F32 weights | 16135 |
//! | `Snapshots::save` | 1695 |
//! | `Snapshots::restore` | 2111 |
//!
//! To these come the [`Session`] (2104) and a [`Sampler`](crate::text::Sampler) (3192), wherever the caller puts them. No
//! number depends on the model or on the length of a text (SmolLM2 135M takes what a model of 57 kB does).

mod answer;
mod error;
mod hash;
mod memory;
mod model;
mod open;
mod plan;
mod progress;
mod run;
#[cfg(feature = "snapshots")]
mod snapshot;
mod tensors;

pub use crate::kernels::KvType;
pub use crate::model::{LogitsSink, Want};
pub use crate::weights::{Residency, Verify};
pub use answer::{Answer, AnswerEnd, AnswerOptions, AnswerStats, Buffers, Conversation, Lane, Token};
pub use error::{Error, Named};
pub use hash::LogitsHash;
pub use model::Model;
pub use plan::{Options, Plan, ResidentBytes};
pub use progress::{Progress, Stage};
pub use run::Session;
#[cfg(feature = "snapshots")]
pub use snapshot::{ModelHash, NorOperation, Saved, SnapshotError, Snapshots};
