//! The same text from the same logits, whichever way a model is stored, read and run: all ways at once, against the plain one.

mod binary;
mod place;

use std::fs;
use std::path::PathBuf;

use binary::flashlet_with;
use place::Place;
use serde_json::Value;

fn flashlet(args: &[&str]) -> String {
    let (code, out, err) = flashlet_with(b"", args);
    assert_eq!(code, 0, "{args:?}: {err}");
    out
}

fn run(model: &str, flags: &[&str]) -> Value {
    let args = ["run", "-m", model, "--json", "-n", "14", "--ignore-eos", "--ctx", "96"];
    serde_json::from_str(&flashlet(&[&args[..], flags].concat())).expect("one JSON object")
}

#[test]
fn packing_residency_drafts_and_snapshots_together_leave_no_trace() {
    let mut ways = 0;
    for (name, kvs) in [("llama-mixed256", &["f16", "q8_0", "q4_0"]), ("gemma3-q8_0", &["f16", "q8_0", "q4_0"])] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/fixtures/models/{name}.gguf"));
        let plain = path.to_str().expect("the path is UTF-8");
        let (ids, packed) = (Place::new(&format!("{name}.ids")), Place::new(&format!("{name}.gguf")));
        // Says everything twice, so that there is something to guess.
        let prompt: Vec<String> = (0..48).map(|i| (3 + i % 24 * 5).to_string()).collect();
        fs::write(&ids.0, prompt.join(" ")).expect("the temporary folder can be written");
        flashlet(&["pack", plain, packed.path(), "--page", "4096"]);
        for kv in kvs {
            for sampling in [&["--temp", "0"][..], &["--temp", "0.9", "--seed", "3", "--repeat-penalty", "1.1"]] {
                let common = [&["--ids", ids.path(), "--kv", kv][..], sampling].concat();
                let want = run(plain, &[&common[..], &["-t", "1", "--isa", "scalar"]].concat());
                assert_eq!(want["ids"].as_array().map(Vec::len), Some(14));
                for model in [plain, packed.path()] {
                    let prefix = Place::new(&format!("{name}-{kv}.prefix"));
                    for residency in ["mapped", "pinned", "streamed"] {
                        for draft in ["off", "prompt"] {
                            for snapshot in ["--save-prefix", "--load-prefix"] {
                                let way =
                                    ["--residency", residency, "--draft", draft, snapshot, prefix.path(), "-t", "2"];
                                let have = run(model, &[&common[..], &way].concat());
                                for field in ["ids", "text", "stop", "logits_hash"] {
                                    assert_eq!(want[field], have[field], "{model} {kv} {sampling:?} {way:?}: {field}");
                                }
                                // The last token is fed once more: its logits are none of a snapshot.
                                let restored = if snapshot == "--load-prefix" { 47 } else { 0 };
                                assert_eq!(have["snapshot_tokens"], restored, "{way:?}");
                                ways += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    println!("{ways} ways");
    assert_eq!(ways, 2 * 3 * 2 * 2 * 12);
}
