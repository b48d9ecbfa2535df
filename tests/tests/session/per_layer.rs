//! Layers that differ: inputs of their own from a table that stays in flash, shared keys and values, numbers by layer.

use super::device::Chip;
use super::edit::{Value, with_keys};
use super::integrity::{checked, outcome, packed, tensor};
use super::keys::{open, without_key};
use super::model::{Fixture, Run, assert_same, run};
use super::rewind::{ignore, session};
use flashlet::arena::Region;
use flashlet::flash::{SliceFlash, Source};
use flashlet::model::{ConfigError, Want};
use flashlet::weights::{PassError, Residency, Role, Verify};
use flashlet::{Error, Options, Plan};
use flashlet_sim::pack;

const TABLE: &str = "per_layer_token_embd.weight";

/// The plan that a fixture runs with, from a chip that is not mapped.
fn plan_for(fixture: &Fixture, residency: Residency, arena_bytes: Option<usize>) -> Plan {
    let options = Options { ctx: 96, residency, chunk: 16, ..Options::default() };
    run(Chip::<4>::source(&fixture.file, 0), &fixture.ids, &Run { options, arena_bytes, ..Run::default() }).1
}

#[test]
fn the_table_of_inputs_is_never_pinned_and_read_by_row() {
    let fixture = Fixture::load("arch-gemma4");
    let n_vocab = fixture.logits[0].len() as u64;
    let table_bytes = tensor(&fixture.file, TABLE).len() as u64;
    for (residency, arena_bytes) in
        [(Residency::Pinned, None), (Residency::Auto, None), (Residency::Auto, Some(1 << 20))]
    {
        let plan = plan_for(&fixture, residency, arena_bytes);
        let what = format!("{residency:?}, {arena_bytes:?}");
        assert_eq!(plan.residency.streamed_bytes, table_bytes, "{what}");
        assert_eq!(plan.flash_bytes_per_pass, table_bytes / n_vocab, "{what}");
        // A row, and what reads may be aligned to.
        assert!(plan.tile_bytes as u64 <= (table_bytes / n_vocab + 8).next_multiple_of(64), "{what}");
    }
    let streamed = plan_for(&fixture, Residency::Streamed, None);
    let others = streamed.residency.streamed_bytes - table_bytes;
    let embedding = tensor(&fixture.file, "token_embd.weight").len() as u64;
    // The embedding is the head too: a row of it, and all of it.
    assert_eq!(streamed.flash_bytes_per_pass, others + (embedding + table_bytes) / n_vocab);
    let (_, mapped) = run(fixture.mapped(), &fixture.ids, &Run::default());
    assert_eq!((mapped.tile_bytes, mapped.flash_bytes_per_pass), (0, 0));
}

#[test]
fn layers_that_share_keys_and_values_have_no_cache() {
    // Two windowed layers with a head of 12 elements, padded to 16, and one of 24, padded to 32; the last two share.
    let plan = plan_for(&Fixture::load("arch-gemma4"), Residency::Pinned, None);
    let (ring, context) = ((7usize + 16 + 16).next_multiple_of(16), 96);
    assert_eq!(plan.usage.bytes(Region::KvCache), 2 * 2 * (2 * ring * 16 + context * 32));
    // One of 16 elements in the layer without a window, two of 8 in the others.
    let plan = plan_for(&Fixture::load("arch-gemma4-values"), Residency::Pinned, None);
    assert_eq!(plan.usage.bytes(Region::KvCache), 2 * 2 * (2 * 2 * ring * 16 + context * 16));
}

#[test]
fn rows_of_a_packed_table_are_compared_when_they_are_read() {
    let fixture = Fixture::load("arch-gemma4");
    let ids = &fixture.ids[..3];
    let file = packed(&fixture.file, &pack::Options::default());
    let (want, _) = run(fixture.mapped(), ids, &Run::default());
    for residency in [Residency::Mapped, Residency::Pinned, Residency::Streamed] {
        let have = outcome(&file, ids, checked(residency, Verify::All)).expect("the file is whole");
        assert_same(&want, &have, "packed");
    }
    let table = tensor(&file, TABLE);
    let row_bytes = table.len() / fixture.logits[0].len();
    let not_used = (0..).find(|id| !ids.contains(id)).expect("there is one");
    for (id, fails) in [(ids[0], true), (ids[2], true), (not_used, false)] {
        let mut broken = file.clone();
        broken[table.start + row_bytes * id as usize] ^= 1;
        for residency in [Residency::Pinned, Residency::Streamed] {
            let source = Source::new(SliceFlash(&broken));
            session(source, &checked(residency, Verify::Reads), async |session| {
                let fed = session.feed(ids, Want::None, &mut ignore).await;
                let found = matches!(fed, Err(Error::Pass(PassError::Checksum { role: Role::PerLayerTokenEmbd })));
                assert_eq!(found, fails, "{residency:?}, {id}: {fed:?}");
                Ok(())
            });
        }
    }
}

/// The message with which a fixture is refused that has another value of a key.
fn refusal(name: &'static str, key: &str, value: Value<'_>) -> (Error, String) {
    let mut file = Fixture::load(name).file;
    if file.windows(key.len()).any(|bytes| bytes == key.as_bytes()) {
        file = without_key(&file, key);
    }
    let error = open(&with_keys(&file, &[(key, value)]), &[]).expect_err(key);
    (error.error, error.to_string())
}

#[test]
fn numbers_by_layer_are_as_many_as_layers() {
    for (key, numbers) in [
        ("gemma4.attention.head_count_kv", &[1, 1, 1, 1][..]),
        ("gemma4.attention.head_count_kv", &[1; 6]),
        ("gemma4.feed_forward_length", &[28; 4]),
        ("gemma4.attention.sliding_window_pattern", &[1, 1, 0]),
    ] {
        let (error, text) = refusal("arch-gemma4", key, Value::U32s(numbers));
        let len = numbers.len() as u64;
        assert!(
            matches!(error, Error::Config(ConfigError::ArrayLength { len: l, n_layer: 5, .. }) if l == len),
            "{text}"
        );
        let words = format!("{} has {len} elements; there are 5 layers", &key["gemma4.".len()..]);
        assert!(text.contains(&words), "{text}");
    }
    // Three numbers, none at all, and one that does not divide the query heads.
    for (key, numbers) in [
        ("gemma4.feed_forward_length", [28, 28, 28, 44, 52]),
        ("gemma4.feed_forward_length", [28, 28, 28, 44, 0]),
        ("gemma4.attention.head_count_kv", [0; 5]),
        ("gemma4.attention.head_count_kv", [1, 0, 1, 1, 1]),
        ("gemma4.attention.head_count_kv", [1, 1, 3, 1, 1]),
    ] {
        let (_, text) = refusal("arch-gemma4", key, Value::U32s(&numbers));
        assert!(text.contains(&key["gemma4.".len()..]) || text.contains("cannot share 3 key heads"), "{text}");
    }
}

#[test]
fn what_gemma_4_does_not_have_is_refused_by_name() {
    for (key, value) in [
        ("expert_count", Value::U32(8)),
        ("attention.key_length_swa", Value::U32(513)),
        ("attention.value_length_swa", Value::U32(8)),
        ("rope.dimension_count_swa", Value::U32(7)),
        ("rope.dimension_count_swa", Value::U32(14)),
        ("embedding_length_per_layer_input", Value::F32(6.0)),
        // All layers, and all but one, whose kind not all of the others are of.
        ("attention.shared_kv_layers", Value::U32(5)),
        ("attention.shared_kv_layers", Value::U32(4)),
    ] {
        let (_, text) = refusal("arch-gemma4", &format!("gemma4.{key}"), value);
        assert!(text.contains(key), "{key} = {value:?}: {text}");
    }
}
