//! Mamba 1 and 2: state space blocks and nothing else.

use crate::model::block::{Layer, ScanKind, StateSpace};
use crate::model::config::Arch;
use crate::model::hyper::Hyper;
use crate::model::keys::Field;
use crate::weights::LayerTensor;

pub(super) const MAMBA: Arch = Arch {
    layer: |hyper, _| mamba(hyper, ScanKind::Channels),
    optional: &[LayerTensor::SsmConvBias],
    not_needed: &[Field::Heads, Field::FeedForward],
    keys: &[Field::ConvKernel, Field::InnerWidth, Field::StateWidth, Field::Steps, Field::NormalisedScan],
    configure: |values, hyper| hyper.read_state_space(values),
    ..Arch::PLAIN
};

pub(super) const MAMBA2: Arch = Arch {
    layer: |hyper, _| mamba(hyper, ScanKind::Heads),
    optional: &[LayerTensor::SsmConvBias, LayerTensor::SsmNorm],
    not_needed: &[Field::Heads, Field::FeedForward],
    keys: &[Field::ConvKernel, Field::InnerWidth, Field::StateWidth, Field::Steps, Field::ScanGroups],
    configure: |values, hyper| hyper.read_state_space_heads(values),
    ..Arch::PLAIN
};

fn mamba(hyper: &Hyper, kind: ScanKind) -> Layer {
    Layer::without_ffn(StateSpace::of(hyper, kind))
}
