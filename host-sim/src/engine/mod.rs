//! The engine as the commands use it: set up from the command line, and driven on this thread.
//!
//! A model is [opened](Opened), its memory is planned and checked against what there is, a [`Machine`] provides arena and
//! kernels, and the loaded [`Engine`] computes.

mod args;
mod carried;
mod features;
mod foreign;
mod loaded;
mod machine;
mod opened;
mod plan;
mod prefix;
mod stats;
mod vocabulary;

pub(crate) use args::{ComputeArgs, DraftArgs, EngineArgs, Extras, ModelArgs};
pub(crate) use carried::carried_grammar;
pub(crate) use features::Features;
pub(crate) use loaded::Engine;
pub(crate) use machine::{Machine, cores};
pub(crate) use opened::{Opened, about_file, check_names, open_file, open_model, warn_of_unknown_key};
pub(crate) use plan::{Context, Misfit, Room, TooSmall};
pub(crate) use prefix::save_prefix;
pub(crate) use stats::{Memory, Traffic};
pub(crate) use vocabulary::encode;
