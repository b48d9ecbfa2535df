//! A model's hyperparameters, read from its metadata and checked once.

use super::arch::Arch;
use crate::flash::{Flash, Source};
use crate::gguf::{Gguf, GgufError, Name, Value};
use crate::kernels::MAX_HEAD_DIM;
use crate::simd::math::rsqrt;
use crate::weights::Shapes;

/// A metadata key of an architecture, without its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Key(pub &'static str);

/// How rotary positions are stretched beyond the trained context.
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

/// A model's hyperparameters.
#[derive(Clone, Copy, Debug)]
pub struct ModelConfig {
    /// The architecture.
    pub arch: &'static Arch,
    /// Shapes of all tensors.
    pub shapes: Shapes,
    /// Tokens that the model was trained to see.
    pub ctx_train: u32,
    /// Added to mean squares.
    pub norm_eps: f32,
    /// Base of the rotary frequencies.
    pub rope_base: f32,
    /// Their scaling.
    pub rope_scaling: RopeScaling,
    /// Positions that a windowed layer sees.
    pub window: u32,
    /// What attention scores are multiplied with.
    pub attention_scale: f32,
}

/// Metadata that no supported model has.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ConfigError {
    /// The keys could not be read.
    Gguf(GgufError),
    /// `general.architecture` is missing or not a string.
    NoArchitecture,
    /// An architecture that the engine does not know.
    UnknownArchitecture(Name),
    /// One part of a model that was split into several files.
    Split {
        /// Parts in all.
        parts: u64,
    },
    /// A key that the architecture needs is not there.
    Missing(Key),
    /// A key's value has the wrong type or is negative.
    WrongType(Key),
    /// A key's value is out of range.
    Range {
        /// The key.
        key: Key,
        /// Its value.
        value: u64,
        /// Least value allowed.
        min: u64,
        /// Greatest value allowed.
        max: u64,
    },
    /// A key's value is not finite, or has the wrong sign.
    BadNumber {
        /// The key.
        key: Key,
        /// Its value.
        value: f32,
    },
    /// Query heads do not share key heads evenly.
    HeadCounts {
        /// Query heads.
        n_head: u32,
        /// Key heads.
        n_head_kv: u32,
    },
    /// Rotary dimensions, which are a head's where the key is missing, must be even.
    Odd {
        /// The key.
        what: Key,
        /// Its value, or what stands for it.
        value: u32,
    },
    /// A feature that the engine does not have.
    Unsupported {
        /// The key that asks for it.
        key: Key,
    },
}

impl From<GgufError> for ConfigError {
    fn from(e: GgufError) -> Self {
        ConfigError::Gguf(e)
    }
}

impl core::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            ConfigError::Gguf(e) => e.fmt(f),
            ConfigError::NoArchitecture => f.write_str("general.architecture is missing or not a string"),
            ConfigError::UnknownArchitecture(name) => {
                write!(f, "architecture {name} is not supported; supported:")?;
                Arch::names().try_for_each(|name| write!(f, " {name}"))
            }
            ConfigError::Split { parts } => {
                write!(f, "this file is one of {parts} parts; merge them first (llama-gguf-split --merge)")
            }
            ConfigError::Missing(key) => write!(f, "metadata key *.{} is missing", key.0),
            ConfigError::WrongType(key) => write!(f, "metadata key *.{} has the wrong type", key.0),
            ConfigError::Range { key, value, min, max } => {
                write!(f, "metadata key *.{} is {value}; {min} to {max} are allowed", key.0)
            }
            // Not the number itself: formatting floats would bring panics.
            ConfigError::BadNumber { key, value } => {
                let what = match value {
                    v if !v.is_finite() => "not finite",
                    0.0 => "zero",
                    _ => "negative",
                };
                write!(f, "metadata key *.{} is {what}", key.0)
            }
            ConfigError::HeadCounts { n_head, n_head_kv } => {
                write!(f, "{n_head} query heads cannot share {n_head_kv} key heads evenly")
            }
            ConfigError::Odd { what, value } => write!(f, "*.{} is {value}; it must be even", what.0),
            ConfigError::Unsupported { key } => write!(f, "metadata key *.{} asks for what is not supported", key.0),
        }
    }
}

impl core::error::Error for ConfigError {}

/// Reads an architecture's keys.
struct Keys<'k, 'm, F> {
    gguf: &'k Gguf,
    source: &'k mut Source<'m, F>,
    arch: &'static Arch,
}

impl<F: Flash> Keys<'_, '_, F> {
    async fn find(&mut self, key: Key) -> Result<Option<Value>, ConfigError> {
        Ok(self.gguf.find(self.source, &[self.arch.name, ".", key.0]).await?)
    }

    async fn uint(&mut self, key: &'static str, max: u64) -> Result<Option<u32>, ConfigError> {
        let key = Key(key);
        let Some(value) = self.find(key).await? else { return Ok(None) };
        let value = value.as_uint().ok_or(ConfigError::WrongType(key))?;
        match u32::try_from(value) {
            Ok(n) if value >= 1 && value <= max => Ok(Some(n)),
            _ => Err(ConfigError::Range { key, value, min: 1, max }),
        }
    }

    async fn need(&mut self, key: &'static str, max: u64) -> Result<u32, ConfigError> {
        self.uint(key, max).await?.ok_or(ConfigError::Missing(Key(key)))
    }

    async fn float(&mut self, key: &'static str, valid: impl Fn(f32) -> bool) -> Result<Option<f32>, ConfigError> {
        let key = Key(key);
        let Some(value) = self.find(key).await? else { return Ok(None) };
        let value = value.as_f32().ok_or(ConfigError::WrongType(key))?;
        if value.is_finite() && valid(value) { Ok(Some(value)) } else { Err(ConfigError::BadNumber { key, value }) }
    }

    /// Refuses factors and soft caps that would change results and are not applied.
    async fn refuse_scales(&mut self) -> Result<(), ConfigError> {
        for key in [
            "attention.scale",
            "attn_logit_softcapping",
            "final_logit_softcapping",
            "logit_scale",
            "residual_scale",
            "embedding_scale",
            "rope.scaling.attn_factor",
            "rope.scaling.yarn_attn_factor",
            "rope.scaling.yarn_ext_factor",
        ] {
            let Some(value) = self.find(Key(key)).await? else { continue };
            if value.as_f32().is_none_or(|v| v != 0.0 && v != 1.0) {
                return Err(ConfigError::Unsupported { key: Key(key) });
            }
        }
        Ok(())
    }

    async fn rope_scaling(&mut self, ctx_train: u32) -> Result<RopeScaling, ConfigError> {
        let positive = |v: f32| v > 0.0;
        let old = self.float("rope.scale_linear", positive).await?;
        let factor = self.float("rope.scaling.factor", positive).await?.or(old).unwrap_or(1.0);
        let key = Key("rope.scaling.type");
        let ty = match self.find(key).await? {
            None => return Ok(if factor == 1.0 { RopeScaling::None } else { RopeScaling::Linear { factor } }),
            Some(value) => value.as_str().ok_or(ConfigError::WrongType(key))?,
        };
        let mut buf = [0; 8];
        let ty = if ty.len <= 8 { ty.read(self.source, &mut buf).await? } else { b"?" };
        match ty {
            b"none" => Ok(RopeScaling::None),
            b"linear" => Ok(RopeScaling::Linear { factor }),
            b"yarn" => {
                let original = self.uint("rope.scaling.original_context_length", u64::from(u32::MAX)).await?;
                Ok(RopeScaling::Yarn { factor, original_ctx: original.unwrap_or(ctx_train) })
            }
            _ => Err(ConfigError::Unsupported { key }),
        }
    }
}

impl ModelConfig {
    /// Reads and checks a model's metadata; `n_vocab` is the length of its token list.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub async fn read<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>, n_vocab: u32) -> Result<Self, ConfigError> {
        let arch = architecture(gguf, source).await?;
        if let Some(parts) = gguf.find(source, &["split.count"]).await?.and_then(|v| v.as_uint()).filter(|&n| n > 1) {
            return Err(ConfigError::Split { parts });
        }
        let mut keys = Keys { gguf, source, arch };
        // Far above any model that is made, and low enough that products of two fit in u64.
        let (wide, deep) = (1 << 20, 1024);
        let n_layer = keys.need("block_count", deep).await?;
        let n_embd = keys.need("embedding_length", wide).await?;
        let n_ff = keys.need("feed_forward_length", wide).await?;
        let n_head = keys.need("attention.head_count", wide).await?;
        let n_head_kv = keys.uint("attention.head_count_kv", wide).await?.unwrap_or(n_head);
        if n_head_kv > n_head || !n_head.is_multiple_of(n_head_kv) {
            return Err(ConfigError::HeadCounts { n_head, n_head_kv });
        }
        let max_head = MAX_HEAD_DIM as u64;
        let head_dim = match keys.uint("attention.key_length", max_head).await? {
            Some(n) => n,
            None => {
                let key = Key("attention.head_count");
                let error = ConfigError::Range { key, value: n_head.into(), min: 1, max: n_embd.into() };
                let even = |&dim: &u32| n_embd.is_multiple_of(n_head) && u64::from(dim) <= max_head;
                n_embd.checked_div(n_head).filter(even).ok_or(error)?
            }
        };
        let value_length = keys.uint("attention.value_length", max_head).await?.unwrap_or(head_dim);
        if value_length != head_dim {
            return Err(ConfigError::Unsupported { key: Key("attention.value_length") });
        }
        keys.refuse_scales().await?;
        if let Some(value) = keys.find(Key("expert_count")).await?
            && value.as_uint() != Some(0)
        {
            return Err(ConfigError::Unsupported { key: Key("expert_count") });
        }
        let rot_key = Key("rope.dimension_count");
        let n_rot = keys.uint(rot_key.0, head_dim.into()).await?.unwrap_or(head_dim);
        if n_rot % 2 != 0 {
            return Err(ConfigError::Odd { what: rot_key, value: n_rot });
        }
        let ctx_train = keys.uint("context_length", u64::from(u32::MAX)).await?.unwrap_or(2048);
        let eps_key = "attention.layer_norm_rms_epsilon";
        let norm_eps = keys.float(eps_key, |v| v >= 0.0).await?.ok_or(ConfigError::Missing(Key(eps_key)))?;
        let rope_base = keys.float("rope.freq_base", |v| v > 0.0).await?.unwrap_or(10_000.0);
        let rope_scaling = keys.rope_scaling(ctx_train).await?;
        let window = match &arch.sliding {
            Some(sliding) => {
                let window = keys.uint("attention.sliding_window", u64::from(u32::MAX)).await?;
                window.unwrap_or(sliding.default_window)
            }
            None => u32::MAX,
        };
        let share = n_embd.checked_div(n_head).unwrap_or(head_dim);
        let scaled_width = if arch.scores_by_width_at == Some(n_layer) { share } else { head_dim };
        let attention_scale = rsqrt(scaled_width as f32);
        let extra_vectors = arch.extra_vectors;
        let shapes = Shapes { n_layer, n_embd, n_head, n_head_kv, head_dim, n_ff, n_vocab, n_rot, extra_vectors };
        Ok(ModelConfig { arch, shapes, ctx_train, norm_eps, rope_base, rope_scaling, window, attention_scale })
    }

    /// Positions that a layer sees, if not all.
    #[must_use]
    pub fn window_of(&self, layer: u32) -> Option<usize> {
        self.arch.is_windowed(layer).then_some(self.window as usize)
    }
}

async fn architecture<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<&'static Arch, ConfigError> {
    let name = gguf.find(source, &["general.architecture"]).await?.and_then(|v| v.as_str());
    let string = name.ok_or(ConfigError::NoArchitecture)?;
    let mut name = Name::EMPTY;
    source.read(string.offset, name.room(string.len)).await.map_err(GgufError::Flash)?;
    Arch::by_name(name.as_bytes()).ok_or(ConfigError::UnknownArchitecture(name))
}
