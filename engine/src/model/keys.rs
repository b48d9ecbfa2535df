//! Metadata keys of an architecture that change no result, or do not with the values listed.
//!
//! Whatever else a file has under its architecture's prefix is refused: a key that is not understood may be one that
//! changes results. The names are those of llama.cpp and of PyPI `gguf`.

use super::error::ConfigError;
use crate::gguf::{PrefixedKey, Value};

/// Keys, without the prefix, and the values that ask for what the engine does anyway; an empty list stands for all values.
static HARMLESS: &[(&str, &[f32])] = &[
    // Said by the vocabulary, the tensors and the caller.
    ("vocab_size", &[]),
    ("tensor_data_layout", &[]),
    ("rope.scaling.finetuned", &[]),
    ("pooling_type", &[]),
    // These architectures have RMS norms only; converters write it where a configuration has the word.
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
pub(super) fn number(value: Value) -> Option<f32> {
    let uint = value.as_uint().map(|n| n as f32);
    uint.or(value.as_f32()).or(value.as_bool().map(|b| if b { 1.0 } else { 0.0 }))
}

/// Checks a key that is not looked up: it must be one that changes no result.
///
/// # Errors
/// [`ConfigError::RefusedKey`].
pub(super) fn check(key: &PrefixedKey<'_>) -> Result<(), ConfigError> {
    let listed = HARMLESS.iter().find(|(name, _)| name.as_bytes() == key.rest);
    match listed {
        Some((_, [])) => Ok(()),
        Some((_, values)) if number(key.value).is_some_and(|n| values.contains(&n)) => Ok(()),
        _ => Err(ConfigError::RefusedKey { index: key.index, name: key.key.name_at(), known: listed.is_some() }),
    }
}
