//! Qwen 2 and 2.5, which have biases, and Qwen 3, which has norms of heads.

use super::BIASES;
use crate::kernels::RopeStyle;
use crate::model::block::{Attention, FeedForward, HeadNorms, Layer};
use crate::model::config::Arch;
use crate::model::error::ConfigError;
use crate::model::hyper::Hyper;
use crate::model::keys::Values;

pub(super) const QWEN2: Arch = Arch { optional: BIASES, configure, ..Arch::PLAIN };

pub(super) const QWEN3: Arch = Arch {
    layer: |hyper, layer| {
        let attention = Attention { head_norms: HeadNorms::Heads, ..Attention::of(hyper, layer) };
        Layer::of(attention, FeedForward::of(hyper, layer))
    },
    optional: BIASES,
    configure,
    ..Arch::PLAIN
};

fn configure(_: &Values, hyper: &mut Hyper) -> Result<(), ConfigError> {
    hyper.rope_style = RopeStyle::Halves;
    Ok(())
}
