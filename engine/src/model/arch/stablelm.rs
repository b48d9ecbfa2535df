//! StableLM: LayerNorms; attention and feed-forward network read one normalised input where the second has no norm.

use crate::kernels::{NormKind, RopeStyle};
use crate::model::block::{Attention, FeedForward, HeadNorms, Layer, Residual};
use crate::model::config::Arch;
use crate::model::keys::Field;
use crate::weights::LayerTensor;

pub(super) const STABLELM: Arch = Arch {
    layer: |hyper, layer| {
        let has = |tensor| hyper.present.contains(tensor);
        let head_norms = if has(LayerTensor::QNorm) { HeadNorms::OwnWeights } else { HeadNorms::None };
        let own_norm = Some(LayerTensor::FfnNorm).filter(|norm| has(*norm));
        let attention = Attention { head_norms, ..Attention::of(hyper, layer) };
        let residual = if own_norm.is_some() { Residual::Sequential } else { Residual::Parallel };
        Layer { residual, ..Layer::of(attention, FeedForward { norm_before: own_norm, ..FeedForward::of(hyper, layer) }) }
    },
    optional: &[
        LayerTensor::AttnNormBias,
        LayerTensor::QBias,
        LayerTensor::KBias,
        LayerTensor::VBias,
        LayerTensor::QNorm,
        LayerTensor::FfnNorm,
        LayerTensor::FfnNormBias,
    ],
    norm_eps: Field::LayerNormEps,
    // The tensors say whether it is parallel.
    keys: &[Field::LayerNormEps, Field::Parallel],
    configure: |_, hyper| {
        (hyper.rope_style, hyper.norm) = (RopeStyle::Halves, NormKind::Layer);
        Ok(())
    },
    ..Arch::PLAIN
};
