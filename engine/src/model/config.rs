//! A model's hyperparameters, read from its metadata and checked once.

use super::arch::Arch;
use crate::flash::{Flash, Source};
use crate::gguf::{Gguf, GgufError, Name, NameAt, Value};
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
    UnknownArchitecture(NameAt),
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

impl ConfigError {
    /// Where the name of what is at fault lies, if it has one.
    #[must_use]
    pub fn name(&self) -> NameAt {
        match *self {
            ConfigError::Gguf(error) => error.name(),
            ConfigError::UnknownArchitecture(name) => name,
            _ => NameAt::NONE,
        }
    }

    /// The message, with the name if there is one.
    pub(crate) fn write(&self, f: &mut core::fmt::Formatter<'_>, name: &Name) -> core::fmt::Result {
        match *self {
            ConfigError::Gguf(e) => e.write(f, name),
            ConfigError::NoArchitecture => f.write_str("general.architecture is missing or not a string"),
            ConfigError::UnknownArchitecture(_) => {
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

impl core::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.write(f, &Name::EMPTY)
    }
}

impl core::error::Error for ConfigError {}

/// Declares the keys that follow an architecture's name, so that all are looked up by one loop.
macro_rules! fields {
    ($($field:ident $name:literal,)+) => {
        #[derive(Clone, Copy)]
        enum Field { $($field,)+ }

        impl Field {
            const NAMES: &[&str] = &[$($name,)+];

            const fn key(self) -> Key {
                match self { $(Field::$field => Key($name),)+ }
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
    Experts "expert_count",
    Rotated "rope.dimension_count",
    Context "context_length",
    NormEps "attention.layer_norm_rms_epsilon",
    RopeBase "rope.freq_base",
    ScaleLinear "rope.scale_linear",
    ScalingFactor "rope.scaling.factor",
    ScalingType "rope.scaling.type",
    OriginalContext "rope.scaling.original_context_length",
    Window "attention.sliding_window",
    // Factors and soft caps that would change results and are not applied.
    Scale "attention.scale",
    AttnCap "attn_logit_softcapping",
    FinalCap "final_logit_softcapping",
    LogitScale "logit_scale",
    ResidualScale "residual_scale",
    EmbeddingScale "embedding_scale",
    AttnFactor "rope.scaling.attn_factor",
    YarnAttnFactor "rope.scaling.yarn_attn_factor",
    YarnExtFactor "rope.scaling.yarn_ext_factor",
}

/// The fields that must be absent, 0 or 1.
const SCALES: [Field; 9] = [
    Field::Scale,
    Field::AttnCap,
    Field::FinalCap,
    Field::LogitScale,
    Field::ResidualScale,
    Field::EmbeddingScale,
    Field::AttnFactor,
    Field::YarnAttnFactor,
    Field::YarnExtFactor,
];

/// Bytes that are read of `rope.scaling.type`: more than any supported one has.
const SCALING_BYTES: usize = 8;

/// The values of an architecture's keys, in the order of [`Field`].
struct Values([Option<Value>; Field::NAMES.len()]);

impl Values {
    fn of(&self, field: Field) -> Option<Value> {
        self.0.get(field as usize).copied().flatten()
    }

    fn uint(&self, field: Field, max: u64) -> Result<Option<u32>, ConfigError> {
        let (Some(value), key) = (self.of(field), field.key()) else { return Ok(None) };
        let value = value.as_uint().ok_or(ConfigError::WrongType(key))?;
        match u32::try_from(value) {
            Ok(n) if value >= 1 && value <= max => Ok(Some(n)),
            _ => Err(ConfigError::Range { key, value, min: 1, max }),
        }
    }

    fn need(&self, field: Field, max: u64) -> Result<u32, ConfigError> {
        self.uint(field, max)?.ok_or(ConfigError::Missing(field.key()))
    }

    /// A finite number above 0, or 0 itself if `zero` allows it.
    fn float(&self, field: Field, zero: bool) -> Result<Option<f32>, ConfigError> {
        let (Some(value), key) = (self.of(field), field.key()) else { return Ok(None) };
        let value = value.as_f32().ok_or(ConfigError::WrongType(key))?;
        let valid = value.is_finite() && (value > 0.0 || zero && value == 0.0);
        if valid { Ok(Some(value)) } else { Err(ConfigError::BadNumber { key, value }) }
    }

    fn refuse_scales(&self) -> Result<(), ConfigError> {
        for field in SCALES {
            let Some(value) = self.of(field) else { continue };
            if value.as_f32().is_none_or(|v| v != 0.0 && v != 1.0) {
                return Err(ConfigError::Unsupported { key: field.key() });
            }
        }
        Ok(())
    }

    /// `ty` is the text of the scaling's type, if that is a short string.
    fn rope_scaling(&self, ty: &[u8], ctx_train: u32) -> Result<RopeScaling, ConfigError> {
        let old = self.float(Field::ScaleLinear, false)?;
        let factor = self.float(Field::ScalingFactor, false)?.or(old).unwrap_or(1.0);
        let key = Field::ScalingType.key();
        match self.of(Field::ScalingType) {
            None => return Ok(if factor == 1.0 { RopeScaling::None } else { RopeScaling::Linear { factor } }),
            Some(Value::Str(_)) => {}
            Some(_) => return Err(ConfigError::WrongType(key)),
        }
        match ty {
            b"none" => Ok(RopeScaling::None),
            b"linear" => Ok(RopeScaling::Linear { factor }),
            b"yarn" if cfg!(feature = "yarn") => {
                let original = self.uint(Field::OriginalContext, u64::from(u32::MAX))?;
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
        let mut values = Values([None; Field::NAMES.len()]);
        gguf.find_all(source, [arch.name, "."], Field::NAMES, &mut values.0).await?;
        let mut scaling = Name::EMPTY;
        if let Some(Value::Str(ty)) = values.of(Field::ScalingType) {
            source.read(ty.offset, scaling.room(ty.len.min(SCALING_BYTES as u64))).await.map_err(GgufError::Flash)?;
        }
        ModelConfig::check(arch, &values, scaling.as_bytes(), n_vocab)
    }

    fn check(arch: &'static Arch, values: &Values, scaling: &[u8], n_vocab: u32) -> Result<Self, ConfigError> {
        // Far above any model that is made, and low enough that products of two fit in u64.
        let (wide, deep) = (1 << 20, 1024);
        let n_layer = values.need(Field::Layers, deep)?;
        let n_embd = values.need(Field::Width, wide)?;
        let n_ff = values.need(Field::FeedForward, wide)?;
        let n_head = values.need(Field::Heads, wide)?;
        let n_head_kv = values.uint(Field::KvHeads, wide)?.unwrap_or(n_head);
        if n_head_kv > n_head || !n_head.is_multiple_of(n_head_kv) {
            return Err(ConfigError::HeadCounts { n_head, n_head_kv });
        }
        let max_head = MAX_HEAD_DIM as u64;
        let head_dim = match values.uint(Field::KeyLength, max_head)? {
            Some(n) => n,
            None => {
                let key = Field::Heads.key();
                let error = ConfigError::Range { key, value: n_head.into(), min: 1, max: n_embd.into() };
                let even = |&dim: &u32| n_embd.is_multiple_of(n_head) && u64::from(dim) <= max_head;
                n_embd.checked_div(n_head).filter(even).ok_or(error)?
            }
        };
        let value_length = values.uint(Field::ValueLength, max_head)?.unwrap_or(head_dim);
        if value_length != head_dim {
            return Err(ConfigError::Unsupported { key: Field::ValueLength.key() });
        }
        values.refuse_scales()?;
        if let Some(value) = values.of(Field::Experts)
            && value.as_uint() != Some(0)
        {
            return Err(ConfigError::Unsupported { key: Field::Experts.key() });
        }
        let n_rot = values.uint(Field::Rotated, head_dim.into())?.unwrap_or(head_dim);
        if n_rot % 2 != 0 {
            return Err(ConfigError::Odd { what: Field::Rotated.key(), value: n_rot });
        }
        let ctx_train = values.uint(Field::Context, u64::from(u32::MAX))?.unwrap_or(2048);
        let norm_eps = values.float(Field::NormEps, true)?.ok_or(ConfigError::Missing(Field::NormEps.key()))?;
        let rope_base = values.float(Field::RopeBase, false)?.unwrap_or(10_000.0);
        let rope_scaling = values.rope_scaling(scaling, ctx_train)?;
        let window = match &arch.sliding {
            Some(sliding) => values.uint(Field::Window, u64::from(u32::MAX))?.unwrap_or(sliding.default_window),
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

/// The file's architecture; only whole models have one.
async fn architecture<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<&'static Arch, ConfigError> {
    let mut values = [None; 2];
    gguf.find_all(source, ["", ""], &["general.architecture", "split.count"], &mut values).await?;
    let [name, parts] = values;
    let string = name.and_then(|v| v.as_str()).ok_or(ConfigError::NoArchitecture)?;
    let mut name = Name::EMPTY;
    source.read(string.offset, name.room(string.len)).await.map_err(GgufError::Flash)?;
    let arch = Arch::by_name(name.as_bytes()).ok_or(ConfigError::UnknownArchitecture(string.name_at()))?;
    match parts.and_then(|v| v.as_uint()) {
        Some(parts) if parts > 1 => Err(ConfigError::Split { parts }),
        _ => Ok(arch),
    }
}
