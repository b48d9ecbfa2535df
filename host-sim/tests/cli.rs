//! The binary as a user meets it.

mod binary;
mod gguf_bytes;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use binary::flashlet_with;
use gguf_bytes::{F32, GgufBytes, I32, STRING, U32};

/// A temporary file, removed at the end of the test.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, bytes: &[u8]) -> TempFile {
        let path = std::env::temp_dir().join(format!("flashlet-cli-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).expect("the temporary folder can be written");
        TempFile(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("the temporary folder's name is UTF-8")
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A SentencePiece vocabulary without any tensor.
fn vocabulary() -> Vec<u8> {
    // Normal tokens are 1, the unknown one 2, control tokens 3.
    let tokens = [
        ("<unk>", 0.0, 2),
        ("<s>", 0.0, 3),
        ("</s>", 0.0, 3),
        ("▁", -9.0, 1),
        ("a", -9.0, 1),
        ("b", -9.0, 1),
        ("c", -9.0, 1),
        ("ab", -1.0, 1),
        ("▁ab", -2.0, 1),
    ];
    GgufBytes::default()
        .key("general.architecture", STRING, &GgufBytes::string("llama"))
        .key("tokenizer.ggml.model", STRING, &GgufBytes::string("llama"))
        .array("tokenizer.ggml.tokens", STRING, &tokens.map(|(text, ..)| GgufBytes::string(text)))
        .array("tokenizer.ggml.scores", F32, &tokens.map(|(_, score, _)| f32::to_le_bytes(score).to_vec()))
        .array("tokenizer.ggml.token_type", I32, &tokens.map(|(.., kind)| i32::to_le_bytes(kind).to_vec()))
        .key("tokenizer.ggml.bos_token_id", U32, &1u32.to_le_bytes())
        .key("tokenizer.ggml.eos_token_id", U32, &2u32.to_le_bytes())
        .bytes()
}

fn flashlet(args: &[&str]) -> (i32, String, String) {
    flashlet_with(b"", args)
}

/// That the command fails with one line on standard error that holds `words`.
#[track_caller]
fn fails(args: &[&str], words: &str) {
    let (code, out, err) = flashlet(args);
    assert_eq!((code, out.as_str()), (1, ""), "{args:?}: {err}");
    assert!(err.starts_with("error: ") && err.contains(words), "{args:?}: {err}");
    assert_eq!(err.lines().count(), 1, "{args:?}: {err}");
}

#[test]
fn wrong_usage_exits_with_2() {
    for args in [
        &[][..],
        &["walk"],
        &["run", "--no-such-flag"],
        &["run", "--stop", "", "x"],
        &["run", "--repeat-penalty", "1e-40", "x"],
        &["run", "-m"],
        &["run", "-m", "x", "prompt", "--ids", "y"],
        &["run", "-m", "x", "--chat", "--raw", "prompt"],
        &["run", "-m", "x", "--system", "s", "--raw", "prompt"],
        &["run", "-m", "x", "--residency", "nowhere", "prompt"],
        &["run", "-m", "x", "--arena", "16MiBs", "prompt"],
        &["run", "-m", "x", "--arena", "-1", "prompt"],
        &["run", "-m", "x", "--temp", "-0.5", "prompt"],
        &["run", "-m", "x", "--threads", "0", "prompt"],
        &["tokenize", "-m", "x"],
        &["tokenize", "-m", "x", "--text", "a", "--file", "b"],
        &["eval", "-m", "x"],
        &["plan", "-m", "x", "--arena", "1MiB", "--board", "pico"],
        &["plan", "-m", "x", "--board", "no-such-board"],
        &["bench", "-m", "x", "-p", "0", "-n", "0"],
        &["completions", "no-such-shell"],
    ] {
        let (code, out, err) = flashlet(args);
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(out.is_empty() && !err.is_empty(), "{args:?}: {out}{err}");
    }
    assert!(flashlet(&["bench", "--help"]).1.contains("-r, -t and --isa do not change them"));
    // The usage is the command's, whoever finds the mistake.
    for (args, usage) in
        [(&["report"][..], "Usage: flashlet report"), (&["bench", "-p", "0", "-n", "0"], "Usage: flashlet bench")]
    {
        assert!(flashlet(args).2.contains(usage), "{args:?}");
    }
}

#[test]
fn a_model_behind_a_flag_is_no_prompt() {
    fails(&["run", "--json", "no-such.gguf"], "-m no-such.gguf");
    // With -m for the model or -p for the prompt, the same word is a prompt.
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/flashlet-demo-q4_k.gguf");
    for prompt in [&["run", "-m", model, "-n", "1", "no-such.gguf"][..], &["run", "-n", "1", "-p", "no-such.gguf"]] {
        assert_eq!(flashlet(prompt).0, 0, "{prompt:?}");
    }
}

#[test]
fn help_and_version_exit_with_0() {
    for command in ["run", "chat", "tokenize", "eval", "bench", "demo", "inspect", "plan", "completions"] {
        let (code, out, _) = flashlet(&[command, "--help"]);
        assert!(code == 0 && out.contains("Usage: flashlet"), "{command}: {out}");
    }
    let (code, out, _) = flashlet(&["--version"]);
    assert_eq!((code, out.trim()), (0, concat!("flashlet ", env!("CARGO_PKG_VERSION"))));
}

const SLOW_FLASH: &str = include_str!("slow_flash.toml");

#[test]
fn a_simulated_board_answers_alike_in_its_own_time() {
    let board = TempFile::new("board.toml", SLOW_FLASH.as_bytes());
    let question = "is the garage door open?";
    let (_, plain, _) = flashlet(&["run", question]);
    for name in ["stm32f405", "raspi5", board.path()] {
        let (code, out, err) = flashlet(&["run", "--board", name, "--kv", "q8_0", "--ctx", "128", "--stats", question]);
        assert_eq!((code, &out), (0, &plain), "{name}: {err}");
        assert!(err.contains("board    simulated: "), "{name}: {err}");
    }
    // Every pass reads the streamed matrices, and the bus takes 10 us a byte.
    let args =
        ["bench", "-p", "4", "-n", "3", "--residency", "streamed", "--chunk", "4", "--json", "--board", board.path()];
    let (code, out, err) = flashlet(&args);
    assert_eq!(code, 0, "{err}");
    let report: serde_json::Value = serde_json::from_str(&out).expect("one object");
    let decode = &report["board"]["decode"];
    let number = |name: &str| decode[name].as_f64().expect("a number");
    assert_eq!(decode["bound_by"], "flash");
    let tensors = 3.0 * 823_000.0;
    assert!((tensors..tensors * 1.01).contains(&number("bytes")), "{decode}");
    assert!((number("bus") - number("bytes") * 1e-5).abs() < 1e-3, "{decode}");
    assert!((number("seconds") / number("bus") - 1.0).abs() < 0.01, "{decode}");
    let rate = report["tg"][0].as_f64().expect("a rate");
    assert!((rate * number("seconds") / 3.0 - 1.0).abs() < 1e-6, "{report}");
}

#[test]
fn boards_that_cannot_be_are_explained() {
    let small = TempFile::new("small.toml", SLOW_FLASH.replace("900kB", "800kB").as_bytes());
    fails(&["run", "--board", small.path(), "x"], "the flash of mine has room for 800000");
    let tight = TempFile::new("tight.toml", SLOW_FLASH.replace("1MiB", "64KiB").as_bytes());
    fails(&["run", "--board", tight.path(), "x"], "the model does not fit");
    for (name, from, to, words) in [
        ("isa.toml", "helium", "sse", "there are dsp"),
        ("rate.toml", "1e5", "0.0", "flash.bytes_per_s = 0: a number from 1000 to 1e13"),
        ("hz.toml", "1e11", "nan", "hz = NaN: a number from 1e4 to 1e11"),
        ("text.toml", "hz = 1e11", "hz = ", "error at line 6"),
        ("field.toml", "cores", "kernels", "kernels"),
    ] {
        let file = TempFile::new(name, SLOW_FLASH.replace(from, to).as_bytes());
        let (code, out, err) = flashlet(&["plan", "--board", file.path()]);
        assert_eq!((code, out.as_str()), (1, ""), "{name}: {err}");
        assert!(err.contains(words) && err.contains(name), "{name}: {err}");
    }
    fails(&["plan", "--board", "no-such-file.toml"], "no-such-file.toml: no such file");
}

#[test]
fn files_that_are_no_models_are_explained() {
    let folder = std::env::temp_dir();
    let folder = folder.to_str().expect("UTF-8");
    let empty = TempFile::new("empty", b"");
    let text = TempFile::new("text", b"This is no model, whatever its name says.");
    for command in ["run", "inspect", "plan", "bench", "chat", "demo"] {
        fails(&[command, "-m", "/no/such/model.gguf"], "/no/such/model.gguf: no such file");
        fails(&[command, "/no/such/model.gguf"], "/no/such/model.gguf: no such file");
        fails(&[command, "-m", folder], "is a folder");
        fails(&[command, "-m", empty.path()], "is empty");
        for source in ["mmap", "file"] {
            fails(&[command, "-m", text.path(), "--source", source], text.path());
        }
    }
}

#[test]
fn bad_texts_and_ids_are_explained() {
    let vocabulary = TempFile::new("vocabulary-1", &vocabulary());
    let model = vocabulary.path();
    let bytes = TempFile::new("bytes", b"ab\xff");
    fails(&["tokenize", "-m", model, "--file", "/no/such/text"], "/no/such/text");
    fails(&["tokenize", "-m", model, "--file", bytes.path()], "offset 2");
    // It has no tensors: nothing can run it.
    fails(&["run", "-m", model, "hello"], model);
}

#[test]
fn tokenize_needs_a_vocabulary_only() {
    let vocabulary = TempFile::new("vocabulary-2", &vocabulary());
    let file = TempFile::new("file", b"ab c\n");
    let ids = |args: &[&str]| {
        let (code, out, err) = flashlet(&[&["tokenize", "-m", vocabulary.path()], args].concat());
        assert_eq!(code, 0, "{args:?}: {err}");
        out
    };
    assert_eq!(ids(&["--text", "ab c"]), "1 8 3 6\n");
    assert_eq!(ids(&["--text", "ab c", "--no-bos"]), "8 3 6\n");
    assert_eq!(ids(&["--text", "", "--no-bos"]), "\n");
    assert_eq!(ids(&["--text", "-a", "--no-bos"]), "3 0 4\n");
    assert_eq!(ids(&["--text", "</s>", "--no-bos"]), "2\n");
    assert_ne!(ids(&["--text", "</s>", "--no-bos", "--no-special"]), "2\n");
    // The line break counts: no token has it.
    assert_eq!(ids(&["--file", file.path(), "--no-bos"]), "8 3 6 0\n");
}

#[test]
fn inspect_shows_keys_and_tensors() {
    let model = GgufBytes::default()
        .key("general.name", STRING, &GgufBytes::string(&"long\u{1b}".repeat(100)))
        .key("test.epsilon", F32, &1e-6f32.to_le_bytes())
        .key("test.nan", F32, &f32::NAN.to_le_bytes())
        .key("test.inf", F32, &f32::NEG_INFINITY.to_le_bytes())
        .array("test.list", U32, &[1u32, 2].map(|x| x.to_le_bytes().to_vec()))
        .f32_tensor("first", 8)
        .f32_tensor("second", 3);
    let model = TempFile::new("inspect", &model.bytes());
    let (code, out, err) = flashlet(&["inspect", "-m", model.path()]);
    assert_eq!(code, 0, "{err}");
    assert!(!out.contains('\u{1b}') && out.lines().all(|line| line.len() < 200), "{out}");
    let (code, out, err) = flashlet(&["inspect", "-m", model.path(), "--json"]);
    assert_eq!(code, 0, "{err}");
    let json: serde_json::Value = serde_json::from_str(&out).expect("one JSON object");
    assert_eq!(json["metadata"]["test.epsilon"], 1e-6);
    assert_eq!((&json["metadata"]["test.nan"], &json["metadata"]["test.inf"]), (&"NaN".into(), &"-inf".into()));
    assert_eq!(json["metadata"]["test.list"]["len"], 2);
    assert_eq!(json["metadata"]["general.name"].as_str().map(str::len), Some(500));
    assert_eq!(json["types"]["F32"], serde_json::json!({ "tensors": 2, "bytes": 44 }));
    assert_eq!(json["tensors"][1]["name"], "second");
    assert_eq!(json["tensors"][1]["shape"], serde_json::json!([3]));
    let offset = json["tensors"][0]["offset"].as_u64().expect("a number");
    assert_eq!(json["tensors"][1]["offset"], offset + 32);
}

#[test]
fn inspect_says_what_firmware_turns_on() {
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models");
    for (model, needed) in [
        ("llama-f32-gqa", "f32"),
        ("llama-bf16-yarn", "yarn bf16"),
        ("llama-mixed32", "f16 bf16 q4_0 q4_1 q5_0 q5_1 q8_0 iq4_nl mxfp4"),
        ("arch-llama-biases", "attention-variants f16"),
        ("arch-qwen3", "attention-variants q8_0"),
        ("arch-lfm2", "short-convolution f16"),
        ("arch-mamba2-q8_0", "state-space q8_0"),
        ("arch-rwkv7", "rwkv f16"),
        ("arch-gemma4", "per-layer-inputs f16"),
    ] {
        let (code, out, err) = flashlet(&["inspect", "-m", &format!("{models}/{model}.gguf"), "--json"]);
        assert_eq!(code, 0, "{err}");
        let json: serde_json::Value = serde_json::from_str(&out).expect("one JSON object");
        let said = json["features"]["needed"].as_array().expect("a list").iter().filter_map(|feature| feature.as_str());
        let (said, needed): (BTreeSet<_>, BTreeSet<_>) = (said.collect(), needed.split(' ').collect());
        assert_eq!(said, needed, "{model}");
    }
    let (_, out, _) = flashlet(&["inspect"]);
    assert!(out.contains("\"q6_k\", \"grammar\", \"probabilities\"] }\n"), "{out}");
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, out, err) = flashlet(&["completions", shell]);
        assert_eq!(code, 0, "{shell}: {err}");
        assert!(out.contains("residency") && out.contains("tokenize"), "{shell}: {out}");
    }
}

#[test]
fn pack_keeps_what_a_vocabulary_goes_by() {
    // A SentencePiece file that has merges too, as some converters wrote it: a key of 64 bytes in front of all others.
    let plain = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models/llama-f16-mqa.gguf");
    let mut bytes = std::fs::read(plain).expect(plain);
    bytes[16] += 1;
    let string = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let array = [&9u32.to_le_bytes()[..], &8u32.to_le_bytes(), &1u64.to_le_bytes()].concat();
    let merges = [string("tokenizer.ggml.merges"), array, string("aaaaa bbbbb")].concat();
    assert_eq!(merges.len(), 64);
    bytes.splice(24..24, merges);
    let model = TempFile::new("both.gguf", &bytes);
    let packed = TempFile::new("both.packed.gguf", b"");
    let (code, report, err) = flashlet(&["pack", model.path(), packed.path(), "--strip"]);
    assert_eq!(code, 0, "{err}");
    assert!(report.contains("tokenizer.ggml.merges") && !report.contains("tokenizer.ggml.scores"), "{report}");
}

#[test]
fn pack_writes_whole_files_or_none() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures");
    let model = format!("{fixtures}/models/llama-mixed32.gguf");
    let out = TempFile::new("packed.gguf", b"what was here before");
    let (code, report, err) = flashlet(&["pack", &model, out.path(), "--page", "4KiB", "--strip"]);
    assert_eq!(code, 0, "{err}");
    for step in ["order ", "page ", "checksums ", "index ", "file "] {
        assert!(report.lines().any(|line| line.starts_with(step)), "{step}: {report}");
    }
    let (_, json, _) = flashlet(&["inspect", "-m", out.path(), "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("one JSON object");
    assert_eq!(json["alignment"], 4096);
    assert!(
        json["tensors"]
            .as_array()
            .expect("tensors")
            .iter()
            .all(|t| t["offset"].as_u64().expect("a number") % 4096 == 0)
    );

    let hash = |path: &str, flags: &[&str]| {
        let run = ["run", "-m", path, "hello", "-n", "8", "--temp", "0", "--ctx", "64", "--json"];
        let (code, out, err) = flashlet(&[&run, flags].concat());
        assert_eq!(code, 0, "{err}");
        serde_json::from_str::<serde_json::Value>(&out).expect("one JSON object")["logits_hash"].clone()
    };
    let want = hash(&model, &[]);
    for flags in
        [["--verify", "--residency=mapped"], ["--verify=all", "--residency=streamed"], ["--verify=off", "--kv=f16"]]
    {
        assert_eq!(hash(out.path(), &flags), want, "{flags:?}");
    }
    fails(&["run", "-m", &model, "--verify", "hello"], "no checksums");

    // Bits of a tensor: its name. What is not read anyway, only on request.
    let mut bytes = std::fs::read(out.path()).expect("it was written");
    let tensor = json["tensors"].as_array().expect("tensors").last().expect("one at least").clone();
    bytes[tensor["offset"].as_u64().expect("a number") as usize + 3] ^= 8;
    let broken = TempFile::new("broken.gguf", &bytes);
    let name = tensor["name"].as_str().expect("a name");
    for flags in
        [["--verify", "--residency=mapped"], ["--ctx=32", "--residency=streamed"], ["--ctx=32", "--residency=pinned"]]
    {
        fails(&[&["run", "-m", broken.path(), "hello"], &flags[..]].concat(), name);
    }

    // A failure leaves what was there, and nothing beside it.
    let kept = TempFile::new("kept.gguf", b"what was here before");
    let vocabulary = TempFile::new("vocabulary-4", &vocabulary());
    fails(&["pack", vocabulary.path(), kept.path()], vocabulary.path());
    fails(&["pack", "/no/such/model.gguf", kept.path()], "no such file");
    assert_eq!(std::fs::read(&kept.0).expect("it is there"), b"what was here before");
    let beside = std::fs::read_dir(kept.0.parent().expect("a folder")).expect("readable");
    let name = kept.0.file_name().expect("a name").to_string_lossy().into_owned();
    let left: Vec<_> = beside.flatten().map(|f| f.file_name().to_string_lossy().into_owned()).collect();
    assert!(!left.iter().any(|other| other.starts_with(&name) && *other != name), "{left:?}");
    let (code, ..) = flashlet(&["pack", &model, kept.path(), "--page", "1000"]);
    assert_eq!(code, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_fails_is_no_panic() {
    let vocabulary = TempFile::new("vocabulary-3", &vocabulary());
    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let output = Command::new(env!("CARGO_BIN_EXE_flashlet"))
        .args(["inspect", "-m", vocabulary.path()])
        .stdout(full)
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "error: standard output: no space left on device\n");
    // A reader that goes away is no error.
    let mut child = Command::new(env!("CARGO_BIN_EXE_flashlet"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}
