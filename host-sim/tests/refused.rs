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
    let (code, out, err) = flashlet_with(b"", &[&["pack", model, packed.path()], &ignoring[..]].concat());
    assert!(code == 0 && out.contains("llama.surprises_: not in the packed file"), "{out}{err}");
    // A board, which ignores no key, can open the packed file.
    let run = ["run", "-m", packed.path(), "--raw", "-n", "2", "--temp", "0", "t5"];
    assert_eq!(flashlet_with(b"", &run).0, 0);
    let (code, _, err) = flashlet_with(b"", &[&run[..], &["--ignore-key", "llama.surprise_"]].concat());
    assert!(code == 0 && err.contains("has no key llama.surprise_"), "{err}");
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

#[test]
fn a_known_key_is_named_as_the_file_spells_it() {
    let place = Place::new("causal.gguf");
    // A window in an architecture without windows: the engine knows the key.
    let file = with_keys(&fixture("llama-f16-mqa.gguf"), &[key("llama.attention.sliding_window", 7), key("ab", 0)]);
    fs::write(&place.0, file).expect("it can be written");
    let run = ["run", "-m", place.path(), "--raw", "-n", "2", "t5"];
    let (code, _, err) = flashlet_with(b"", &run);
    let advice = "--ignore-key llama.attention.sliding_window ";
    assert!(code == 1 && err.contains("key llama.attention.sliding_window ") && err.contains(advice), "{err}");
    let (code, _, err) = flashlet_with(b"", &[&run[..], &["--ignore-key", "llama.attention.sliding_window"]].concat());
    assert_eq!(code, 0, "{err}");
}

#[test]
fn a_snapshot_knows_which_keys_were_ignored() {
    let (place, snapshot) = (Place::new("ignored.gguf"), Place::new("ignored.snapshot"));
    fs::write(&place.0, with_keys(&fixture("llama-f16-mqa.gguf"), &[key("llama.surprises_", 7)]))
        .expect("it can be written");
    let run = |flags: &[&str]| {
        let run =
            ["run", "-m", place.path(), "--raw", "-n", "2", "--temp", "0", "--ignore-key", "llama.surprises_", "t5 t6"];
        flashlet_with(b"", &[&run[..], flags].concat())
    };
    assert_eq!(run(&["--save-prefix", snapshot.path()]).0, 0);
    assert_eq!(run(&["--load-prefix", snapshot.path()]).0, 0);
    let (code, _, err) = run(&["--load-prefix", snapshot.path(), "--ignore-key", "llama.rope.freq_base"]);
    assert!(code == 1 && err.contains("another model"), "{err}");
}

#[test]
fn packing_again_notices_damage() {
    let [original, packed, again] = ["damage.gguf", "damage-packed.gguf", "damage-again.gguf"].map(Place::new);
    fs::write(&original.0, fixture("llama-mixed32.gguf")).expect("it can be written");
    assert_eq!(flashlet_with(b"", &["pack", original.path(), packed.path()]).0, 0);
    assert_eq!(flashlet_with(b"", &["pack", packed.path(), again.path()]).0, 0);
    assert_eq!(fs::read(&packed.0).expect("it was written"), fs::read(&again.0).expect("so was this"));
    fs::remove_file(&again.0).expect("it is there");
    let mut file = fs::read(&packed.0).expect("it was written");
    let in_the_data = file.len() * 3 / 4;
    file[in_the_data] ^= 0x40;
    fs::write(&packed.0, file).expect("it can be written");
    for flags in [&[][..], &["--no-checksums"]] {
        let (code, _, err) = flashlet_with(b"", &[&["pack", packed.path(), again.path()], flags].concat());
        assert!(code == 1 && err.contains("does not match its checksum"), "{err}");
        assert!(!again.0.exists());
    }
}
