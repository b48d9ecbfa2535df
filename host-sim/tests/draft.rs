//! Drafts change how many passes a text takes, and nothing else. What is compared with is the same run without drafts.

mod binary;

use std::path::PathBuf;

use binary::flashlet_with;
use serde_json::Value;

/// A model of `tests/fixtures`: its weights are random, so that its greedy text soon goes round in a circle, and what it
/// draws does not.
fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/fixtures/models/{name}.gguf"));
    path.to_str().expect("the path is UTF-8").to_owned()
}

/// A file with the ids of a prompt that says everything twice, removed at the end.
struct Prompt(PathBuf);

impl Prompt {
    fn new(name: &str) -> Prompt {
        let path = std::env::temp_dir().join(format!("flashlet-draft-{}-{name}", std::process::id()));
        std::fs::write(&path, b"3 4 5 6 7 8 3 4 5 6 7 8 3 4 5").expect("the temporary folder can be written");
        Prompt(path)
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn run(model: &str, prompt: &Prompt, draft: &str, flags: &[&str]) -> Value {
    let ids = prompt.0.to_str().expect("the path is UTF-8");
    let args = ["run", "-m", model, "--ids", ids, "--json", "-t", "1", "--isa", "scalar", "--draft", draft];
    let (code, json, err) = flashlet_with(b"", &[&args[..], flags].concat());
    assert_eq!(code, 0, "{flags:?}: {err}");
    serde_json::from_str(&json).expect("one JSON object")
}

fn number(json: &Value) -> u64 {
    json.as_u64().expect("a number")
}

/// Asserts that drafts change nothing, and that passes are counted; returns guesses, and right ones.
#[track_caller]
fn same(model: &str, prompt: &Prompt, flags: &[&str]) -> (u64, u64) {
    let (off, on) = (run(model, prompt, "off", flags), run(model, prompt, "prompt", flags));
    for field in ["prompt_ids", "ids", "text", "stop", "logits_hash"] {
        assert_eq!(off[field], on[field], "{field}, {model} {flags:?}");
    }
    let n = off["ids"].as_array().expect("a list").len() as u64;
    let (guesses, right) = (number(&on["drafts"]["tokens"]), number(&on["drafts"]["right"]));
    assert!(off["drafts"].is_null() && right <= guesses);
    // Without drafts every token but the first takes a pass; the prompt's chunks are at least as long with drafts.
    let (off, on) = (number(&off["passes"]), number(&on["passes"]));
    assert!(off >= n && on <= off, "{on} of {off} passes, {model} {flags:?}");
    // The last pass may verify more than is wanted of the text.
    assert!(on + right >= n, "{on} passes, {right} right guesses, {n} tokens");
    (guesses, right)
}

const SAMPLING: [&[&str]; 4] = [
    &["--temp", "0"],
    // Candidates that are drawn among; noise on all logits; recent tokens that matter.
    &["--temp", "0.7", "--top-k", "5", "--seed", "11"],
    &["--temp", "0.6", "--top-k", "0", "--top-p", "1", "--min-p", "0", "--seed", "12"],
    &["--temp", "0.9", "--top-k", "3", "--repeat-penalty", "1.2", "--repeat-last-n", "9", "--seed", "13"],
];

#[test]
fn the_same_tokens_from_the_same_logits_however_they_are_picked() {
    let prompt = Prompt::new("sampling");
    let (mut guesses, mut right) = (0, 0);
    for name in ["llama-f16-mqa", "llama-mixed256", "gemma3-f16", "gemma3-q8_0"] {
        for sampling in SAMPLING {
            let flags = [sampling, &["-n", "75", "--ctx", "96", "--ignore-eos"]].concat();
            let (g, r) = same(&fixture(name), &prompt, &flags);
            (guesses, right) = (guesses + g, right + r);
        }
    }
    // Both kinds of guesses must have come, or nothing was tested.
    assert!(right > 150 && guesses - right > 50, "{right} of {guesses} guesses were right");
}

#[test]
fn the_same_wherever_weights_are_and_however_long_chunks_are() {
    let prompt = Prompt::new("residency");
    let (mut guesses, mut right) = (0, 0);
    for name in ["llama-mixed256", "gemma3-f16"] {
        for residency in ["mapped", "pinned", "streamed"] {
            for chunk in ["1", "7", "64"] {
                for kv in ["f16", "q8_0"] {
                    // A Q8_0 cache needs wide heads.
                    let name = if kv == "q8_0" && name == "gemma3-f16" { "gemma3-q8_0" } else { name };
                    let flags = ["-n", "75", "--ctx", "96", "--ignore-eos", "--temp", "0", "--tile", "6000"];
                    let more = ["--residency", residency, "--chunk", chunk, "--kv", kv];
                    let (g, r) = same(&fixture(name), &prompt, &[&flags[..], &more].concat());
                    (guesses, right) = (guesses + g, right + r);
                }
            }
        }
    }
    assert!(right > 150 && guesses - right > 50, "{right} of {guesses} guesses were right");
}

#[test]
fn the_same_wherever_the_text_ends() {
    let prompt = Prompt::new("end");
    let model = fixture("llama-f16-mqa");
    // After any number of tokens, in the middle of what a pass picked too, and where the context ends.
    for n in (0..40).map(|n: u32| n.to_string()) {
        same(&model, &prompt, &["-n", &n, "--temp", "0", "--ctx", "96", "--ignore-eos"]);
    }
    for ctx in 16..40u32 {
        let flags = ["-n", "75", "--temp", "0", "--ctx", &ctx.to_string(), "--ignore-eos"];
        same(&model, &prompt, &flags);
        assert_eq!(run(&model, &prompt, "prompt", &flags)["stop"], "context");
    }
    // Before a string of the text itself.
    let text = run(&model, &prompt, "off", &["-n", "75", "--temp", "0", "--ctx", "96", "--ignore-eos"]);
    let text: Vec<char> = text["text"].as_str().expect("a text").chars().collect();
    for start in (0..text.len().saturating_sub(3)).step_by(5) {
        let stop: String = text[start..start + 3].iter().collect();
        same(&model, &prompt, &["-n", "75", "--temp", "0", "--ctx", "96", "--ignore-eos", "--stop", &stop]);
    }
}

/// A turn that ends in the middle of a pass must leave nothing for the next.
#[test]
fn a_conversation_goes_on_the_same() {
    for sampling in SAMPLING {
        let talk = |draft| {
            let model = fixture("llama-mixed32");
            let args = ["chat", "-m", &model, "--chat-format", "zephyr", "-n", "23", "--ctx", "900", "-t", "1"];
            let input = "abcabcabc\nabcabc\ncbacba\nabcabcabc\n".as_bytes();
            let (code, out, err) = flashlet_with(input, &[&args[..], sampling, &["--draft", draft]].concat());
            assert_eq!(code, 0, "{err}");
            out
        };
        let text = talk("off");
        assert!(text.lines().count() >= 4, "{text}");
        assert_eq!(text, talk("prompt"), "{sampling:?}");
    }
}

#[test]
fn the_plan_counts_what_drafts_need() {
    let model = fixture("llama-mixed32");
    let plan = |flags: &[&str]| {
        let args = ["plan", "-m", &model, "--ctx", "96", "--residency", "streamed", "--json"];
        flashlet_with(b"", &[&args[..], flags].concat())
    };
    let bytes = |flags: &[&str]| {
        let (code, json, err) = plan(flags);
        assert_eq!(code, 0, "{err}");
        number(&serde_json::from_str::<Value>(&json).expect("one JSON object")["arena_bytes"])
    };
    let (without, with) = (bytes(&["--chunk", "1"]), bytes(&["--chunk", "1", "--draft", "prompt"]));
    assert!(with > without);
    assert_eq!(with, bytes(&["--chunk", "16"]), "15 guesses and the token before them");
    let need = |draft| {
        let (code, json, _) = plan(&["--chunk", "1", "--draft", draft, "--arena", "1000"]);
        assert_eq!(code, 1);
        number(&serde_json::from_str::<Value>(&json).expect("one JSON object")["need_bytes"])
    };
    assert!(need("off") < need("prompt"));
    let short = (need("prompt") - 1).to_string();
    let (code, _, err) = plan(&["--chunk", "1", "--draft", "prompt", "--arena", &short]);
    assert!(code == 1 && err.contains("or --draft off"), "{err}");
    assert_eq!(plan(&["--chunk", "1", "--draft", "off", "--arena", &short]).0, 0);
}
