//! Gemma 2 and 3: norms before and after each block, layers with a window, soft caps.

use crate::kernels::{Act, RopeStyle};
use crate::model::block::{Attention, FeedForward, HeadNorms, Layer};
use crate::model::config::Arch;
use crate::model::error::ConfigError;
use crate::model::hyper::Hyper;
use crate::model::keys::{Field, Values};
use crate::simd::math::{rsqrt, sqrt};

pub(super) const GEMMA2: Arch = Arch {
    layer: |hyper, layer| gemma(hyper, layer, HeadNorms::None),
    keys: &[Field::Window, Field::WindowPattern, Field::WindowBase, Field::AttentionCap, Field::LogitCap],
    configure: |values, hyper| {
        hyper.attention_cap = values.float(Field::AttentionCap, true)?.unwrap_or(50.0);
        hyper.logit_cap = values.float(Field::LogitCap, true)?.unwrap_or(30.0);
        hyper.rope_base_windowed = values.float(Field::WindowBase, false)?.unwrap_or(hyper.rope_base);
        hyper.scales_windowed = true;
        // The model of 27 billion weights has 46 layers.
        configure(values, hyper, 2, 46)
    },
    ..Arch::PLAIN
};

pub(super) const GEMMA3: Arch = Arch {
    layer: |hyper, layer| gemma(hyper, layer, HeadNorms::Heads),
    keys: &[Field::Window, Field::WindowPattern, Field::WindowBase, Field::RotatedWindowed, Field::LogitCap],
    configure: |values, hyper| {
        hyper.logit_cap = values.float(Field::LogitCap, true)?.unwrap_or(0.0);
        values.fixed(Field::RotatedWindowed, |n| n == hyper.n_rot as f32)?;
        configure(values, hyper, 6, 62)?;
        if !hyper.windowed.is_empty() {
            hyper.rope_base_windowed = values.float(Field::WindowBase, false)?.unwrap_or(10_000.0);
        }
        Ok(())
    },
    ..Arch::PLAIN
};

fn gemma(hyper: &Hyper, layer: u32, head_norms: HeadNorms) -> Layer {
    let attention = Attention { head_norms, norm_after: true, ..Attention::of(hyper, layer) };
    Layer::of(attention, FeedForward { norm_after: true, ..FeedForward::of(hyper, layer) })
}

/// Every `period`-th layer has no window. The model of `largest` layers scales scores by the hidden state's width, which its
/// file does not say.
fn configure(values: &Values, hyper: &mut Hyper, period: u32, largest: u32) -> Result<(), ConfigError> {
    (hyper.rope_style, hyper.act) = (RopeStyle::Halves, Act::Gelu);
    hyper.embedding_scale = sqrt(hyper.n_embd as f32);
    hyper.read_windows(values, period)?;
    if hyper.n_layer == largest {
        hyper.attention_scale = rsqrt(hyper.n_embd.checked_div(hyper.n_head).unwrap_or(1) as f32);
    }
    Ok(())
}
