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

pub use config::{Arch, ModelConfig};
pub use error::{ConfigError, Key};
pub use forward::{LogitsSink, Want};
#[cfg(feature = "state-space")]
pub use hyper::StateSpaceSizes;
#[cfg(feature = "rwkv")]
pub use hyper::TimeMixSizes;
pub use hyper::{Hyper, RopeScaling};
pub(crate) use internal::*;
pub use layer_set::{ByLayer, LayerSet};

/// Exported as `flashlet::internal::model`.
pub(crate) mod internal {
    #[cfg(feature = "per-layer-inputs")]
    pub use super::block::PerLayerInput;
    #[cfg(feature = "short-convolution")]
    pub use super::block::ShortConvolution;
    pub use super::block::{Attention, Block, FeedForward, Form, HeadNorms, Layer, Residual, Rotation};
    #[cfg(feature = "rwkv")]
    pub use super::block::{ChannelMix, TimeMix};
    #[cfg(feature = "state-space")]
    pub use super::block::{ScanKind, StateSpace};
    pub use super::forward::Pass;
    pub use super::kv_cache::KvCache;
    pub use super::rope::RopeTables;
    #[cfg(feature = "_recurrent")]
    pub use super::state::RecurrentState;
    pub use super::workspace::{Activations, Workspace};
}
