//! Phi 3, 3.5 and 4 mini: fused matrices, and rotary factors for long and short sessions.

use crate::kernels::RopeStyle;
use crate::model::block::{Attention, FeedForward, Form, Layer, Rotation};
use crate::model::config::Arch;
use crate::model::keys::Field;

pub(super) const PHI3: Arch = Arch {
    layer: |hyper, layer| {
        let attention = Attention { fused: true, rotation: Rotation::Global, ..Attention::of(hyper, layer) };
        Layer::of(attention, FeedForward { form: Form::Fused, ..FeedForward::of(hyper, layer) })
    },
    keys: &[Field::Window, Field::AttnFactor],
    configure: |values, hyper| {
        hyper.rope_style = RopeStyle::Halves;
        hyper.read_windows(values, 0)?;
        let original = values.uint(Field::OriginalContext, u32::MAX.into())?;
        hyper.original_ctx = original.unwrap_or(hyper.ctx_train).min(u32::MAX - 1);
        hyper.rope_magnitude = values.float(Field::AttnFactor, false)?.unwrap_or(1.0);
        Ok(())
    },
    ..Arch::PLAIN
};
