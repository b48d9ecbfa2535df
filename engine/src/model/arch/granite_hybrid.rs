//! Granite hybrid: Granite with state space blocks in place of attention in most layers.

use super::granite;
use crate::model::block::{FeedForward, Layer, ScanKind, StateSpace};
use crate::model::config::Arch;
use crate::model::keys::Field;
use crate::weights::LayerTensor;

pub(super) const GRANITE_HYBRID: Arch = Arch {
    layer: |hyper, layer| {
        if hyper.recurrent.contains(layer) {
            Layer::of(StateSpace::of(hyper, ScanKind::Heads), FeedForward::of(hyper, layer))
        } else {
            granite::layer(hyper, layer)
        }
    },
    optional: &[LayerTensor::SsmConvBias, LayerTensor::SsmNorm],
    keys: &[
        Field::EmbeddingScale,
        Field::ResidualScale,
        Field::LogitScale,
        Field::Scale,
        Field::Rotates,
        Field::ConvKernel,
        Field::InnerWidth,
        Field::StateWidth,
        Field::Steps,
        Field::ScanGroups,
    ],
    configure: |values, hyper| {
        granite::configure(values, hyper)?;
        hyper.read_state_space_heads(values)
    },
    ..Arch::PLAIN
};
