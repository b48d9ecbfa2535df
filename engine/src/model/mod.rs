//! A transformer: what an architecture is, and one pass through it.

mod arch;
mod block;
mod config;
mod error;
mod forward;
mod hyper;
mod keys;
mod kv_cache;
mod layer_set;
mod message;
mod products;
mod read;
mod rope;
#[cfg(feature = "_recurrent")]
mod state;
mod workspace;

pub use crate::weights::{PassError, PassStep};
#[cfg(feature = "per-layer-inputs")]
pub use block::PerLayerInput;
#[cfg(feature = "short-convolution")]
pub use block::ShortConvolution;
pub use block::{Attention, Block, FeedForward, Form, HeadNorms, Layer, Residual, Rotation};
#[cfg(feature = "rwkv")]
pub use block::{ChannelMix, TimeMix};
#[cfg(feature = "state-space")]
pub use block::{ScanKind, StateSpace};
pub use config::{Arch, ModelConfig};
pub use error::{ConfigError, Key};
pub use forward::{LogitsSink, Pass, Want};
#[cfg(feature = "state-space")]
pub use hyper::StateSpaceSizes;
#[cfg(feature = "rwkv")]
pub use hyper::TimeMixSizes;
pub use hyper::{Hyper, RopeScaling};
pub use kv_cache::KvCache;
pub use layer_set::{ByLayer, LayerSet};
pub use rope::RopeTables;
#[cfg(feature = "_recurrent")]
pub use state::RecurrentState;
pub use workspace::{Activations, Workspace};
