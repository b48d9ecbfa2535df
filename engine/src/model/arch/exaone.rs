//! EXAONE 4: norms after each block and of each head. The model of 64 layers has windows, and its other layers do not rotate.

use crate::kernels::RopeStyle;
use crate::model::block::{Attention, FeedForward, HeadNorms, Layer, Rotation};
use crate::model::config::Arch;
use crate::model::keys::Field;

pub(super) const EXAONE4: Arch = Arch {
    layer: |hyper, layer| {
        let windows = !hyper.windowed.is_empty();
        let rotation = if windows && hyper.window_of(layer).is_none() { Rotation::None } else { Rotation::Global };
        let attention = Attention {
            rotation,
            head_norms: HeadNorms::Heads,
            norm_before: false,
            norm_after: true,
            ..Attention::of(hyper, layer)
        };
        Layer::of(attention, FeedForward { norm_before: None, norm_after: true, ..FeedForward::of(hyper, layer) })
    },
    // llama.cpp has one base for all layers, whatever the second key says.
    keys: &[Field::Window, Field::WindowPattern, Field::WindowBase],
    configure: |values, hyper| {
        hyper.rope_style = RopeStyle::Halves;
        if hyper.n_layer == 64 { hyper.read_windows(values, 4) } else { Ok(()) }
    },
    ..Arch::PLAIN
};
