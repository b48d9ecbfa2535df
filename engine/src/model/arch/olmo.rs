//! OLMo 2 and 3: norms after each block and of all queries and keys together; some layers of OLMo 3 have a window.

use crate::kernels::RopeStyle;
use crate::model::block::{Attention, FeedForward, HeadNorms, Layer};
use crate::model::config::Arch;
use crate::model::error::ConfigError;
use crate::model::hyper::RopeScaling;
use crate::model::keys::Field;

pub(super) const OLMO2: Arch = Arch {
    layer: |hyper, layer| {
        let attention = Attention {
            head_norms: HeadNorms::Width,
            norm_before: false,
            norm_after: true,
            ..Attention::of(hyper, layer)
        };
        Layer::of(attention, FeedForward { norm_before: None, norm_after: true, ..FeedForward::of(hyper, layer) })
    },
    // llama.cpp has one base for all layers, whatever the second key says.
    keys: &[Field::Window, Field::WindowPattern, Field::WindowBase, Field::YarnAttnFactor],
    configure: |values, hyper| {
        hyper.rope_style = RopeStyle::Halves;
        hyper.read_windows(values, 4)?;
        // The tables have this magnitude anyway.
        let magnitude = match hyper.rope_scaling {
            RopeScaling::Yarn { factor, .. } => 1.0 + 0.1 * libm::log(f64::from(factor)) as f32,
            _ => 1.0,
        };
        let factor = values.float(Field::YarnAttnFactor, false)?.unwrap_or(1.0);
        let is_known = [1.0, magnitude].iter().any(|known| (factor - known).abs() < 1e-4);
        let key = Field::YarnAttnFactor.key();
        if is_known { Ok(()) } else { Err(ConfigError::Unsupported { key }) }
    },
    ..Arch::PLAIN
};
