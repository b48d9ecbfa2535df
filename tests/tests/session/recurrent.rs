//! Recurrent layers: how far tokens can be taken back, what their state takes, and key heads by layer.

use super::model::{Fixture, Logits, Run, assert_same, run};
use super::rewind::{ignore, session};
use flashlet::arena::Region;
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::model::{ConfigError, Want};
use flashlet::{Error, Model, Options};

/// Models with recurrent layers alone, with attention in some, and with attention beside them.
const NAMES: [&str; 4] = ["arch-mamba", "arch-lfm2", "arch-falcon-h1", "arch-rwkv7"];

#[test]
fn as_many_tokens_as_a_draft_has_can_be_taken_back() {
    for fixture in NAMES.map(Fixture::load) {
        let (want, _) = run(fixture.mapped(), &fixture.ids, &Run::default());
        let n = fixture.ids.len();
        for (draft, keep, chunk) in [(0, 1, 0), (1, 1, 3), (3, 3, 0), (3, 3, 4), (7, 7, 0)] {
            let options = Options { ctx: 96, chunk, draft, ..Options::default() };
            // Token by token, and all at once.
            for piece in [1, 2, n] {
                session(fixture.mapped(), &options, async |session| {
                    for ids in fixture.ids.chunks(piece) {
                        session.feed(ids, Want::None, &mut ignore).await?;
                    }
                    let (position, least) = (n as u32, (n - keep) as u32);
                    let error = session.rewind(least - 2).expect_err("the states have moved on");
                    assert!(
                        matches!(error, Error::CannotRewind { to, position: p, .. } if (to, p) == (least - 2, position))
                    );
                    for back in 1..=keep {
                        let at = n - back;
                        session.rewind(at as u32)?;
                        let mut logits = Logits::new(back, want[0].len());
                        let mut sink = |p: u32, first, l: &[f32]| logits.take(p - at as u32, first, l);
                        session.feed(&fixture.ids[at..], Want::All, &mut sink).await?;
                        assert_same(&want[at..], &logits.complete(), fixture.name);
                    }
                    Ok(())
                });
            }
        }
    }
}

#[test]
fn copies_of_the_state_are_planned_for_drafts() {
    let usage = |name, draft| {
        let fixture = Fixture::load(name);
        let mut setup = Run::default();
        setup.options.draft = draft;
        run(fixture.mapped(), &fixture.ids, &setup).1.usage
    };
    for name in NAMES {
        let [one, other, more] = [0, 1, 4].map(|draft| usage(name, draft).bytes(Region::State));
        // A copy for each token of a draft, one before and one after them; none at all counts as one.
        assert!(
            one > 0 && one == other && one.is_multiple_of(3) && more == one / 3 * 6,
            "{name}: {one} {other} {more}"
        );
    }
    assert_eq!(usage("arch-mamba", 0).bytes(Region::KvCache), 0);
    assert_eq!(usage("llama-f32-gqa", 4).bytes(Region::State), 0);
    // Two of five layers have attention, with a key head of 8 elements, padded to 16, in F16.
    assert_eq!(usage("arch-lfm2", 0).bytes(Region::KvCache), 2 * 2 * 96 * 16 * 2);
}

/// The fixture with other key heads by layer.
fn with_key_heads(fixture: &Fixture, key: &str, heads: [u32; 5]) -> Vec<u8> {
    let mut file = fixture.file.clone();
    let at = file.windows(key.len()).position(|w| w == key.as_bytes()).expect("the key is there") + key.len();
    // The type of the value, the type of its elements, their number.
    let elements = &mut file[at + 4 + 4 + 8..][..20];
    elements.copy_from_slice(&heads.map(u32::to_le_bytes).concat());
    file
}

#[test]
fn key_heads_by_layer_are_one_number_or_none() {
    let fixture = Fixture::load("arch-lfm2");
    for (heads, is_refused) in [([0, 1, 0, 1, 0], false), ([0, 1, 0, 3, 0], true), ([0; 5], true)] {
        let file = with_key_heads(&fixture, "lfm2.attention.head_count_kv", heads);
        let mut source = Source::new(SliceFlash(&file));
        let opened = block_on(Model::open(&mut source), || ());
        match opened {
            Ok(_) => assert!(!is_refused, "{heads:?}"),
            Err(Error::Config(ConfigError::Unsupported { key })) => {
                assert!(is_refused && key.0 == "attention.head_count_kv", "{heads:?}");
            }
            Err(error) => unreachable!("{heads:?}: {error}"),
        }
    }
}
