//! A model's hyperparameters.

use super::layer_set::{ByLayer, LayerSet};
use crate::kernels::{Act, NormKind, RopeStyle};
use crate::simd::math::rsqrt;
use crate::weights::LayerTensors;
#[cfg(feature = "attention-variants")]
use {
    super::error::ConfigError,
    super::keys::{Field, Values},
    crate::gguf::Value,
};

/// The most tokens that a short convolution sees.
#[cfg(feature = "short-convolution")]
pub(super) const MAX_KERNEL: u64 = 64;

/// The scaling of rotary positions beyond the trained context.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RopeScaling {
    /// Not at all.
    None,
    /// Positions are divided by `factor`.
    Linear {
        /// The divisor.
        factor: f32,
    },
    /// YaRN: low frequencies are divided by `factor`, high ones are not.
    Yarn {
        /// The divisor.
        factor: f32,
        /// The context that the model was trained with.
        original_ctx: u32,
    },
}

/// Widths of a state space block.
#[cfg(feature = "state-space")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateSpaceSizes {
    /// Channels.
    pub inner: u32,
    /// Elements of a channel's state.
    pub n_state: u32,
    /// Step sizes: one a head, or as many as those of all channels are computed from.
    pub n_step: u32,
    /// Groups of heads that share the scan's weights.
    pub n_group: u32,
    /// True if step sizes and the scan's weights are normalised.
    pub normalised: bool,
}

/// Widths of RWKV's time mix.
#[cfg(feature = "rwkv")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeMixSizes {
    /// Elements of a head.
    pub head_dim: u32,
    /// Ranks of the pairs of matrices that give decays, removal rates, shares of the first layer's values, and gates.
    pub ranks: [u32; 4],
}

/// A model's hyperparameters.
#[derive(Clone, Copy, Debug)]
pub struct Hyper {
    /// Layers.
    pub n_layer: u32,
    /// Width of the hidden state.
    pub n_embd: u32,
    /// Tokens in the vocabulary.
    pub n_vocab: u32,
    /// Width of the feed-forward network.
    pub n_ff: ByLayer,
    /// Its activation function.
    pub act: Act,
    /// Query heads.
    pub n_head: u32,
    /// Key and value heads; 0 in layers that have none.
    pub n_head_kv: ByLayer,
    /// Elements of a head.
    pub head_dim: u32,
    /// Elements of a head, and rotary dimensions of it, in layers with a window.
    #[cfg(feature = "per-layer-inputs")]
    pub windowed_heads: [u32; 2],
    /// Which elements of a head rotate together.
    pub rope_style: RopeStyle,
    /// Rotary dimensions of a head.
    pub n_rot: u32,
    /// Tokens that the model was trained to see.
    pub ctx_train: u32,
    /// Added to mean squares and variances.
    pub norm_eps: f32,
    /// Base of the rotary frequencies.
    pub rope_base: f32,
    /// Base of the rotary frequencies of layers with a window.
    pub rope_base_windowed: f32,
    /// Scaling of the rotary frequencies of layers without a window.
    pub rope_scaling: RopeScaling,
    /// True if a linear scaling is that of layers with a window, too.
    pub scales_windowed: bool,
    /// Layers that have no key and value heads.
    pub recurrent: LayerSet,
    /// Tokens that a short convolution sees.
    #[cfg(feature = "short-convolution")]
    pub conv_kernel: u32,
    /// Widths of state space blocks.
    #[cfg(feature = "state-space")]
    pub state_space: StateSpaceSizes,
    /// Widths of RWKV's time mix.
    #[cfg(feature = "rwkv")]
    pub time_mix: TimeMixSizes,
    /// Layers that see a window only.
    pub windowed: LayerSet,
    /// Positions that such a layer sees.
    pub window: u32,
    /// Layers from the first on that have keys and values of their own.
    #[cfg(feature = "per-layer-inputs")]
    pub n_own_kv: u32,
    /// Width of the inputs that single layers have besides the hidden state; 0 for none.
    #[cfg(feature = "per-layer-inputs")]
    pub layer_input_width: u32,
    /// Tokens of the longest session that rotates by [`Role::RopeFactorsShort`](crate::weights::Role); `u32::MAX` for models
    /// without such factors.
    pub original_ctx: u32,
    /// Multiplier of the rotary tables' cosines and sines.
    pub rope_magnitude: f32,
    /// The kind of all norms.
    pub norm: NormKind,
    /// Tensors that some models of the architecture have, and this one too.
    pub present: LayerTensors,
    /// Multiplier of embeddings.
    pub embedding_scale: f32,
    /// Multiplier of each block's output.
    pub residual_scale: f32,
    /// Multiplier of attention scores.
    pub attention_scale: f32,
    /// Soft cap of attention scores; 0 for none.
    pub attention_cap: f32,
    /// Multiplier of logits.
    pub logit_scale: f32,
    /// Soft cap of logits; 0 for none.
    pub logit_cap: f32,
    /// True if a layer's blocks read the same hidden state.
    pub parallel: bool,
    /// False if no layer rotates its heads.
    pub rotates: bool,
}

impl Hyper {
    /// A plain transformer of this many layers, as wide as `n_embd`, with `n_head` heads of `head_dim` elements; its
    /// vocabulary and feed-forward network have no width yet.
    pub(super) fn new([n_layer, n_embd, n_head, head_dim]: [u32; 4]) -> Hyper {
        Hyper {
            n_layer,
            n_embd,
            n_vocab: 0,
            n_ff: ByLayer::all(0),
            act: Act::Silu,
            n_head,
            n_head_kv: ByLayer::all(n_head),
            head_dim,
            #[cfg(feature = "per-layer-inputs")]
            windowed_heads: [head_dim; 2],
            rope_style: RopeStyle::Interleaved,
            n_rot: head_dim,
            ctx_train: 2048,
            norm_eps: 1e-5,
            rope_base: 10_000.0,
            rope_base_windowed: 10_000.0,
            rope_scaling: RopeScaling::None,
            scales_windowed: false,
            recurrent: LayerSet::EMPTY,
            #[cfg(feature = "short-convolution")]
            conv_kernel: 0,
            #[cfg(feature = "state-space")]
            state_space: StateSpaceSizes::default(),
            #[cfg(feature = "rwkv")]
            time_mix: TimeMixSizes::default(),
            windowed: LayerSet::EMPTY,
            window: u32::MAX,
            #[cfg(feature = "per-layer-inputs")]
            n_own_kv: n_layer,
            #[cfg(feature = "per-layer-inputs")]
            layer_input_width: 0,
            original_ctx: u32::MAX,
            rope_magnitude: 1.0,
            norm: NormKind::Rms,
            present: LayerTensors::default(),
            embedding_scale: 1.0,
            residual_scale: 1.0,
            attention_scale: rsqrt(head_dim as f32),
            attention_cap: 0.0,
            logit_scale: 1.0,
            logit_cap: 0.0,
            parallel: false,
            rotates: true,
        }
    }

    /// Reads the widths of state space blocks.
    #[cfg(feature = "state-space")]
    pub(super) fn read_state_space(&mut self, values: &Values) -> Result<(), ConfigError> {
        const WIDE: u64 = 1 << 20;
        const MAX_STATE: u64 = 1 << 10;
        self.conv_kernel = values.need(Field::ConvKernel, MAX_KERNEL)?;
        let inner = values.need(Field::InnerWidth, WIDE)?;
        self.state_space = StateSpaceSizes {
            inner,
            n_state: values.need(Field::StateWidth, MAX_STATE)?,
            n_step: values.need(Field::Steps, inner.into())?,
            n_group: values.uint(Field::ScanGroups, MAX_STATE)?.unwrap_or(1),
            normalised: values.flag(Field::NormalisedScan)?.unwrap_or(false),
        };
        Ok(())
    }

    /// Reads the widths of state space blocks with heads, all of which are alike.
    #[cfg(feature = "state-space")]
    pub(super) fn read_state_space_heads(&mut self, values: &Values) -> Result<(), ConfigError> {
        self.read_state_space(values)?;
        let StateSpaceSizes { inner, n_step, n_group, .. } = self.state_space;
        if inner.is_multiple_of(n_step) && n_step.is_multiple_of(n_group) {
            Ok(())
        } else {
            Err(ConfigError::Unsupported { key: Field::Steps.key() })
        }
    }

    /// Positions that a layer sees, if not all.
    #[must_use]
    pub fn window_of(&self, layer: u32) -> Option<usize> {
        self.windowed.contains(layer).then_some(self.window as usize)
    }

    /// Elements of a head in layers that see everything, and in layers with a window.
    #[must_use]
    pub fn head_dims(&self) -> [u32; 2] {
        #[cfg(feature = "per-layer-inputs")]
        {
            [self.head_dim, self.windowed_heads[0]]
        }
        #[cfg(not(feature = "per-layer-inputs"))]
        {
            [self.head_dim; 2]
        }
    }

    /// Rotary dimensions of heads in layers with a window.
    #[must_use]
    pub fn n_rot_windowed(&self) -> u32 {
        #[cfg(feature = "per-layer-inputs")]
        {
            self.windowed_heads[1]
        }
        #[cfg(not(feature = "per-layer-inputs"))]
        {
            self.n_rot
        }
    }

    /// The layer whose keys and values a layer sees: itself, or the last one of its kind that has its own, if there is one.
    #[must_use]
    pub fn kv_layer(&self, layer: u32) -> u32 {
        #[cfg(feature = "per-layer-inputs")]
        if layer >= self.n_own_kv {
            let is_windowed = |layer| self.windowed.contains(layer);
            let own = (0..self.n_own_kv).rev().find(|&own| is_windowed(own) == is_windowed(layer));
            return own.unwrap_or(layer);
        }
        layer
    }

    /// Reads the windows; a length of 0 stands for none. Without a pattern in the file, every `period`-th layer has none; 0
    /// gives all layers one.
    #[cfg(feature = "attention-variants")]
    pub(super) fn read_windows(&mut self, values: &Values, period: u32) -> Result<(), ConfigError> {
        if values.of(Field::Window).and_then(|value| value.as_uint()) == Some(0) {
            return Ok(());
        }
        let Some(window) = values.uint(Field::Window, u64::from(u32::MAX))? else { return Ok(()) };
        self.window = window;
        let period = match values.of(Field::WindowPattern) {
            Some(Value::Array(_)) => {
                self.windowed = values.windowed;
                return Ok(());
            }
            Some(value) => {
                let wrong = ConfigError::WrongType(Field::WindowPattern.key());
                value.as_uint().and_then(|n| u32::try_from(n).ok()).ok_or(wrong)?
            }
            None => period,
        };
        let has_one = |layer: u32| layer.checked_rem(period).is_none_or(|i| i.saturating_add(1) < period);
        self.windowed = LayerSet::of(self.n_layer, has_one);
        Ok(())
    }
}
