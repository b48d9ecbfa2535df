//! Falcon H1: attention and a state space block side by side.

use crate::kernels::RopeStyle;
use crate::model::block::{Attention, FeedForward, Layer, ScanKind, StateSpace};
use crate::model::config::Arch;
use crate::model::keys::Field;
use crate::weights::LayerTensor;

pub(super) const FALCON_H1: Arch = Arch {
    layer: |hyper, layer| {
        let attention = Attention::of(hyper, layer).into();
        let state_space = StateSpace { norm_before: false, ..StateSpace::of(hyper, ScanKind::Heads) }.into();
        let ffn = FeedForward { norm_before: Some(LayerTensor::BareFfnNorm), ..FeedForward::of(hyper, layer) };
        Layer { mixers: [Some(attention), Some(state_space)], ..Layer::of(Attention::of(hyper, layer), ffn) }
    },
    optional: &[LayerTensor::SsmConvBias, LayerTensor::SsmNorm],
    keys: &[Field::ConvKernel, Field::InnerWidth, Field::StateWidth, Field::Steps, Field::ScanGroups],
    configure: |values, hyper| {
        hyper.rope_style = RopeStyle::Halves;
        hyper.read_state_space_heads(values)
    },
    ..Arch::PLAIN
};
