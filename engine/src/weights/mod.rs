//! The places of weights: mapped in flash, pinned in the arena, or streamed through two tiles.
//!
//! A program chooses a [`Residency`] and what to [`Verify`], and is told of faults. **Unstable**: names here may change with any
//! version, and the catalogue, the schedule and the tiles are in `flashlet::internal`.
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

pub(crate) use crate::quant::Weight;

pub use checksums::Checksums;
pub use error::{PassError, PassStep, WeightError};
pub(crate) use internal::*;
pub use pin::Residency;
pub use role::{LayerTensor, LayerTensors, Role};
pub(crate) use role::{PER_LAYER, RECURRENT, VARIANTS};
pub use verify::Verify;
pub(crate) use verify::{CHECKSUMS, message};

/// Exported as `flashlet::internal::weights`.
pub(crate) mod internal {
    pub use super::catalogue::{Catalogue, Entry, Kind, Section, TableSizes, each_tensor};
    pub use super::pieces::{EachPiece, MatrixRef, Piece};
    pub use super::pin::{MatrixBytes, PinBudget};
    pub use super::role::TensorBits;
    pub use super::schedule::Schedule;
    pub use super::store::WeightStore;
    pub use super::stream::{Feed, Tiles, join, read_ahead};
    pub use super::tensors::{Tensor, walk};
}
