//! Logits that are not finite: an error with the position, and with the layer if that is asked for.

use super::edit::{name, poison, tensors};
use super::model::{Fixture, Run, shallow, try_run};
use super::rewind::{ignore, session};
use flashlet::gguf::TensorInfo;
use flashlet::kernels::KvType;
use flashlet::model::Want;
use flashlet::weights::{PassError, PassStep, Residency};
use flashlet::{Error, Options};
use flashlet_tests::kernel::all_kernels;

/// The fixture with a row of one tensor that is not a number, which every pass uses.
fn poisoned(fixture: &Fixture, tensor: &TensorInfo) -> Option<Fixture> {
    let row = if name(tensor).ends_with("token_embd.weight") { fixture.ids[0] as usize } else { 0 };
    let mut file = fixture.file.clone();
    poison(&mut file, tensor, row).then(|| Fixture {
        name: fixture.name,
        file,
        ids: fixture.ids.clone(),
        logits: Vec::new(),
    })
}

/// The step that uses a tensor first; a tied embedding is the head too. Of blocks side by side attention is the first.
fn step_of(tensor: &TensorInfo, tensors: &[TensorInfo]) -> PassStep {
    let has = |layer: u32, part: &str| {
        let start = format!("blk.{layer}.{part}");
        tensors.iter().any(|tensor| name(tensor).starts_with(&start))
    };
    let is_recurrent = |layer| ["shortconv", "ssm", "time_mix"].iter().any(|part| has(layer, part));
    let mut parts = name(tensor).split('.');
    match (parts.next(), parts.next().and_then(|layer| layer.parse().ok()), parts.next()) {
        (Some("token_embd"), ..) => PassStep::Embedding,
        (Some("per_layer_token_embd" | "per_layer_model_proj" | "per_layer_proj_norm"), ..) => PassStep::LayerOutput(0),
        (Some("blk"), Some(layer), Some("inp_gate" | "proj" | "post_norm" | "layer_output_scale")) => {
            PassStep::LayerOutput(layer)
        }
        (Some("token_embd_norm"), ..) if is_recurrent(0) && !tensors.iter().any(|t| name(t).contains("shortconv")) => {
            PassStep::Embedding
        }
        (Some("blk"), Some(layer), Some(part))
            if ["ff", "channel_mix", "norm_2"].iter().any(|ffn| part.contains(ffn)) =>
        {
            PassStep::FeedForward(layer)
        }
        (Some("blk"), Some(layer), Some(part)) if part.starts_with("attn") && has(layer, "attn_q.") => {
            PassStep::Attention(layer)
        }
        (Some("blk"), Some(layer), Some(_)) if is_recurrent(layer) => PassStep::Recurrence(layer),
        (Some("blk"), Some(layer), Some(_)) => PassStep::Attention(layer),
        _ => PassStep::Head,
    }
}

/// Divisors of rotary frequencies that are not a number turn nothing before the second position.
fn is_used_at_once(tensor: &TensorInfo) -> bool {
    // RWKV's first layer has no values to mix its own with.
    !name(tensor).starts_with("rope_")
        && !["v0", "v1", "v2"].iter().any(|v| name(tensor).starts_with(&format!("blk.0.time_mix_{v}")))
}

#[test]
fn not_a_number_in_any_tensor_is_noticed_by_all_kernels() {
    let mut files = 0;
    for fixture in shallow().map(Fixture::load) {
        let tensors = tensors(&fixture.file);
        for tensor in tensors.iter().filter(|tensor| is_used_at_once(tensor)) {
            let Some(poisoned) = poisoned(&fixture, tensor) else { continue };
            files += 1;
            for kernels in all_kernels() {
                for &kv in KvType::ALL {
                    let options = Options { ctx: 96, kv, ..Options::default() };
                    let run = Run { options, kernels, ..Run::default() };
                    match try_run(poisoned.mapped(), &poisoned.ids[..5], &run) {
                        // Not every head can be cached so.
                        Err(Error::KvHeadDim { .. }) => {}
                        Err(Error::Pass(PassError::NotFinite { position: 0, step: PassStep::Head })) => {}
                        other => {
                            let what = format!("{}, {}, {kv:?}, {}", fixture.name, name(tensor), kernels.isa().name());
                            assert!(other.is_ok() && other.is_err(), "{what}: {:?}", other.map(|_| ()));
                        }
                    }
                }
            }
        }
    }
    assert!(files > 150, "{files}");
}

#[test]
fn the_layer_is_named_if_asked_for() {
    let names = [
        "llama-f32-linear",
        "llama-mixed32",
        "gemma3-q8_0",
        "arch-phi3",
        "arch-gptneox",
        "arch-lfm2",
        "arch-mamba",
        "arch-falcon-h1",
        "arch-rwkv7",
        "arch-gemma4",
    ];
    for fixture in names.map(Fixture::load) {
        let tensors = tensors(&fixture.file);
        for tensor in tensors.iter().filter(|tensor| is_used_at_once(tensor)) {
            let Some(poisoned) = poisoned(&fixture, tensor) else { continue };
            for (residency, chunk) in [(Residency::Mapped, 0), (Residency::Streamed, 3)] {
                let options = Options { ctx: 96, residency, chunk, tile_bytes: 6000, ..Options::default() };
                session(poisoned.mapped(), &options, async |session| {
                    session.find_nan(true);
                    let error = session.feed(&poisoned.ids[..5], Want::Last, &mut ignore).await.expect_err("NaN");
                    // Nobody looks at logits before the last token's.
                    let step = step_of(tensor, &tensors);
                    let position = if step == PassStep::Head { 4 } else { 0 };
                    assert_eq!(error, Error::Pass(PassError::NotFinite { position, step }), "{}", name(tensor));
                    Ok(())
                });
            }
        }
    }
}

/// A token whose embedding is not a number spoils what follows, not what came before.
#[test]
fn the_position_is_the_first_that_is_wrong() {
    let fixture = Fixture::load("llama-f16-mqa");
    let at = (1..fixture.ids.len()).find(|&at| !fixture.ids[..at].contains(&fixture.ids[at])).expect("there is one");
    let at = at.max(7);
    let embedding = tensors(&fixture.file).into_iter().find(|t| name(t) == "token_embd.weight").expect("it is there");
    let mut file = fixture.file.clone();
    let id = (0..128).find(|id| !fixture.ids[..at].contains(id)).expect("there is one");
    assert!(poison(&mut file, &embedding, id as usize));
    let mut ids = fixture.ids.clone();
    ids[at] = id;
    let poisoned = Fixture { name: fixture.name, file, ids, logits: Vec::new() };
    let position = at as u32;
    for chunk in [1, 3, 64] {
        let options = Options { ctx: 96, chunk, ..Options::default() };
        let run = Run { options, ..Run::default() };
        let error = try_run(poisoned.mapped(), &poisoned.ids, &run).expect_err("NaN");
        assert_eq!(error, Error::Pass(PassError::NotFinite { position, step: PassStep::Head }), "chunks of {chunk}");
        let message = error.to_string();
        assert!(message.contains(&format!("position {at}")) && message.contains("not finite"), "{message}");
    }
}

/// A value that is too large for the cache is infinite there.
#[test]
fn infinite_values_are_noticed() {
    let fixture = Fixture::load("llama-f32-gqa");
    let values = tensors(&fixture.file).into_iter().find(|t| name(t) == "blk.1.attn_v.weight").expect("it is there");
    let mut file = fixture.file.clone();
    let row = &mut file[values.offset as usize..][..4 * values.ne[0] as usize];
    row.as_chunks_mut::<4>().0.iter_mut().for_each(|x| *x = 1e30f32.to_le_bytes());
    let large = Fixture { name: fixture.name, file, ids: fixture.ids.clone(), logits: Vec::new() };
    let error = try_run(large.mapped(), &large.ids, &Run::default()).expect_err("too large for an f16");
    assert_eq!(error, Error::Pass(PassError::NotFinite { position: 0, step: PassStep::Head }));
}
