//! A transformer: what an architecture is, and one pass through it.

mod arch;
mod config;
mod error;
mod forward;
mod keys;
mod kv_cache;
mod products;
mod rope;

pub use crate::weights::{PassError, PassStep};
pub use arch::Arch;
pub use config::{ModelConfig, RopeScaling};
pub use error::{ConfigError, Key};
pub use forward::{Activations, LogitsSink, Pass, Want};
pub use kv_cache::KvCache;
pub use rope::RopeTables;
