//! LFM2: short convolutions, and attention in some layers.

use crate::kernels::RopeStyle;
use crate::model::block::{Attention, FeedForward, HeadNorms, Layer, ShortConvolution};
use crate::model::config::Arch;
use crate::model::hyper::MAX_KERNEL;
use crate::model::keys::Field;
use crate::weights::Role;

pub(super) const LFM2: Arch = Arch {
    layer: |hyper, layer| {
        let ffn = FeedForward::of(hyper, layer);
        if hyper.recurrent.contains(layer) {
            return Layer::of(ShortConvolution::of(hyper), ffn);
        }
        let attention = Attention { head_norms: HeadNorms::Heads, ..Attention::of(hyper, layer) };
        Layer::of(attention, ffn)
    },
    last_norm: Role::TokenEmbdNorm,
    keys: &[Field::ShortConvKernel],
    configure: |values, hyper| {
        hyper.rope_style = RopeStyle::Halves;
        hyper.conv_kernel = values.need(Field::ShortConvKernel, MAX_KERNEL)?;
        Ok(())
    },
    ..Arch::PLAIN
};
