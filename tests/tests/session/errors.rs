//! Errors: typed, naming what is wrong, and losing nothing that was good before.

use super::device::Chip;
use super::edit::{name, tensors, with_dims, without};
use super::model::{Fixture, Logits, Memory, NAMES, Run, assert_same, run, try_run};
use flashlet::flash::{FlashError, block_on};
use flashlet::gguf::{GgufError, Problem};
use flashlet::kernels::Inline;
use flashlet::model::{ConfigError, Want};
use flashlet::session::Named;
use flashlet::simd::Scalar;
use flashlet::text::TextError;
use flashlet::weights::{PassError, Residency, WeightError};
use flashlet::{Error, Model, Options, Session};

/// Where `what` is in a file, behind its end: strings are preceded by their length there.
fn find(file: &[u8], what: &str) -> usize {
    let at = file.windows(what.len()).position(|w| w == what.as_bytes()).expect("the string is in the file");
    assert_eq!(file[at - 8..at], (what.len() as u64).to_le_bytes());
    at + what.len()
}

fn rename(file: &mut [u8], from: &str, to: &str) {
    let end = find(file, from);
    file[end - from.len()..end].copy_from_slice(to.as_bytes());
}

/// Overwrites the `u32` value of a key.
fn set(file: &mut [u8], key: &str, value: u32) {
    let at = find(file, key) + 4;
    file[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// What running a changed copy of a fixture ends with.
fn error_of(name: &'static str, change: impl FnOnce(&mut [u8])) -> Named {
    let mut fixture = Fixture::load(name);
    change(&mut fixture.file);
    let error = try_run(fixture.mapped(), &fixture.ids, &Run::default()).expect_err("the file is wrong");
    block_on(error.named(&mut fixture.mapped()), || ())
}

#[test]
fn tensors_that_are_wrong_are_named() {
    let error = error_of("llama-f16-mqa", |file| rename(file, "blk.1.ffn_up.weight", "blk.1.ffn_uq.weight"));
    assert!(matches!(error.error, Error::Weight(WeightError::Unknown { .. })), "{error}");
    assert!(error.to_string().contains("blk.1.ffn_uq.weight"), "{error}");

    // A layer that the metadata do not count.
    let error = error_of("llama-f16-mqa", |file| rename(file, "blk.1.ffn_up.weight", "blk.7.ffn_up.weight"));
    assert!(matches!(error.error, Error::Weight(WeightError::Unknown { .. })), "{error}");
    assert!(error.to_string().contains("blk.7.ffn_up.weight"), "{error}");

    for name in ["attn_norm.weight", "ffn_up.weight"] {
        let error = error_of("llama-f16-mqa", |file| rename(file, &format!("blk.1.{name}"), &format!("blk.0.{name}")));
        let Error::Gguf(GgufError::Tensor { problem, .. }) = error.error else { unreachable!("{error}") };
        assert!(matches!(problem, Problem::DuplicateName { .. }), "{error}");
        assert!(error.to_string().contains(&format!("blk.0.{name}")), "{error}");
    }

    let error = error_of("llama-f16-mqa", |file| set(file, "llama.block_count", 3));
    assert!(matches!(error.error, Error::Weight(WeightError::Missing { .. })), "{error}");
    assert!(error.to_string().contains("blk.2.attn_norm.weight"), "{error}");
    // As many tensors as needed, but not those: one that is optional has taken a needed one's place.
    let error = error_of("gemma3-f16", |file| rename(file, "blk.3.attn_q_norm.weight", "blk.3.attn_k_norm.weight"));
    assert!(error.to_string().contains("blk.3.attn_k_norm.weight"), "{error}");

    let error = error_of("llama-f16-mqa", |file| set(file, "llama.feed_forward_length", 64));
    assert!(matches!(error.error, Error::Weight(WeightError::Shape { need: [32, 64], have: [32, 48], .. })), "{error}");
    assert!(error.to_string().contains("blk.0.ffn_gate.weight"), "{error}");

    // I32 is as wide as F32, so only the type is wrong; vectors are F32, also where matrices may be F16.
    let change = |name: &'static str, ty: u8| {
        error_of("llama-f32-gqa", move |file| {
            let end = find(file, name);
            let n_dims = file[end] as usize;
            file[end + 4 + 8 * n_dims] = ty;
        })
    };
    let changes =
        [("blk.0.attn_k.weight", 26, "I32"), ("blk.1.ffn_norm.weight", 26, "I32"), ("output_norm.weight", 1, "F16")];
    for (name, ty, type_name) in changes {
        let error = change(name, ty);
        assert!(matches!(error.error, Error::Weight(WeightError::UnsupportedType { .. })), "{error}");
        assert!(error.to_string().contains(name) && error.to_string().contains(type_name), "{error}");
    }
}

#[test]
fn metadata_that_are_wrong_are_named() {
    for (key, value) in [
        ("llama.attention.head_count_kv", 3),
        ("llama.attention.head_count_kv", 0),
        ("llama.embedding_length", 0),
        ("llama.attention.key_length", 1000),
        ("llama.attention.value_length", 8),
        ("llama.rope.dimension_count", 7),
        ("llama.block_count", 1 << 20),
    ] {
        let error = error_of("llama-f16-mqa", |file| set(file, key, value));
        assert!(matches!(error.error, Error::Config(_)), "{key} = {value}: {error}");
        let (_, short) = key.split_once('.').expect("a prefix");
        let named =
            error.to_string().contains(short) || matches!(error.error, Error::Config(ConfigError::HeadCounts { .. }));
        assert!(named, "{key} = {value}: {error}");
    }
    // The vocabulary's kind, behind its key, the value's type and its length.
    let error = error_of("llama-f16-mqa", |file| {
        let kind = find(file, "tokenizer.ggml.model") + 4 + 8;
        file[kind..kind + 5].copy_from_slice(b"klama");
    });
    assert!(matches!(error.error, Error::Text(TextError::UnknownModel(_))), "{error}");
    assert!(error.to_string().contains("klama"), "{error}");
    let error = error_of("llama-f16-mqa", |file| rename(file, "llama", "lxama"));
    assert!(matches!(error.error, Error::Config(ConfigError::UnknownArchitecture(_))), "{error}");
    assert!(error.to_string().contains("lxama") && error.to_string().contains("gemma3"), "{error}");
}

/// Runs another file with the fixture's tokens and returns the result.
fn error_of_file(fixture: &Fixture, file: Vec<u8>) -> Named {
    let changed = Fixture { name: fixture.name, file, ids: fixture.ids.clone(), logits: Vec::new() };
    let error =
        try_run(changed.mapped(), &changed.ids, &Run::default()).map(|_| fixture.name).expect_err("a wrong file");
    block_on(error.named(&mut changed.mapped()), || ())
}

#[test]
fn every_tensor_is_needed_but_those_that_are_optional() {
    const OPTIONAL: [&str; 8] = [
        // RWKV's first layer has no values to mix its own with.
        "blk.0.time_mix_v0.weight",
        "blk.0.time_mix_v1.weight",
        "blk.0.time_mix_v2.weight",
        "output.weight",
        "output_norm.bias",
        "rope_freqs.weight",
        "rope_factors_long.weight",
        "rope_factors_short.weight",
    ];
    for fixture in NAMES.map(Fixture::load) {
        for tensor in tensors(&fixture.file) {
            let file = without(&fixture.file, &tensor);
            // Without a matrix of values these are the keys; without a multiplier nothing is multiplied.
            let of_gemma4 =
                ["attn_v.weight", "layer_output_scale.weight"].iter().any(|end| name(&tensor).ends_with(end));
            if OPTIONAL.contains(&name(&tensor)) || fixture.name.starts_with("arch-gemma4") && of_gemma4 {
                let changed = Fixture { name: fixture.name, file, ids: fixture.ids.clone(), logits: Vec::new() };
                assert!(try_run(changed.mapped(), &changed.ids[..2], &Run::default()).is_ok(), "{}", name(&tensor));
                continue;
            }
            let error = error_of_file(&fixture, file);
            assert!(matches!(error.error, Error::Weight(WeightError::Missing { .. })), "{}: {error}", name(&tensor));
            assert!(error.to_string().contains(name(&tensor)), "{}: {error}", name(&tensor));
        }
    }
}

/// Dimensions of 1 at the end say nothing; a vector is no matrix, nor a matrix another one.
#[test]
fn shapes_are_compared_without_ones_at_their_end() {
    let fixture = Fixture::load("gemma3-f16");
    let (want, _) = run(fixture.mapped(), &fixture.ids[..20], &Run::default());
    for tensor in tensors(&fixture.file) {
        let [cols, rows, ..] = tensor.ne;
        for n_dims in tensor.n_dims as usize..=4 {
            let file = with_dims(&fixture.file, &tensor, &[cols, rows, 1, 1][..n_dims]);
            let changed = Fixture { name: fixture.name, file, ids: fixture.ids.clone(), logits: Vec::new() };
            let (have, _) = run(changed.mapped(), &changed.ids[..20], &Run::default());
            assert_same(&want, &have, name(&tensor));
        }
        for ne in [[1, cols, rows, 1], [cols, 1, 1, rows], [cols / 2, 2, rows, 1], [cols / 2, rows * 2, 1, 1]] {
            if ne == tensor.ne {
                continue;
            }
            let error = error_of_file(&fixture, with_dims(&fixture.file, &tensor, &ne));
            let shape = matches!(error.error, Error::Weight(WeightError::Shape { .. }));
            assert!(shape && error.to_string().contains(name(&tensor)), "{ne:?}: {error}");
        }
    }
}

/// The matrix behind the vector makes room for its second row.
#[test]
fn a_vector_has_one_row() {
    let fixture = Fixture::load("llama-f32-gqa");
    let of = |file: &[u8], wanted: &str| tensors(file).into_iter().find(|t| name(t) == wanted).expect("it is there");
    let file = without(&fixture.file, &of(&fixture.file, "blk.1.attn_q.weight"));
    let norm = of(&file, "blk.1.attn_norm.weight");
    let error = error_of_file(&fixture, with_dims(&file, &norm, &[norm.ne[0], 2]));
    assert!(matches!(error.error, Error::Weight(WeightError::Shape { need: [32, 1], have: [32, 2], .. })), "{error}");
}

#[test]
fn full_contexts_and_unknown_tokens_change_nothing() {
    let fixture = Fixture::load("llama-f32-gqa");
    let want = run(fixture.mapped(), &fixture.ids[..12], &Run::default()).0;
    let future = async {
        let mut source = fixture.mapped();
        let model = Model::open(&mut source).await?;
        let options = Options { ctx: 12, ..Options::default() };
        let plan = model.plan(&mut source, &options, None).await?;
        let mut memory = Memory::new(plan.arena_bytes);
        let mut session = Session::new(source, model, plan, memory.arena(), &Scalar, &Inline, &mut |_| {}).await?;
        let nothing = &mut |_: u32, _: u32, _: &[f32]| unreachable!("there are no logits");
        session.feed(&fixture.ids[..10], Want::None, nothing).await?;
        let error = session.feed(&fixture.ids[..3], Want::Last, nothing).await.expect_err("two fit");
        assert_eq!(error, Error::ContextFull { ctx: 12, position: 10, tokens: 3 });
        let error = session.feed(&[5, 131], Want::Last, nothing).await.expect_err("ids end at 130");
        assert_eq!(error, Error::NoSuchToken { id: 131, n_vocab: 131 });
        session.feed(&[], Want::All, nothing).await?;
        assert_eq!(session.position(), 10);
        let mut logits = Logits::new(2, 131);
        session.feed(&fixture.ids[10..12], Want::All, &mut |p, first, l| logits.take(p - 10, first, l)).await?;
        assert_same(&want[10..], &logits.complete(), "after the errors");
        let error = session.feed(&[5], Want::Last, nothing).await.expect_err("none fits");
        assert_eq!(error, Error::ContextFull { ctx: 12, position: 12, tokens: 1 });
        session.reset();
        let mut logits = Logits::new(12, 131);
        session.feed(&fixture.ids[..12], Want::All, &mut |p, first, l| logits.take(p, first, l)).await?;
        assert_same(&want, &logits.complete(), "after a reset");
        Ok::<_, Error>(())
    };
    block_on(future, || ()).expect("the session runs");
}

#[test]
fn after_a_failed_read_the_same_tokens_can_be_fed_again() {
    // The windowed model's rings wrap.
    for name in
        ["llama-mixed32", "gemma3-f16", "arch-lfm2", "arch-mamba2", "arch-falcon-h1", "arch-rwkv7", "arch-gemma4"]
    {
        let fixture = Fixture::load(name);
        let want = run(fixture.mapped(), &fixture.ids, &Run::default()).0;
        for (residency, chunk) in [(Residency::Streamed, 7), (Residency::Streamed, 64)] {
            let mut source = Chip::<4>::source(&fixture.file, 1);
            let fails_after = source.flash.fails_after.clone();
            let future = async {
                let model = Model::open(&mut source).await?;
                let options = Options { ctx: 96, residency, chunk, tile_bytes: 6000, ..Options::default() };
                let plan = model.plan(&mut source, &options, None).await?;
                let mut memory = Memory::new(plan.arena_bytes);
                let mut session =
                    Session::new(source, model, plan, memory.arena(), &Scalar, &Inline, &mut |_| {}).await?;
                let mut logits = Logits::new(fixture.ids.len(), want[0].len());
                for fail in [0, 1, 4, 8, 11] {
                    let start = session.position();
                    fails_after.set(Some(fail));
                    let rest = &fixture.ids[start as usize..];
                    let now = &rest[..fixture.ids.len() / 5];
                    let mut arrived = Logits::new(fixture.ids.len(), want[0].len());
                    let mut sink = |p, first, l: &[f32]| arrived.take(p, first, l);
                    let error = session.feed(now, Want::All, &mut sink).await.expect_err("a read fails");
                    assert!(matches!(error, Error::Pass(PassError::Flash(FlashError::Device { .. }))), "{error}");
                    // Chunks that were finished count, with all their logits.
                    let finished = (session.position() - start) as usize;
                    assert!(finished.is_multiple_of(chunk as usize) && finished < now.len());
                    let kept = start as usize..start as usize + finished;
                    for (to, from) in logits.0[kept.clone()].iter_mut().zip(&arrived.0[kept]) {
                        to.clone_from(from);
                    }
                    fails_after.set(None);
                    let mut sink = |p, first, l: &[f32]| logits.take(p, first, l);
                    session.feed(&now[finished..], Want::All, &mut sink).await?;
                }
                let start = session.position() as usize;
                session.feed(&fixture.ids[start..], Want::All, &mut |p, first, l| logits.take(p, first, l)).await?;
                assert_same(&want, &logits.complete(), name);
                Ok::<_, Error>(())
            };
            block_on(future, || ()).expect("the session runs");
        }
    }
}

#[test]
fn a_failed_read_while_loading_is_an_error() {
    let fixture = Fixture::load("llama-mixed32");
    let setup =
        Run { options: Options { residency: Residency::Pinned, ctx: 64, ..Options::default() }, ..Run::default() };
    let mut failures = 0;
    for fail in 0.. {
        let source = Chip::<4>::source(&fixture.file, 0);
        source.flash.fails_after.set(Some(fail));
        match try_run(source, &fixture.ids[..1], &setup) {
            Ok(_) => break,
            Err(error) => assert!(error.to_string().contains("failed to read"), "{error}"),
        }
        failures += 1;
    }
    assert!(failures > 20);
}
