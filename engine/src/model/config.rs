//! A model's hyperparameters, read from its metadata and checked once.

use super::arch::Arch;
use super::error::{ConfigError, Key};
use super::keys;
use crate::flash::{Flash, Source};
use crate::gguf::{Gguf, GgufError, Name, Value};
use crate::kernels::MAX_HEAD_DIM;
use crate::simd::math::rsqrt;
use crate::weights::Shapes;

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
    Rotated "rope.dimension_count",
    Context "context_length",
    NormEps "attention.layer_norm_rms_epsilon",
    RopeBase "rope.freq_base",
    ScaleLinear "rope.scale_linear",
    ScalingFactor "rope.scaling.factor",
    ScalingType "rope.scaling.type",
    OriginalContext "rope.scaling.original_context_length",
    Window "attention.sliding_window",
    // Their values must ask for what the engine does anyway.
    WindowPattern "attention.sliding_window_pattern",
    WindowBase "rope.freq_base_swa",
    Scale "attention.scale",
    YarnExtFactor "rope.scaling.yarn_ext_factor",
}

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

    /// Checks that the field is absent or has a value that changes no result.
    fn fixed(&self, field: Field, changes_nothing: impl Fn(f32) -> bool) -> Result<(), ConfigError> {
        match self.of(field) {
            Some(value) if !keys::number(value).is_some_and(changes_nothing) => {
                Err(ConfigError::Unsupported { key: field.key() })
            }
            _ => Ok(()),
        }
    }

    /// Positions that a windowed layer sees; without windowed layers no window may be asked for.
    fn window(&self, arch: &Arch, ctx_train: u32) -> Result<u32, ConfigError> {
        let Some(sliding) = &arch.sliding else {
            self.fixed(Field::Window, |n| n == 0.0 || n >= ctx_train as f32)?;
            self.fixed(Field::WindowPattern, |_| false)?;
            self.fixed(Field::WindowBase, |_| false)?;
            return Ok(u32::MAX);
        };
        self.fixed(Field::WindowPattern, |n| n == sliding.global_every as f32)?;
        self.fixed(Field::WindowBase, |base| base == sliding.rope_base)?;
        self.need(Field::Window, u64::from(u32::MAX))
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
    /// Reads and checks a model's metadata; `n_vocab` is the length of its token list. The keys `ignored` count as
    /// absent; the number returned stands for those that the file has, 0 if it has none.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub async fn read<F: Flash>(
        gguf: &Gguf,
        source: &mut Source<'_, F>,
        n_vocab: u32,
        ignored: &[&str],
    ) -> Result<(Self, u32), ConfigError> {
        let arch = architecture(gguf, source).await?;
        let mut values = Values([None; Field::NAMES.len()]);
        let (mut refused, mut left_out) = (Ok(()), 0_u32);
        gguf.find_all(source, [arch.name, "."], Field::NAMES, &mut values.0, &mut |key| {
            let is_ignored = ignored.iter().any(|name| key.is(name));
            if is_ignored {
                left_out = left_out.wrapping_mul(31).wrapping_add(key.index).wrapping_add(1);
            } else if !key.known && refused.is_ok() {
                refused = keys::check(key);
            }
            !is_ignored
        })
        .await?;
        refused?;
        let mut scaling = Name::EMPTY;
        if let Some(Value::Str(ty)) = values.of(Field::ScalingType) {
            source.read(ty.offset, scaling.room(ty.len.min(SCALING_BYTES as u64))).await.map_err(GgufError::Flash)?;
        }
        Ok((ModelConfig::check(arch, &values, scaling.as_bytes(), n_vocab)?, left_out))
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
        let n_rot = values.uint(Field::Rotated, head_dim.into())?.unwrap_or(head_dim);
        if n_rot % 2 != 0 {
            return Err(ConfigError::Odd { what: Field::Rotated.key(), value: n_rot });
        }
        let ctx_train = values.uint(Field::Context, u64::from(u32::MAX))?.unwrap_or(2048);
        let norm_eps = values.float(Field::NormEps, true)?.ok_or(ConfigError::Missing(Field::NormEps.key()))?;
        let rope_base = values.float(Field::RopeBase, false)?.unwrap_or(10_000.0);
        let rope_scaling = values.rope_scaling(scaling, ctx_train)?;
        let extended = if matches!(rope_scaling, RopeScaling::Yarn { .. }) { 1.0 } else { 0.0 };
        values.fixed(Field::YarnExtFactor, |factor| factor < 0.0 || factor == extended)?;
        let window = values.window(arch, ctx_train)?;
        let share = n_embd.checked_div(n_head).unwrap_or(head_dim);
        let scaled_width = if arch.scores_by_width_at == Some(n_layer) { share } else { head_dim };
        let attention_scale = rsqrt(scaled_width as f32);
        // Files hold rounded decimals.
        values.fixed(Field::Scale, |scale| scale == 0.0 || (scale / attention_scale - 1.0).abs() < 1e-6)?;
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
    gguf.find_all(source, ["", ""], &["general.architecture", "split.count"], &mut values, &mut |_| true).await?;
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
