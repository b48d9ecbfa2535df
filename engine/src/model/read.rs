//! Hyperparameters from a model's metadata, checked once.

use super::arch;
use super::config::{Arch, ModelConfig};
use super::error::ConfigError;
use super::hyper::{Hyper, RopeScaling};
use super::keys::{self, Field, Values};
use super::layer_set::{ByLayer, LayerSet, MAX_LAYERS};
use crate::flash::{Flash, Source};
#[cfg(feature = "attention-variants")]
use crate::gguf::Array;
use crate::gguf::{Gguf, GgufError, Name, Value};
use crate::kernels::MAX_HEAD_DIM;
#[cfg(feature = "attention-variants")]
use crate::weights::Role;
use crate::weights::{RECURRENT, VARIANTS};

/// Bytes that are read of `rope.scaling.type`: more than any supported one has.
const SCALING_BYTES: usize = 8;
/// The greatest width: far above that of any model that is made, and low enough that products of two fit in u64.
const WIDE: u32 = 1 << 20;

impl Values {
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

#[cfg(feature = "attention-variants")]
#[cfg_attr(feature = "blocking", macros::blocking)]
impl Values {
    /// Reads what is an array of one value a layer.
    async fn read_arrays<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<(), ConfigError> {
        if let Some((pattern, n_layer)) = self.array(Field::WindowPattern)? {
            for layer in 0..n_layer {
                let value = pattern.scalar(source, layer.into()).await?;
                let is_windowed = value.as_bool().or(value.as_uint().map(|n| n != 0));
                if is_windowed.ok_or(ConfigError::WrongType(Field::WindowPattern.key()))? {
                    self.windowed.insert(layer);
                }
            }
        }
        self.n_head_kv = self.by_layer(source, Field::KvHeads).await?;
        self.n_ff = self.by_layer(source, Field::FeedForward).await?;
        Ok(())
    }

    /// The array at a key that is one, and its length: the number of layers.
    fn array(&self, field: Field) -> Result<Option<(Array, u32)>, ConfigError> {
        let Some(Value::Array(array)) = self.of(field) else { return Ok(None) };
        let (key, n_layer) = (field.key(), self.need(Field::Layers, MAX_LAYERS.into())?);
        let error = ConfigError::ArrayLength { key, len: array.len, n_layer };
        if array.len == n_layer.into() { Ok(Some((array, n_layer))) } else { Err(error) }
    }

    /// The numbers at a key that is an array, of which two may differ.
    async fn by_layer<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        field: Field,
    ) -> Result<Option<ByLayer>, ConfigError> {
        let Some((array, n_layer)) = self.array(field)? else { return Ok(None) };
        let (key, mut numbers) = (field.key(), None);
        for layer in 0..n_layer {
            let n = array.scalar(source, layer.into()).await?.as_uint().ok_or(ConfigError::WrongType(key))?;
            let n = u32::try_from(n).ok().filter(|n| *n <= WIDE).ok_or(ConfigError::Unsupported { key })?;
            if !numbers.get_or_insert(ByLayer::all(n)).set(layer, n) {
                return Err(ConfigError::Unsupported { key });
            }
        }
        Ok(numbers)
    }
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl ModelConfig {
    /// The engine's feature that the architecture takes; none for `llama`.
    #[cfg(not(feature = "small"))]
    pub(crate) fn feature(&self) -> Option<&'static str> {
        arch::feature_of(self.arch.name.as_bytes()).map(|(feature, _)| feature)
    }

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
        let mut values = Values::default();
        let (mut refused, mut left_out) = (Ok(()), 0_u32);
        gguf.find_all(source, [arch.name, "."], Field::NAMES, &mut values.values, &mut |key| {
            let is_ignored = ignored.iter().any(|name| key.is(name));
            if is_ignored {
                left_out = left_out.wrapping_mul(31).wrapping_add(key.index).wrapping_add(1);
            } else if refused.is_ok() {
                refused = keys::check(key, arch.keys);
            }
            !is_ignored
        })
        .await?;
        refused?;
        let mut scaling = Name::EMPTY;
        if let Some(Value::Str(ty)) = values.of(Field::ScalingType) {
            source.read(ty.offset, scaling.room(ty.len.min(SCALING_BYTES as u64))).await.map_err(GgufError::Flash)?;
        }
        #[cfg(feature = "attention-variants")]
        values.read_arrays(source).await?;
        let config = ModelConfig::check(arch, &values, scaling.as_bytes(), n_vocab)?;
        #[cfg(feature = "attention-variants")]
        let config = config.with_present(gguf, source).await?;
        Ok((config, left_out))
    }

    fn check(arch: &'static Arch, values: &Values, scaling: &[u8], n_vocab: u32) -> Result<Self, ConfigError> {
        let wide = u64::from(WIDE);
        let n_layer = values.need(Field::Layers, MAX_LAYERS.into())?;
        let n_embd = values.need(Field::Width, wide)?;
        let [n_ff, n_head] = [Field::FeedForward, Field::Heads].map(|field| {
            let is_zero = || values.of(field).is_none_or(|n| n.as_uint() == Some(0));
            if RECURRENT && arch.not_needed.contains(&field) && is_zero() { Ok(0) } else { values.need(field, wide) }
        });
        let n_head = n_head?;
        let n_ff = match values.arrays()[1] {
            Some(n_ff) if n_ff.both().contains(&0) => {
                return Err(ConfigError::Unsupported { key: Field::FeedForward.key() });
            }
            Some(n_ff) => n_ff,
            None => ByLayer::all(n_ff?),
        };
        let n_head_kv = match values.arrays()[0] {
            Some(n_head_kv) => n_head_kv,
            None if RECURRENT && n_head == 0 => ByLayer::all(0),
            None => ByLayer::all(values.uint(Field::KvHeads, wide)?.unwrap_or(n_head)),
        };
        check_heads(n_head, &n_head_kv)?;
        let recurrent = match values.arrays()[0] {
            Some(_) if RECURRENT => LayerSet::of(n_layer, |layer| n_head_kv.of(layer) == 0),
            _ => LayerSet::EMPTY,
        };
        let head_dim = head_dim(values, n_embd, n_head)?;
        let n_rot = values.uint(Field::Rotated, head_dim.into())?.unwrap_or(head_dim);
        if n_rot % 2 != 0 {
            return Err(ConfigError::Odd { what: Field::Rotated.key(), value: n_rot });
        }
        let ctx_train = values.uint(Field::Context, u64::from(u32::MAX))?.unwrap_or(2048);
        let eps = if VARIANTS { arch.norm_eps } else { Field::NormEps };
        let norm_eps = values.float(eps, true)?.ok_or(ConfigError::Missing(eps.key()))?;
        let rope_base = values.float(Field::RopeBase, false)?.unwrap_or(10_000.0);
        let rope_scaling = values.rope_scaling(scaling, ctx_train)?;
        let extended = if matches!(rope_scaling, RopeScaling::Yarn { .. }) { 1.0 } else { 0.0 };
        values.fixed(Field::YarnExtFactor, |factor| factor < 0.0 || factor == extended)?;
        let plain = Hyper::new([n_layer, n_embd, n_head, head_dim]);
        let rope_base_windowed = rope_base;
        let mut hyper = Hyper {
            n_vocab,
            n_ff,
            n_head_kv,
            n_rot,
            ctx_train,
            norm_eps,
            rope_base,
            rope_base_windowed,
            rope_scaling,
            #[cfg(feature = "per-layer-inputs")]
            windowed_heads: [head_dim, n_rot],
            recurrent,
            ..plain
        };
        if VARIANTS {
            (arch.configure)(values, &mut hyper)?;
        }
        let config = ModelConfig { arch, hyper };
        config.check_unread(values)?;
        Ok(config)
    }

    /// The same with the tensors that not all models of the architecture have and some layer of the file does.
    #[cfg(feature = "attention-variants")]
    async fn with_present<F: Flash>(mut self, gguf: &Gguf, source: &mut Source<'_, F>) -> Result<Self, ConfigError> {
        let mut tensors = gguf.tensors();
        while let Some(info) = tensors.next(source).await? {
            match Role::parse(info.name_bytes.as_bytes()) {
                Some(Role::Layer(_, tensor)) if self.arch.optional.contains(&tensor) => {
                    self.hyper.present.insert(tensor);
                }
                _ => {}
            }
        }
        Ok(self)
    }

    /// Checks that keys which the architecture does not read ask for what is done anyway.
    fn check_unread(&self, values: &Values) -> Result<(), ConfigError> {
        let is_whole = |layer| !self.hyper.recurrent.contains(layer) || !self.layer(layer).has_kv();
        if RECURRENT && !(0..self.hyper.n_layer).all(is_whole) {
            return Err(ConfigError::Unsupported { key: Field::KvHeads.key() });
        }
        let unread = |field| !VARIANTS || !self.arch.keys.contains(&field);
        if unread(Field::Window) {
            values.fixed(Field::Window, |n| n == 0.0 || n >= self.hyper.ctx_train as f32)?;
        }
        if unread(Field::WindowPattern) {
            values.fixed(Field::WindowPattern, |_| false)?;
        }
        if unread(Field::WindowBase) {
            values.fixed(Field::WindowBase, |_| false)?;
        }
        if unread(Field::Scale) {
            // Files hold rounded decimals.
            let same = |scale: f32| scale == 0.0 || (scale / self.hyper.attention_scale - 1.0).abs() < 1e-6;
            values.fixed(Field::Scale, same)?;
        }
        Ok(())
    }
}

/// Checks that query heads share key heads evenly, in layers that have any.
fn check_heads(n_head: u32, n_head_kv: &ByLayer) -> Result<(), ConfigError> {
    if !VARIANTS {
        let n_head_kv = n_head_kv.of(0);
        let uneven = n_head_kv > n_head || !n_head.is_multiple_of(n_head_kv);
        return if uneven { Err(ConfigError::HeadCounts { n_head, n_head_kv }) } else { Ok(()) };
    }
    let both = n_head_kv.both();
    let has_none = both.contains(&0) && !(RECURRENT && (both[0] != both[1] || n_head == 0));
    if has_none {
        return Err(ConfigError::Unsupported { key: Field::KvHeads.key() });
    }
    let uneven = |n: &u32| *n > 0 && (*n > n_head || !n_head.is_multiple_of(*n));
    match both.into_iter().find(uneven) {
        Some(n_head_kv) => Err(ConfigError::HeadCounts { n_head, n_head_kv }),
        None => Ok(()),
    }
}

/// Elements of a head: the keys' length, or an even share of the hidden state.
fn head_dim(values: &Values, n_embd: u32, n_head: u32) -> Result<u32, ConfigError> {
    let max_head = MAX_HEAD_DIM as u64;
    let head_dim = match values.uint(Field::KeyLength, max_head)? {
        Some(n) => n,
        None if RECURRENT && n_head == 0 => 0,
        None => {
            let key = Field::Heads.key();
            let error = ConfigError::Range { key, value: n_head.into(), min: 1, max: n_embd.into() };
            let even = |&dim: &u32| n_embd.is_multiple_of(n_head) && u64::from(dim) <= max_head;
            n_embd.checked_div(n_head).filter(even).ok_or(error)?
        }
    };
    match values.uint(Field::ValueLength, max_head)? {
        Some(n) if n != head_dim => Err(ConfigError::Unsupported { key: Field::ValueLength.key() }),
        _ => Ok(head_dim),
    }
}

/// The file's architecture; only whole models have one.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn architecture<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<&'static Arch, ConfigError> {
    let mut values = [None; 2];
    gguf.find_all(source, ["", ""], &["general.architecture", "split.count"], &mut values, &mut |_| true).await?;
    let [name, parts] = values;
    let string = name.and_then(|v| v.as_str()).ok_or(ConfigError::NoArchitecture)?;
    let mut name = Name::EMPTY;
    source.read(string.offset, name.room(string.len)).await.map_err(GgufError::Flash)?;
    #[cfg(not(feature = "small"))]
    if let Some((feature, false)) = arch::feature_of(name.as_bytes()) {
        return Err(ConfigError::FeatureOff { name: string.name_at(), feature });
    }
    let arch = arch::by_name(name.as_bytes()).ok_or(ConfigError::UnknownArchitecture(string.name_at()))?;
    match parts.and_then(|v| v.as_uint()) {
        Some(parts) if parts > 1 => Err(ConfigError::Split { parts }),
        _ => Ok(arch),
    }
}
