//! Model files that are refused, in words: keys and names, and weights that are not numbers.

mod binary;
mod place;

use std::fs;
use std::path::PathBuf;

use binary::flashlet_with;
use place::Place;

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/models");
    fs::read(folder.join(name)).expect("the fixture is there")
}

/// A key with a `u32`, as a file has it.
fn key(name: &str, value: u32) -> Vec<u8> {
    [&(name.len() as u64).to_le_bytes()[..], name.as_bytes(), &4u32.to_le_bytes(), &value.to_le_bytes()].concat()
}

/// The file with these keys in front of its own. Together they are as long as some alignments.
fn with_keys(file: &[u8], keys: &[Vec<u8>]) -> Vec<u8> {
    let mut out = file.to_vec();
    let n_kv = u64::from_le_bytes(file[16..24].try_into().expect("eight bytes")) + keys.len() as u64;
    out[16..24].copy_from_slice(&n_kv.to_le_bytes());
    let added = keys.concat();
    assert!(added.len().is_multiple_of(32));
    out.splice(24..24, added);
    out
}

#[test]
fn a_key_that_is_not_known_is_named_and_can_be_ignored() {
    let place = Place::new("unknown-key.gguf");
    let file = with_keys(&fixture("llama-f16-mqa.gguf"), &[key("llama.surprises_", 7)]);
    fs::write(&place.0, file).expect("it can be written");
    let model = place.path();
    let run = ["run", "-m", model, "--raw", "-n", "2", "--temp", "0", "t5"];
    let (code, _, err) = flashlet_with(b"", &run);
    assert!(code == 1 && err.contains("llama.surprises_") && err.contains("--ignore-key llama.surprises_"), "{err}");
    let ignoring = ["--ignore-key", "llama.surprises_"];
    for command in [&run[..], &["plan", "-m", model], &["bench", "-m", model, "-r", "1", "-p", "2", "-n", "2"]] {
        let (code, _, err) = flashlet_with(b"", &[command, &ignoring].concat());
        assert_eq!(code, 0, "{command:?}: {err}");
    }
    let packed = Place::new("unknown-key-packed.gguf");
    assert_eq!(flashlet_with(b"", &["pack", model, packed.path()]).0, 1);
    let (code, _, err) = flashlet_with(b"", &[&["pack", model, packed.path()], &ignoring[..]].concat());
    assert_eq!(code, 0, "{err}");
}

/// A file with more names than the engine compares by itself; the last repeats the first.
#[test]
fn names_of_very_many_keys_are_compared() {
    const KEYS: u32 = 200_000;
    for twice in [false, true] {
        let place = Place::new(&format!("many-keys-{twice}.gguf"));
        let name = |i: u32| format!("k{}", if twice && i + 1 == KEYS { 0 } else { i });
        let keys: Vec<u8> = (0..KEYS).flat_map(|i| key(&name(i), i)).collect();
        let head = [&b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0"[..], &u64::from(KEYS).to_le_bytes()].concat();
        fs::write(&place.0, [head, keys].concat()).expect("it can be written");
        let (code, _, err) = flashlet_with(b"", &["inspect", "-m", place.path(), "--json"]);
        if twice {
            assert!(code == 1 && err.contains("k0") && err.contains("as key 0"), "{err}");
        } else {
            assert_eq!(code, 0, "{err}");
        }
    }
}

/// The last norm's weights are the last floats of the fixture but for the head's, which is tied: all are made NaN.
#[test]
fn logits_that_are_not_finite_end_every_command() {
    let mut file = fixture("llama-f32-gqa.gguf");
    let half = file.len() / 2;
    file[half..].as_chunks_mut::<4>().0.iter_mut().for_each(|x| *x = f32::NAN.to_le_bytes());
    let (place, ids) = (Place::new("nan.gguf"), Place::new("nan.ids"));
    fs::write(&place.0, file).expect("it can be written");
    fs::write(&ids.0, "5 6 7 8").expect("it can be written");
    let (model, ids) = (place.path(), ids.path());
    for (command, words) in [
        (&["run", "-m", model, "--ids", ids, "--temp", "0"][..], ["position 3", "--find-nan"]),
        (&["run", "-m", model, "--ids", ids, "--temp", "0.9", "--top-k", "0"], ["position 3", "--find-nan"]),
        (&["run", "-m", model, "--ids", ids, "--find-nan"], ["position 0", "layer 0"]),
        (&["eval", "-m", model, "--ids", ids], ["position 0", "--find-nan"]),
        (&["eval", "-m", model, "--ids", ids, "--find-nan"], ["position 0", "layer 0"]),
        (&["chat", "-m", model, "--chat-format", "chatml"], ["position", "not finite"]),
    ] {
        let (code, _, err) = flashlet_with(b"t5\n", command);
        assert!(code == 1 && words.iter().all(|word| err.contains(word)), "{command:?}: exit {code}: {err}");
    }
}
