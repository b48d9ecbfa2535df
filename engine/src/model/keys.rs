//! Metadata keys of an architecture: those that are looked up, and those that change no result.
//!
//! Any other key under an architecture's prefix is refused, because a key that is not understood may change results. The
//! names are those of llama.cpp and of PyPI `gguf`.

use super::error::{ConfigError, Key};
use super::layer_set::ByLayer;
#[cfg(feature = "attention-variants")]
use super::layer_set::LayerSet;
use crate::gguf::{PrefixedKey, Value};

/// Declares the keys that follow an architecture's name, so that all are looked up by one loop.
macro_rules! fields {
    ($($field:ident $name:literal,)+; some $($more:ident $more_name:literal,)+) => {
        /// A key that is looked up.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Field { $($field,)+ $(#[cfg(feature = "attention-variants")] $more,)+ }

        impl Field {
            /// The keys without the prefix, in the order of the fields.
            pub(super) const NAMES: &[&str] =
                &[$($name,)+ $(#[cfg(feature = "attention-variants")] $more_name,)+];
            /// The fields that only some architectures read.
            const SOME: &[Field] = &[$(#[cfg(feature = "attention-variants")] Field::$more,)+];

            pub(super) const fn key(self) -> Key {
                match self {
                    $(Field::$field => Key($name),)+
                    $(#[cfg(feature = "attention-variants")] Field::$more => Key($more_name),)+
                }
            }
        }
    };
}

fields! {
    Layers "block_count",
    Width "embedding_length",
    FeedForward "feed_forward_length",
    Heads "attention.head_count",
    KvHeads "attention.head_count_kv",
    KeyLength "attention.key_length",
    ValueLength "attention.value_length",
    Rotated "rope.dimension_count",
    Context "context_length",
    NormEps "attention.layer_norm_rms_epsilon",
    RopeBase "rope.freq_base",
    ScaleLinear "rope.scale_linear",
    ScalingFactor "rope.scaling.factor",
    ScalingType "rope.scaling.type",
    OriginalContext "rope.scaling.original_context_length",
    Window "attention.sliding_window",
    WindowPattern "attention.sliding_window_pattern",
    WindowBase "rope.freq_base_swa",
    Scale "attention.scale",
    YarnExtFactor "rope.scaling.yarn_ext_factor",
    ; some
    LayerNormEps "attention.layer_norm_epsilon",
    AttentionCap "attn_logit_softcapping",
    LogitCap "final_logit_softcapping",
    EmbeddingScale "embedding_scale",
    ResidualScale "residual_scale",
    LogitScale "logit_scale",
    Rotates "rope.scaling.finetuned",
    AttnFactor "rope.scaling.attn_factor",
    YarnAttnFactor "rope.scaling.yarn_attn_factor",
    Parallel "use_parallel_residual",
    RotatedWindowed "rope.dimension_count_swa",
    ShortConvKernel "shortconv.l_cache",
    ConvKernel "ssm.conv_kernel",
    InnerWidth "ssm.inner_size",
    StateWidth "ssm.state_size",
    Steps "ssm.time_step_rank",
    ScanGroups "ssm.group_count",
    NormalisedScan "ssm.dt_b_c_rms",
    HeadSize "wkv.head_size",
    DecayRank "attention.decay_lora_rank",
    RateRank "attention.iclr_lora_rank",
    ValueRank "attention.value_residual_mix_lora_rank",
    GateRank "attention.gate_lora_rank",
    LayerInputWidth "embedding_length_per_layer_input",
    SharedKvLayers "attention.shared_kv_layers",
    KeyLengthWindowed "attention.key_length_swa",
    ValueLengthWindowed "attention.value_length_swa",
}

/// Keys that an architecture does not look up, without the prefix, and the values that ask for what the engine does anyway;
/// an empty list stands for all values.
static HARMLESS: &[(&str, &[f32])] = &[
    // Said by the vocabulary, the tensors and the caller.
    ("vocab_size", &[]),
    ("tensor_data_layout", &[]),
    ("rope.scaling.finetuned", &[]),
    ("pooling_type", &[]),
    // Converters write it where a configuration has the word, for models with RMS norms too.
    ("attention.layer_norm_epsilon", &[]),
    ("attention.causal", &[1.0]),
    ("use_parallel_residual", &[0.0]),
    // 0 turns them off.
    ("attn_logit_softcapping", &[0.0]),
    ("final_logit_softcapping", &[0.0]),
    ("attention.clamp_kqv", &[0.0]),
    ("attention.max_alibi_bias", &[0.0]),
    ("expert_count", &[0.0]),
    ("expert_used_count", &[0.0]),
    ("expert_shared_count", &[0.0]),
    // The tensors say whether there are experts.
    ("expert_shared_feed_forward_length", &[]),
    ("logit_scale", &[0.0, 1.0]),
    ("residual_scale", &[0.0, 1.0]),
    ("embedding_scale", &[0.0, 1.0]),
    ("rope.scaling.attn_factor", &[1.0]),
    ("rope.scaling.yarn_attn_factor", &[1.0]),
    ("rope.scaling.yarn_beta_fast", &[32.0]),
    ("rope.scaling.yarn_beta_slow", &[1.0]),
    ("rope.scaling.yarn_log_multiplier", &[0.0]),
];

/// A number of any type, or a boolean as 0 or 1.
fn number(value: Value) -> Option<f32> {
    let uint = value.as_uint().map(|n| n as f32);
    uint.or(value.as_f32()).or(value.as_bool().map(|b| if b { 1.0 } else { 0.0 }))
}

/// Checks a key if it is none of those that all architectures look up or that are `read` by this one: it must be one that
/// changes no result.
///
/// # Errors
/// [`ConfigError::RefusedKey`].
pub(super) fn check(key: &PrefixedKey<'_>, read: &[Field]) -> Result<(), ConfigError> {
    let is = |field: &Field| field.key().0.as_bytes() == key.rest;
    if key.known && (!Field::SOME.iter().any(is) || read.iter().any(is)) {
        return Ok(());
    }
    let listed = HARMLESS.iter().find(|(name, _)| name.as_bytes() == key.rest);
    match listed {
        Some((_, [])) => Ok(()),
        Some((_, values)) if number(key.value).is_some_and(|n| values.contains(&n)) => Ok(()),
        _ => Err(ConfigError::RefusedKey { index: key.index, name: key.key.name_at(), known: listed.is_some() }),
    }
}

/// The values of an architecture's keys.
pub(super) struct Values {
    /// In the order of [`Field`].
    pub(super) values: [Option<Value>; Field::NAMES.len()],
    /// The layers with a window, where the pattern is an array.
    #[cfg(feature = "attention-variants")]
    pub(super) windowed: LayerSet,
    /// The number of key heads, where it is an array; 0 in recurrent layers.
    #[cfg(feature = "attention-variants")]
    pub(super) n_head_kv: Option<ByLayer>,
    /// The width of the feed-forward network, where it is an array.
    #[cfg(feature = "attention-variants")]
    pub(super) n_ff: Option<ByLayer>,
}

// Not a constant, which would be as many bytes of flash.
impl Default for Values {
    fn default() -> Self {
        Values {
            values: [None; Field::NAMES.len()],
            #[cfg(feature = "attention-variants")]
            windowed: LayerSet::EMPTY,
            #[cfg(feature = "attention-variants")]
            n_head_kv: None,
            #[cfg(feature = "attention-variants")]
            n_ff: None,
        }
    }
}

impl Values {
    /// Key heads and widths of the feed-forward network, where they are arrays.
    pub(super) fn arrays(&self) -> [Option<ByLayer>; 2] {
        #[cfg(feature = "attention-variants")]
        {
            [self.n_head_kv, self.n_ff]
        }
        #[cfg(not(feature = "attention-variants"))]
        {
            [None; 2]
        }
    }

    pub(super) fn of(&self, field: Field) -> Option<Value> {
        self.values.get(field as usize).copied().flatten()
    }

    pub(super) fn uint(&self, field: Field, max: u64) -> Result<Option<u32>, ConfigError> {
        let (Some(value), key) = (self.of(field), field.key()) else { return Ok(None) };
        let value = value.as_uint().ok_or(ConfigError::WrongType(key))?;
        match u32::try_from(value) {
            Ok(n) if value >= 1 && value <= max => Ok(Some(n)),
            _ => Err(ConfigError::Range { key, value, min: 1, max }),
        }
    }

    pub(super) fn need(&self, field: Field, max: u64) -> Result<u32, ConfigError> {
        self.uint(field, max)?.ok_or(ConfigError::Missing(field.key()))
    }

    /// A number that is 0 where the key is absent.
    #[cfg(feature = "per-layer-inputs")]
    pub(super) fn count(&self, field: Field, max: u64) -> Result<u32, ConfigError> {
        if self.of(field).and_then(|value| value.as_uint()) == Some(0) {
            return Ok(0);
        }
        Ok(self.uint(field, max)?.unwrap_or(0))
    }

    /// A finite number above 0, or 0 itself if `zero` allows it.
    pub(super) fn float(&self, field: Field, zero: bool) -> Result<Option<f32>, ConfigError> {
        let (Some(value), key) = (self.of(field), field.key()) else { return Ok(None) };
        let value = value.as_f32().ok_or(ConfigError::WrongType(key))?;
        let valid = value.is_finite() && (value > 0.0 || zero && value == 0.0);
        if valid { Ok(Some(value)) } else { Err(ConfigError::BadNumber { key, value }) }
    }

    /// A boolean.
    #[cfg(feature = "attention-variants")]
    pub(super) fn flag(&self, field: Field) -> Result<Option<bool>, ConfigError> {
        match self.of(field).map(|value| value.as_bool()) {
            Some(None) => Err(ConfigError::WrongType(field.key())),
            flag => Ok(flag.flatten()),
        }
    }

    /// Checks that the field is absent or has a value that changes no result.
    pub(super) fn fixed(&self, field: Field, changes_nothing: impl Fn(f32) -> bool) -> Result<(), ConfigError> {
        match self.of(field) {
            Some(value) if !number(value).is_some_and(changes_nothing) => {
                Err(ConfigError::Unsupported { key: field.key() })
            }
            _ => Ok(()),
        }
    }
}
