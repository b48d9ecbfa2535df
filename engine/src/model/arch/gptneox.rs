//! GPT-NeoX and Pythia: LayerNorms, biases, a fused matrix of queries, keys and values, and no gate.

use crate::kernels::{Act, NormKind, RopeStyle};
use crate::model::block::{Attention, FeedForward, Form, Layer, Residual};
use crate::model::config::Arch;
use crate::model::error::ConfigError;
use crate::model::keys::Field;
use crate::weights::LayerTensor;

pub(super) const GPTNEOX: Arch = Arch {
    layer: |hyper, layer| {
        let attention = Attention { fused: true, ..Attention::of(hyper, layer) };
        let residual = if hyper.parallel { Residual::Parallel } else { Residual::Sequential };
        Layer { residual, ..Layer::of(attention, FeedForward { form: Form::Plain, ..FeedForward::of(hyper, layer) }) }
    },
    optional: &[
        LayerTensor::AttnNormBias,
        LayerTensor::QkvBias,
        LayerTensor::AttnOutBias,
        LayerTensor::FfnNormBias,
        LayerTensor::UpBias,
        LayerTensor::DownBias,
    ],
    norm_eps: Field::LayerNormEps,
    keys: &[Field::LayerNormEps, Field::Parallel],
    configure: |values, hyper| {
        (hyper.rope_style, hyper.norm, hyper.act) = (RopeStyle::Halves, NormKind::Layer, Act::Gelu);
        let parallel = values.flag(Field::Parallel)?;
        hyper.parallel = parallel.ok_or(ConfigError::Missing(Field::Parallel.key()))?;
        Ok(())
    },
    ..Arch::PLAIN
};
