//! RWKV 7: a time mix and a channel mix, both of which mix every token with the one before.

use crate::kernels::{self, NormKind};
use crate::model::block::{ChannelMix, Layer, TimeMix};
use crate::model::config::Arch;
use crate::model::error::ConfigError;
use crate::model::hyper::TimeMixSizes;
use crate::model::keys::Field;

pub(super) const RWKV7: Arch = Arch {
    layer: |hyper, layer| Layer::of(TimeMix::of(hyper, layer), ChannelMix::of(hyper, layer)),
    embedding_norm: true,
    not_needed: &[Field::Heads],
    norm_eps: Field::LayerNormEps,
    keys: &[
        Field::LayerNormEps,
        Field::HeadSize,
        Field::DecayRank,
        Field::RateRank,
        Field::ValueRank,
        Field::GateRank,
    ],
    configure: |values, hyper| {
        hyper.norm = NormKind::Layer;
        let rank = |field| values.need(field, hyper.n_embd.into());
        let ranks = [rank(Field::DecayRank)?, rank(Field::RateRank)?, rank(Field::ValueRank)?, rank(Field::GateRank)?];
        let head_dim = values.need(Field::HeadSize, kernels::TimeMix::MAX_HEAD_DIM as u64)?;
        if !hyper.n_embd.is_multiple_of(head_dim) {
            return Err(ConfigError::Unsupported { key: Field::HeadSize.key() });
        }
        hyper.time_mix = TimeMixSizes { head_dim, ranks };
        Ok(())
    },
    ..Arch::PLAIN
};
