//! SmolLM 3: Llama's blocks; every fourth layer does not rotate, which no key says.

use super::BIASES;
use crate::model::block::{Attention, FeedForward, Layer, Rotation};
use crate::model::config::Arch;

pub(super) const SMOLLM3: Arch = Arch {
    layer: |hyper, layer| {
        let rotation = if layer % 4 == 3 { Rotation::None } else { Rotation::Global };
        Layer::of(Attention { rotation, ..Attention::of(hyper, layer) }, FeedForward::of(hyper, layer))
    },
    optional: BIASES,
    ..Arch::PLAIN
};
