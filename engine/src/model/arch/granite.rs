//! Granite and MiniCPM: Llama's blocks with multipliers of embeddings, outputs, scores and logits.

use super::BIASES;
use crate::model::block::{Attention, FeedForward, Layer, Rotation};
use crate::model::config::Arch;
use crate::model::error::ConfigError;
use crate::model::hyper::Hyper;
use crate::model::keys::{Field, Values};
use crate::simd::math::rsqrt;

pub(super) const GRANITE: Arch = Arch {
    layer,
    optional: BIASES,
    keys: &[Field::EmbeddingScale, Field::ResidualScale, Field::LogitScale, Field::Scale, Field::Rotates],
    configure,
    ..Arch::PLAIN
};

pub(super) const MINICPM: Arch = Arch {
    optional: BIASES,
    keys: &[Field::EmbeddingScale, Field::ResidualScale, Field::LogitScale],
    configure: |values, hyper| {
        // Old files have no keys for them.
        let defaults = [12.0, 1.4 * rsqrt(hyper.n_layer as f32), 256.0 / hyper.n_embd as f32];
        multipliers(values, hyper, defaults)
    },
    ..Arch::PLAIN
};

/// A layer with attention.
pub(super) fn layer(hyper: &Hyper, layer: u32) -> Layer {
    let rotation = if hyper.rotates { Rotation::Global } else { Rotation::None };
    Layer::of(Attention { rotation, ..Attention::of(hyper, layer) }, FeedForward::of(hyper, layer))
}

pub(super) fn configure(values: &Values, hyper: &mut Hyper) -> Result<(), ConfigError> {
    multipliers(values, hyper, [1.0; 3])?;
    hyper.attention_scale = multiplier(values, Field::Scale, hyper.attention_scale)?;
    hyper.rotates = values.flag(Field::Rotates)?.unwrap_or(true);
    Ok(())
}

/// Reads the multipliers of embeddings and outputs, and the divisor of logits.
fn multipliers(values: &Values, hyper: &mut Hyper, defaults: [f32; 3]) -> Result<(), ConfigError> {
    let [embedding, residual, logits] = defaults;
    hyper.embedding_scale = multiplier(values, Field::EmbeddingScale, embedding)?;
    hyper.residual_scale = multiplier(values, Field::ResidualScale, residual)?;
    hyper.logit_scale = 1.0 / multiplier(values, Field::LogitScale, logits)?;
    Ok(())
}

/// A multiplier; 0 turns it off, or asks for `default` where there is one.
fn multiplier(values: &Values, field: Field, default: f32) -> Result<f32, ConfigError> {
    Ok(values.float(field, true)?.filter(|&scale| scale != 0.0).unwrap_or(default))
}
