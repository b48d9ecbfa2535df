//! Gemma 4: heads that are narrower in layers with a window, values that are normalised, layers that share keys and values, and
//! inputs of single layers.

use crate::kernels::{Act, MAX_HEAD_DIM, RopeStyle};
use crate::model::block::{Attention, FeedForward, HeadNorms, Layer, PerLayerInput};
use crate::model::config::Arch;
use crate::model::error::ConfigError;
use crate::model::hyper::Hyper;
use crate::model::keys::{Field, Values};
use crate::simd::math::sqrt;

/// The greatest width of a layer's input, far above that of any model that is made.
const MAX_WIDTH: u64 = 1 << 14;

pub(super) const GEMMA4: Arch = Arch {
    layer: |hyper, layer| {
        let attention = Attention {
            head_norms: HeadNorms::Heads,
            norm_values: true,
            norm_after: true,
            ..Attention::of(hyper, layer)
        };
        let ffn = FeedForward { norm_after: true, ..FeedForward::of(hyper, layer) };
        let after = PerLayerInput::of(hyper).map(Into::into);
        Layer { after, scaled: true, ..Layer::of(attention, ffn) }
    },
    keys: &[
        Field::Window,
        Field::WindowPattern,
        Field::WindowBase,
        Field::RotatedWindowed,
        Field::KeyLengthWindowed,
        Field::ValueLengthWindowed,
        Field::LogitCap,
        Field::SharedKvLayers,
        Field::LayerInputWidth,
    ],
    configure: |values, hyper| {
        (hyper.rope_style, hyper.act) = (RopeStyle::Halves, Act::Gelu);
        hyper.embedding_scale = sqrt(hyper.n_embd as f32);
        hyper.attention_scale = 1.0;
        hyper.logit_cap = values.float(Field::LogitCap, true)?.unwrap_or(0.0);
        hyper.rope_base_windowed = values.float(Field::WindowBase, false)?.unwrap_or(10_000.0);
        hyper.layer_input_width = values.count(Field::LayerInputWidth, MAX_WIDTH)?;
        hyper.read_windows(values, 6)?;
        read_windowed_heads(values, hyper)?;
        read_shared_layers(values, hyper)
    },
    ..Arch::PLAIN
};

/// Reads the widths of heads in layers with a window.
fn read_windowed_heads(values: &Values, hyper: &mut Hyper) -> Result<(), ConfigError> {
    let head_dim = values.uint(Field::KeyLengthWindowed, MAX_HEAD_DIM as u64)?.unwrap_or(hyper.head_dim);
    values.fixed(Field::ValueLengthWindowed, |n| n == head_dim as f32)?;
    let n_rot = values.uint(Field::RotatedWindowed, head_dim.into())?.unwrap_or(hyper.n_rot.min(head_dim));
    if n_rot % 2 != 0 {
        return Err(ConfigError::Odd { what: Field::RotatedWindowed.key(), value: n_rot });
    }
    hyper.windowed_heads = [head_dim, n_rot];
    Ok(())
}

/// Reads how many of the last layers have no keys and values of their own.
fn read_shared_layers(values: &Values, hyper: &mut Hyper) -> Result<(), ConfigError> {
    let shared = values.count(Field::SharedKvLayers, u64::from(hyper.n_layer.saturating_sub(1)))?;
    hyper.n_own_kv = hyper.n_layer.saturating_sub(shared);
    let is_known = |layer| hyper.kv_layer(layer) < hyper.n_own_kv;
    if (0..hyper.n_layer).all(is_known) {
        Ok(())
    } else {
        Err(ConfigError::Unsupported { key: Field::SharedKvLayers.key() })
    }
}
