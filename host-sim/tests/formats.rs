//! Files that are no models, or not whole ones, as a user meets them.

mod binary;

use std::path::{Path, PathBuf};

use binary::flashlet_with;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures");

/// A temporary folder, removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("flashlet-formats-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        Folder(path)
    }

    /// The path of a new file.
    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("the folder can be written");
        path.to_str().expect("the temporary folder's name is UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(FIXTURES).join(name)).expect("the fixture is there")
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

/// A GGUF with these texts and numbers as metadata, and no tensors.
fn gguf(texts: &[(&str, &str)], numbers: &[(&str, u16)]) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend(((texts.len() + numbers.len()) as u64).to_le_bytes());
    for (key, value) in texts {
        bytes.extend([string(key), 8u32.to_le_bytes().to_vec(), string(value)].concat());
    }
    for (key, value) in numbers {
        bytes.extend([string(key), 2u32.to_le_bytes().to_vec(), value.to_le_bytes().to_vec()].concat());
    }
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes
}

/// Checks that the command fails with one line on standard error that holds `words`.
#[track_caller]
fn fails(args: &[&str], words: &str) {
    let (code, out, err) = flashlet_with(b"", args);
    assert_eq!((code, out.as_str()), (1, ""), "{args:?}: {err}");
    assert!(err.starts_with("error: ") && err.contains(words), "{args:?}: {err}");
    assert_eq!(err.lines().count(), 1, "{args:?}: {err}");
}

#[test]
fn files_of_other_formats_are_called_by_their_names() {
    let folder = Folder::new("names");
    let llama = ("general.architecture", "llama");
    let lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 98362432\n";
    for (name, bytes, words) in [
        ("lora", gguf(&[llama, ("general.type", "adapter")], &[]), "a LoRA adapter, not a model: merge it"),
        ("mmproj", gguf(&[("general.architecture", "clip")], &[]), "a projector for images"),
        // Parts after the first have no keys but these.
        ("part", gguf(&[], &[("split.no", 1), ("split.count", 3)]), "part 2 of 3 of a model: put the parts together"),
        ("lfs", lfs.to_vec(), "a Git LFS pointer: fetch"),
    ] {
        let file = folder.file(name, &bytes);
        for command in ["run", "plan", "chat", "bench"] {
            fails(&[command, "-m", &file], words);
        }
        fails(&["tokenize", "-m", &file, "--text", "x"], words);
        fails(&["pack", &file, &folder.file("out", b"")], words);
    }
}

#[test]
fn models_that_are_cut_or_of_another_version_say_what_to_do() {
    let folder = Folder::new("cut");
    let model = fixture("models/llama-mixed32.gguf");
    let mut version_1 = model.clone();
    version_1[4] = 1;
    let big_endian = [b"GGUF\0\0\0\x03", &model[8..]].concat();
    let cut = "the file is cut short or damaged: download it again";
    for (name, bytes, words) in [
        ("version-1", &version_1[..], "GGUF version 1; only 2 and 3 can be read; take a newer GGUF"),
        ("big-endian", &big_endian, "a big-endian GGUF; only little-endian files can be read; convert it"),
        ("weights", &model[..model.len() / 2], cut),
        ("keys", &model[..200], cut),
        ("header", &model[..10], cut),
        (
            "unknown",
            b"\xff\xfe\x01\x02 of no known format",
            "not a GGUF file: it starts with bytes ff fe 01 02; take a GGUF",
        ),
    ] {
        let file = folder.file(name, bytes);
        for command in ["run", "plan", "inspect"] {
            fails(&[command, "-m", &file], words);
        }
    }
}

#[test]
fn a_vocabulary_without_its_pre_tokenizer_is_warned_of_once() {
    let folder = Folder::new("pre");
    let with = fixture("tiny/llama.gguf");
    let key = b"tokenizer.ggml.pre";
    let at = with.windows(key.len()).position(|window| window == key).expect("it has the key");
    let mut without = with.clone();
    without[at + key.len() - 1] = b'x';
    let text = folder.file("text", b"a b");
    // SentencePiece has no such key: it does not split.
    let llama = fixture("models/llama-mixed32.gguf");
    for (name, bytes, warned) in [("with", &with, 0), ("without", &without, 1), ("llama", &llama, 0)] {
        let file = folder.file(name, bytes);
        for command in
            [&["tokenize", "--text", "a b"][..], &["run", "-n", "1", "a b"], &["eval", "--file", &text], &["plan"]]
        {
            let (code, _, err) = flashlet_with(b"", &[command, &["-m", &file]].concat());
            let warnings = err.matches("warning: the file has no tokenizer.ggml.pre").count();
            assert_eq!((code, warnings), (0, warned), "{name}: {command:?}: {err}");
        }
    }
}
