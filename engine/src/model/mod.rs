//! A transformer: what an architecture is, and one pass through it.

mod arch;
mod config;
mod forward;
mod kv_cache;
mod products;
mod rope;

pub use crate::weights::PassError;
pub use arch::Arch;
pub use config::{ConfigError, Key, ModelConfig, RopeScaling};
pub use forward::{Activations, LogitsSink, Pass, Want};
pub use kv_cache::KvCache;
pub use rope::RopeTables;
