//! Values of an architecture's keys: read, given a default, or refused with a reason.

use super::edit::{Value, with_keys};
use super::keys::without_key;
use super::model::Fixture;
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::gguf::Gguf;
use flashlet::model::{ConfigError, ModelConfig, RopeScaling};

/// The configuration of a fixture with other values of some keys, `None` to leave a key out.
fn read(name: &'static str, changes: &[(&str, Option<Value<'_>>)]) -> Result<ModelConfig, ConfigError> {
    let mut file = Fixture::load(name).file;
    for (key, value) in changes {
        if file.windows(key.len()).any(|bytes| bytes == key.as_bytes()) {
            file = without_key(&file, key);
        }
        if let Some(value) = value {
            file = with_keys(&file, &[(key, *value)]);
        }
    }
    let mut source = Source::with_mapping(SliceFlash(&file), &file);
    let config = async {
        let gguf = Gguf::open(&mut source).await?;
        ModelConfig::read(&gguf, &mut source, 128, &[]).await
    };
    block_on(config, || ()).map(|(config, _)| config)
}

#[test]
fn numbers_must_be_finite_and_have_the_right_sign() {
    let (eps, base) = ("llama.attention.layer_norm_rms_epsilon", "llama.rope.freq_base");
    for (key, value, wrong) in [
        (eps, Value::F32(0.0), None),
        (eps, Value::F32(-1e-5), Some("negative")),
        (eps, Value::F32(f32::NAN), Some("not finite")),
        (base, Value::F32(1.0), None),
        (base, Value::F32(0.0), Some("zero")),
        (base, Value::F32(-10_000.0), Some("negative")),
        (base, Value::F32(f32::INFINITY), Some("not finite")),
        (base, Value::U32(10_000), Some("wrong type")),
        ("llama.rope.scaling.factor", Value::F32(0.0), Some("zero")),
    ] {
        let config = read("llama-f32-gqa", &[(key, Some(value))]);
        let message = config.err().map(|error| error.to_string());
        let matches = match wrong {
            Some(wrong) => message.as_ref().is_some_and(|m| m.contains(wrong) && m.contains(&key["llama.".len()..])),
            None => message.is_none(),
        };
        assert!(matches, "{key} = {value:?}: {message:?}");
    }
}

/// llama.cpp takes a factor without a type for a linear one, under the old name too; `none` turns it off.
#[test]
fn scalings_are_told_apart() {
    let (ty, factor, old) = ("llama.rope.scaling.type", "llama.rope.scaling.factor", "llama.rope.scale_linear");
    let two = Some(Value::F32(2.0));
    for (changes, scaling) in [
        (&[][..], RopeScaling::None),
        (&[(factor, Some(Value::F32(1.0)))], RopeScaling::None),
        (&[(factor, two)], RopeScaling::Linear { factor: 2.0 }),
        (&[(old, two)], RopeScaling::Linear { factor: 2.0 }),
        (&[(old, Some(Value::F32(4.0))), (factor, two)], RopeScaling::Linear { factor: 2.0 }),
        (&[(factor, two), (ty, Some(Value::Str("none")))], RopeScaling::None),
        (&[(factor, two), (ty, Some(Value::Str("linear")))], RopeScaling::Linear { factor: 2.0 }),
        (
            &[(factor, two), (ty, Some(Value::Str("yarn"))), ("llama.context_length", Some(Value::U32(77)))],
            RopeScaling::Yarn { factor: 2.0, original_ctx: 77 },
        ),
    ] {
        let config = read("llama-f32-gqa", changes);
        assert_eq!(config.map(|config| config.hyper.rope_scaling), Ok(scaling), "{changes:?}");
    }
    for ty_value in [Value::Str("longrope"), Value::Str("linear and more"), Value::U32(1)] {
        assert!(read("llama-f32-gqa", &[(ty, Some(ty_value))]).is_err(), "{ty_value:?}");
    }
    // YaRN extrapolates: a factor of 0 for that would be another scaling.
    let extended = |value| read("llama-bf16-yarn", &[("llama.rope.scaling.yarn_ext_factor", Some(Value::F32(value)))]);
    assert!(extended(1.0).is_ok() && extended(-1.0).is_ok());
    assert!(extended(0.0).is_err() && extended(0.5).is_err());
}

/// Without `key_length` the heads share the hidden state, evenly and within what kernels take.
#[test]
fn heads_share_the_hidden_state() {
    let head_dim = |n_embd, n_head| {
        let changes = [
            ("llama.attention.key_length", None),
            ("llama.attention.value_length", None),
            ("llama.rope.dimension_count", None),
            ("llama.attention.head_count_kv", None),
            ("llama.embedding_length", Some(Value::U32(n_embd))),
            ("llama.attention.head_count", Some(Value::U32(n_head))),
        ];
        read("llama-f32-gqa", &changes).map(|config| config.hyper.head_dim)
    };
    assert_eq!((head_dim(96, 4), head_dim(96, 6)), (Ok(24), Ok(16)));
    for (n_embd, n_head) in [(96, 5), (96, 192), (1 << 14, 1)] {
        let error = head_dim(n_embd, n_head).expect_err("no such heads");
        assert!(error.to_string().contains("attention.head_count"), "{n_embd}, {n_head}: {error}");
    }
}

#[test]
fn parts_of_split_models_are_refused() {
    let parts = |n| read("llama-f32-gqa", &[("split.count", Some(Value::U32(n)))]).map(|_| ());
    assert_eq!((parts(0), parts(1)), (Ok(()), Ok(())));
    assert_eq!((parts(2), parts(3)), (Err(ConfigError::Split { parts: 2 }), Err(ConfigError::Split { parts: 3 })));
}
