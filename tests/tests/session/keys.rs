//! Keys under an architecture's prefix: understood, harmless, or refused by name.

use super::edit::{Value, with_keys};
use super::model::{Fixture, Run, assert_same, run};
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::gguf::Gguf;
use flashlet::model::{ConfigError, ModelConfig};
use flashlet::session::Named;
use flashlet::{Error, Model};

/// Opens the file, with `ignored` keys counted as absent, and returns the result.
pub(crate) fn open(file: &[u8], ignored: &[&str]) -> Result<Model, Box<Named>> {
    let mut source = Source::with_mapping(SliceFlash(file), file);
    let opened = block_on(Model::open_ignoring(&mut source, ignored), || ());
    opened.map_err(|error| Box::new(block_on(error.named(&mut source), || ())))
}

/// The fixture without its own key, which is renamed to one that says nothing.
pub(crate) fn without_key(file: &[u8], key: &str) -> Vec<u8> {
    let at = file.windows(key.len()).position(|w| w == key.as_bytes()).expect("the key is there");
    let mut out = file.to_vec();
    out[at..at + 7].copy_from_slice(b"general");
    out
}

/// Keys that llama.cpp does not read for a decoder, or reads as what is computed anyway. `attention.scale` is 1 over the
/// square root of a head's 8 elements.
const HARMLESS: [(&str, Value<'_>); 22] = [
    ("vocab_size", Value::U32(131)),
    ("tensor_data_layout", Value::Str("Meta AI original pth")),
    ("rope.scaling.finetuned", Value::Bool(true)),
    ("pooling_type", Value::U32(3)),
    ("attention.causal", Value::Bool(true)),
    ("use_parallel_residual", Value::Bool(false)),
    ("attn_logit_softcapping", Value::F32(0.0)),
    ("final_logit_softcapping", Value::F32(0.0)),
    ("attention.clamp_kqv", Value::F32(0.0)),
    ("attention.max_alibi_bias", Value::F32(0.0)),
    ("expert_count", Value::U32(0)),
    ("expert_used_count", Value::I32(0)),
    ("logit_scale", Value::F32(1.0)),
    ("residual_scale", Value::F32(0.0)),
    ("embedding_scale", Value::F32(1.0)),
    ("attention.scale", Value::F32(0.353_553_4)),
    ("attention.sliding_window", Value::U32(512)),
    ("rope.scaling.attn_factor", Value::F32(1.0)),
    ("rope.scaling.yarn_attn_factor", Value::F32(1.0)),
    ("rope.scaling.yarn_ext_factor", Value::F32(-1.0)),
    ("rope.scaling.yarn_beta_fast", Value::F32(32.0)),
    ("rope.scaling.yarn_beta_slow", Value::F32(1.0)),
];

#[test]
fn harmless_keys_change_nothing() {
    let fixture = Fixture::load("llama-f32-gqa");
    let (want, _) = run(fixture.mapped(), &fixture.ids, &Run::default());
    let full = HARMLESS.map(|(key, value)| (format!("llama.{key}"), value));
    let keys: Vec<_> = full.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    let file = with_keys(&fixture.file, &keys);
    let keyed = Fixture { file, ..fixture };
    let (have, _) = run(keyed.mapped(), &keyed.ids, &Run::default());
    assert_same(&want, &have, "harmless keys");
}

#[test]
fn keys_that_change_results_are_refused_by_name_and_can_be_ignored() {
    let fixture = Fixture::load("llama-f32-gqa");
    for (key, value) in [
        ("attention.causal", Value::Bool(false)),
        ("attention.sliding_window", Value::U32(511)),
        ("attention.sliding_window_pattern", Value::U32(6)),
        ("rope.freq_base_swa", Value::F32(10_000.0)),
        ("attention.scale", Value::F32(1.0)),
        ("attn_logit_softcapping", Value::F32(1.0)),
        ("attn_logit_softcapping", Value::F32(50.0)),
        ("final_logit_softcapping", Value::F32(30.0)),
        ("logit_scale", Value::F32(0.5)),
        ("residual_scale", Value::F32(0.22)),
        ("embedding_scale", Value::F32(12.0)),
        ("embedding_scale", Value::Str("1")),
        ("expert_count", Value::U32(8)),
        ("expert_used_count", Value::U32(2)),
        ("expert_gating_func", Value::U32(2)),
        ("leading_dense_block_count", Value::U32(1)),
        ("use_parallel_residual", Value::Bool(true)),
        ("attention.clamp_kqv", Value::F32(8.0)),
        ("attention.max_alibi_bias", Value::F32(8.0)),
        ("attention.temperature_scale", Value::F32(0.1)),
        ("attention.q_lora_rank", Value::U32(16)),
        ("rope.scaling.attn_factor", Value::F32(0.0)),
        ("rope.scaling.yarn_attn_factor", Value::F32(1.5)),
        ("rope.scaling.yarn_ext_factor", Value::F32(1.0)),
        ("rope.scaling.yarn_beta_fast", Value::F32(16.0)),
        ("rope.scaling.yarn_beta_slow", Value::F32(2.0)),
        ("rope.scaling.yarn_log_multiplier", Value::F32(0.1)),
        ("rope.dimension_sections", Value::U32s(&[16, 24, 24, 0])),
        ("a_key_that_nobody_knows", Value::U32(0)),
    ] {
        let full = format!("llama.{key}");
        let file = with_keys(&fixture.file, &[(&full, value)]);
        let error = open(&file, &["llama.block", "llama.attention"]).expect_err(key);
        let refused = matches!(
            error.error,
            Error::Config(ConfigError::RefusedKey { index: 0, .. } | ConfigError::Unsupported { .. })
        );
        assert!(refused && error.to_string().contains(key), "{key}: {error}");
        let ignoring = open(&file, &["llama.other", &full]);
        assert!(ignoring.is_ok(), "{key}: {:?}", ignoring.err());
    }
    // Two of them: each is to be ignored.
    let file = with_keys(&fixture.file, &[("llama.a", Value::U32(0)), ("llama.b", Value::U32(0))]);
    let error = open(&file, &["llama.a"]).expect_err("there is another");
    assert!(error.to_string().contains("llama.b"), "{error}");
    assert!(open(&file, &["llama.b", "llama.a"]).is_ok());
    // A key of another architecture says nothing of this one.
    assert!(open(&with_keys(&fixture.file, &[("llama2.a", Value::U32(0)), ("llamas", Value::U32(1))]), &[]).is_ok());
    // Longer than a name that is read.
    let long = format!("llama.{}", "long".repeat(40));
    let file = with_keys(&fixture.file, &[(&long, Value::U32(1))]);
    assert!(open(&file, &[]).is_err() && open(&file, &[&long[..64]]).is_err());
    assert!(open(&file, &[&long]).is_ok());
    // An ignored key is as good as none.
    let error = open(&fixture.file, &["llama.block_count"]).expect_err("it is needed");
    assert!(matches!(error.error, Error::Config(ConfigError::Missing(_))), "{error}");
}

/// The fixture's logits with other values of keys, or without them.
fn logits_with(fixture: &Fixture, keys: &[(&str, Option<Value<'_>>)]) -> Vec<Vec<f32>> {
    let mut file = fixture.file.clone();
    for (key, value) in keys {
        if file.windows(key.len()).any(|w| w == key.as_bytes()) {
            file = without_key(&file, key);
        }
        if let Some(value) = value {
            file = with_keys(&file, &[(key, *value)]);
        }
    }
    let changed = Fixture { name: fixture.name, file, ids: fixture.ids.clone(), logits: Vec::new() };
    run(changed.mapped(), &changed.ids, &Run::default()).0
}

/// What files say in other words: a pattern as a number or an array, and defaults. The fixtures' own keys are compared with
/// llama.cpp in `logits.rs`.
#[test]
fn windows_can_be_said_in_several_ways() {
    const PATTERN: &str = "gemma3.attention.sliding_window_pattern";
    const BASE: &str = "gemma3.rope.freq_base_swa";
    const CAP: &str = "gemma3.final_logit_softcapping";
    let (every_sixth, every_third) = (Value::U32s(&[1, 1, 1, 1, 1, 0, 1]), Value::U32s(&[1, 1, 0, 1, 1, 0, 1]));
    let five = Value::U32s(&[1, 1, 0, 1, 1]);
    for (name, same, other) in [
        ("gemma3-f16", (PATTERN, Value::U32(6)), (PATTERN, Value::U32(3))),
        ("gemma3-f16", (PATTERN, every_sixth), (PATTERN, every_third)),
        ("gemma3-f16", (BASE, Value::F32(10_000.0)), (BASE, Value::F32(1_000_000.0))),
        ("gemma3-f16", (CAP, Value::F32(0.0)), (CAP, Value::F32(30.0))),
        ("arch-gemma3-pattern", (PATTERN, five), (PATTERN, Value::U32(1))),
        // No layer is the hundredth; a period of 0 gives all layers a window.
        ("arch-gemma3-pattern", (CAP, Value::F32(8.0)), (PATTERN, Value::U32(100))),
        ("arch-gemma3-array", (PATTERN, Value::U32s(&[1, 0, 0, 1, 1])), (PATTERN, Value::U32(0))),
        ("arch-gemma3-no-window", (BASE, Value::F32(300.0)), ("gemma3.attention.sliding_window", Value::U32(3))),
    ] {
        let fixture = Fixture::load(name);
        let want = run(fixture.mapped(), &fixture.ids, &Run::default()).0;
        let (key, value) = same;
        assert_same(&want, &logits_with(&fixture, &[(key, Some(value))]), &format!("{name}: {key} is {value:?}"));
        let (key, value) = other;
        assert!(want != logits_with(&fixture, &[(key, Some(value))]), "{name}: {key} is {value:?}");
    }
    // Without a window, its pattern and base mean nothing.
    let fixture = Fixture::load("arch-gemma3-no-window");
    let want = run(fixture.mapped(), &fixture.ids, &Run::default()).0;
    let none = ("gemma3.attention.sliding_window", Some(Value::U32(0)));
    let keys = [none, (PATTERN, Some(Value::U32(2))), (BASE, Some(Value::F32(300.0)))];
    assert_same(&want, &logits_with(&fixture, &keys), "no window");
}

/// Every key of an architecture's own changes what its fixture computes.
#[test]
fn keys_of_the_fixtures_are_used() {
    for (name, keys) in [
        ("arch-granite", &["embedding_scale", "residual_scale", "attention.scale", "logit_scale"][..]),
        ("arch-granite-unrotated", &["rope.scaling.finetuned"]),
        ("arch-minicpm", &["embedding_scale", "residual_scale", "logit_scale"]),
        ("arch-gemma2", &["attention.sliding_window", "attn_logit_softcapping", "final_logit_softcapping"]),
        ("arch-gemma3-pattern", &["attention.sliding_window", "final_logit_softcapping", "rope.freq_base_swa"]),
        ("arch-gemma3-array", &["attention.sliding_window_pattern", "rope.scaling.factor"]),
        ("arch-olmo3", &["attention.sliding_window", "attention.sliding_window_pattern", "rope.freq_base"]),
        ("arch-exaone4-windows", &["attention.sliding_window"]),
        ("arch-phi3", &["rope.dimension_count"]),
        ("arch-phi3-long", &["rope.scaling.attn_factor", "rope.scaling.original_context_length"]),
        ("arch-stablelm", &["rope.dimension_count"]),
        ("arch-gptneox", &["rope.dimension_count"]),
    ] {
        let fixture = Fixture::load(name);
        let want = run(fixture.mapped(), &fixture.ids, &Run::default()).0;
        let arch = name["arch-".len()..].split('-').next().expect("it has a name").replace("olmo3", "olmo2");
        for key in keys {
            assert!(want != logits_with(&fixture, &[(&format!("{arch}.{key}"), None)]), "{name}: {key}");
        }
    }
}

#[test]
fn windows_that_make_no_sense_are_refused() {
    for (name, key, value) in [
        ("gemma3-f16", "gemma3.rope.global.freq_base", Value::F32(1_000_000.0)),
        ("gemma3-f16", "gemma3.attention.sliding_window_pattern", Value::Str("6")),
        ("gemma3-f16", "gemma3.attention.sliding_window_pattern", Value::F32(6.0)),
        ("gemma3-f16", "gemma3.rope.freq_base_swa", Value::F32(0.0)),
        ("gemma3-f16", "gemma3.rope.freq_base_swa", Value::U32(10_000)),
        ("gemma3-f16", "gemma3.final_logit_softcapping", Value::F32(-1.0)),
        ("arch-gemma3-no-window", "gemma3.attention.sliding_window", Value::F32(4.0)),
        ("arch-granite-unrotated", "granite.attention.sliding_window", Value::U32(4)),
        ("arch-granite-unrotated", "granite.residual_scale", Value::F32(f32::NAN)),
        ("arch-minicpm", "minicpm.attention.scale", Value::F32(1.0)),
        ("arch-qwen2", "qwen2.attn_logit_softcapping", Value::F32(30.0)),
        ("arch-qwen3", "qwen3.use_parallel_residual", Value::Bool(true)),
    ] {
        let file = with_keys(&Fixture::load(name).file, &[(key, value)]);
        let error = open(&file, &[]).expect_err(key);
        let (_, short) = key.split_once('.').expect("a prefix");
        assert!(error.to_string().contains(short), "{key}: {error}");
    }
    let file = without_key(&Fixture::load("arch-gptneox").file, "gptneox.use_parallel_residual");
    let error = open(&file, &[]).expect_err("the key is needed");
    assert!(error.to_string().contains("use_parallel_residual"), "{error}");
}

/// Gemma's own code divides by `sqrt(n_embd / n_head)` at 27B, which has 62 layers, in place of `sqrt(head_dim)`.
#[test]
fn scores_are_scaled_as_gemma_does() {
    let fixture = Fixture::load("gemma3-q8_0");
    let read = |layers: u32| {
        let file = without_key(&fixture.file, "gemma3.block_count");
        let file = with_keys(&file, &[("gemma3.block_count", Value::U32(layers))]);
        let mut source = Source::with_mapping(SliceFlash(&file), &file);
        let config = async {
            let gguf = Gguf::open(&mut source).await?;
            ModelConfig::read(&gguf, &mut source, 128, &[]).await
        };
        block_on(config, || ()).expect("all that is read is there")
    };
    for (layers, divisor) in [(7, 32.0f32), (61, 32.0), (62, 16.0), (63, 32.0)] {
        let (config, _) = read(layers);
        assert_eq!((config.hyper.n_embd, config.hyper.n_head, config.hyper.head_dim), (32, 2, 32));
        assert_eq!(config.hyper.attention_scale, 1.0 / divisor.sqrt(), "{layers} layers");
    }
}
