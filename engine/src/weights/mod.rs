//! Where weights are: mapped in flash, pinned in the arena, or streamed through two tiles.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod check;
mod checksums;
mod error;
mod load;
mod pin;
mod role;
mod schedule;
mod shapes;
mod store;
mod stream;
mod tensors;
mod verify;

pub use crate::quant::{Weight, WeightType};
pub use checksums::Checksums;
pub use error::{PassError, PassStep, WeightError};
pub use pin::{MatrixBytes, PinBudget, Residency};
pub use role::{LayerMatrix, LayerVector, Role};
pub use schedule::{Part, Schedule};
pub use shapes::Shapes;
pub use store::WeightStore;
pub use stream::{Feed, Tiles, join, read_ahead};
pub use tensors::{Tensor, walk};
pub use verify::Verify;
pub(crate) use verify::{CHECKSUMS, message};
