//! Where weights are: mapped in flash, pinned in the arena, or streamed through two tiles.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod catalogue;
#[cfg_attr(not(feature = "stream"), allow(dead_code, reason = "nothing streams"))]
mod check;
mod checksums;
mod error;
mod load;
mod pieces;
mod pin;
mod role;
#[cfg_attr(not(feature = "stream"), allow(dead_code, reason = "nothing streams"))]
mod schedule;
mod store;
#[cfg_attr(not(feature = "stream"), allow(dead_code, reason = "nothing streams"))]
mod stream;
mod tensors;
mod verify;

pub use crate::quant::{Weight, WeightType};

pub use catalogue::{Catalogue, Entry, Kind, Section, TableSizes, each_tensor};
pub use checksums::Checksums;
pub use error::{PassError, PassStep, WeightError};
pub use pieces::{EachPiece, MatrixRef, Piece};
pub use pin::{MatrixBytes, PinBudget, Residency};
pub use role::{LayerTensor, LayerTensors, Role, TensorBits};
pub(crate) use role::{PER_LAYER, RECURRENT, VARIANTS};
pub use schedule::Schedule;
pub use store::WeightStore;
pub use stream::{Feed, Tiles, join, read_ahead};
pub use tensors::{Tensor, walk};
pub use verify::Verify;
pub(crate) use verify::{CHECKSUMS, message};
