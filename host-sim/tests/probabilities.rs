//! Probabilities of answers, as a user meets them: those of llama.cpp's logits, and refusals below a threshold.

mod binary;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod folder;

use std::fs;
use std::path::PathBuf;

use binary::flashlet_with;
use folder::Folder;
use serde_json::Value;

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/models").join(name);
    path.to_str().expect("the path is UTF-8").to_owned()
}

/// The report of `flashlet run --json` with `args`.
fn run(args: &[&str]) -> Value {
    let (code, out, err) = flashlet_with(b"", &[&["run", "--json"], args].concat());
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).expect("one JSON object")
}

/// llama.cpp's logits after each of some tokens: the file's layout is that of `tests/fixtures/reference.py`.
fn reference(name: &str) -> (Vec<u32>, Vec<Vec<f64>>) {
    let bytes = fs::read(fixture(&format!("{name}.logits"))).expect("the fixture is there");
    let words = |n: usize| u32::from_le_bytes(bytes[4 * n..][..4].try_into().expect("four bytes"));
    let (n, n_vocab) = (words(0) as usize, words(1) as usize);
    let ids = (0..n).map(|at| words(2 + at)).collect();
    let rows = bytes[4 * (2 + n)..].chunks_exact(2 * n_vocab);
    let f16 = |bytes: &[u8]| f64::from(half::f16::from_le_bytes([bytes[0], bytes[1]]));
    (ids, rows.map(|row| row.chunks_exact(2).map(f16).collect()).collect())
}

fn ln_softmax(row: &[f64], id: u64) -> f64 {
    row[id as usize] - row.iter().map(|x| x.exp()).sum::<f64>().ln()
}

#[test]
fn logprobs_are_those_of_raw_logits_whatever_the_sampler_does() {
    let folder = Folder::new("logprobs");
    let (file, schema) = (folder.path("ids"), folder.path("grammar"));
    fs::write(&schema, "root ::= \"t\" [5-8] [0-9]*").expect("the folder can be written");
    let mut others = 0;
    // The reference is rounded to f16, as the cache is here, and llama.cpp rounds activations to the type of the weights.
    for (name, most) in [("llama-f32-gqa", 0.02), ("llama-f32-linear", 0.02), ("arch-qwen3", 0.1)] {
        let (ids, rows) = reference(name);
        let model = fixture(&format!("{name}.gguf"));
        for n in [1, 2, ids.len() / 2, ids.len()] {
            let prompt: Vec<String> = ids[..n].iter().map(u32::to_string).collect();
            fs::write(&file, prompt.join(" ")).expect("the folder can be written");
            let row = &rows[n - 1];
            let best = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).expect("there are tokens");
            for sampling in [
                &["--temp", "0"][..],
                &["--temp", "3", "--top-k", "0", "--top-p", "1", "--min-p", "0"],
                &["--temp", "3", "--top-k", "0", "--top-p", "0.99"],
                &["--temp", "3", "--repeat-penalty", "30", "--top-p", "1"],
                &["--temp", "0", "--grammar", &schema],
            ] {
                let report = run(&[&["-m", &model, "--ids", &file, "-n", "1", "-s", "9"], sampling].concat());
                let (id, logprob) = (report["ids"][0].as_u64().expect("an id"), report["logprobs"][0].as_f64());
                others += usize::from(id as usize != best);
                let error = (logprob.expect("a number") - ln_softmax(row, id)).abs();
                assert!(error < most, "{name} {n} {sampling:?}: {error} {report}");
                assert_eq!(report["logprob"], report["logprobs"][0]);
            }
        }
    }
    assert!(others > 10, "the likeliest token alone was picked: {others}");
}

#[test]
fn an_answer_has_the_product_of_its_tokens_probabilities() {
    let model = fixture("llama-mixed32.gguf");
    for draft in ["off", "prompt"] {
        let report = run(&["-m", &model, "--raw", "the ring the ring", "-n", "20", "--temp", "0", "--draft", draft]);
        let all: Vec<f64> = report["logprobs"].as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
        assert_eq!(all.len(), report["ids"].as_array().map_or(0, Vec::len));
        let logprob = report["logprob"].as_f64().expect("a number");
        assert!(all.len() == 20 && (all.iter().sum::<f64>() - logprob).abs() < 1e-4, "{report}");
    }
}

#[test]
fn an_answer_below_the_threshold_is_refused_as_a_whole() {
    let folder = Folder::new("thresholds");
    let (model, packed) = (fixture("llama-mixed32.gguf"), folder.path("packed.gguf"));
    let with = |model: &str, args: &[&str]| {
        let args = [&["-m", model, "--raw", "the ring", "-n", "6", "--temp", "0"], args].concat();
        let (code, text, err) = flashlet_with(b"", &[&["run"], &args[..]].concat());
        assert_eq!(code, 0, "{err}");
        (run(&args), text)
    };
    let (plain, plain_text) = with(&model, &[]);
    let answer = plain["text"].as_str().expect("a text").to_owned();
    let prob = plain["logprob"].as_f64().expect("a number").exp();
    let (above, below) = (format!("{}", prob * 1.01), format!("{}", prob * 0.99));

    let (report, text) = with(&model, &["--min-prob", &below]);
    assert_eq!((&report["text"], &report["ids"], &report["stop"]), (&plain["text"], &plain["ids"], &plain["stop"]));
    assert_eq!(text, plain_text);
    for args in [&["--min-prob", above.as_str()][..], &["--min-prob", "1", "--draft", "prompt"]] {
        let (report, text) = with(&model, args);
        assert_eq!((report["stop"].as_str(), report["text"].as_str(), text.trim()), (Some("unsure"), Some(""), ""));
        assert_eq!((&report["logprob"], &report["logits_hash"]), (&plain["logprob"], &plain["logits_hash"]));
    }

    let part: String = answer.chars().skip(1).take(3).collect();
    let rule = format!("{part}={above}");
    for (keys, refused) in [
        (&["--min-prob", above.as_str()][..], true),
        (&["--min-prob", &below], false),
        (&["--min-prob-rule", &rule], true),
        (&["--min-prob-rule", "no such text=1"], false),
        (&["--min-prob", &below, "--min-prob-rule", "no such text=1", "--min-prob-rule", &rule], true),
        (&[], false),
    ] {
        let pack = |from: &str, keys: &[&str]| {
            let (code, _, err) = flashlet_with(b"", &[&["pack", from, &packed], keys].concat());
            assert_eq!(code, 0, "{err}");
        };
        pack(&model, &[keys, &["--unsure", "what?"]].concat());
        // Once more: what the file asks for stays.
        let again = folder.path("again.gguf");
        let (code, _, err) = flashlet_with(b"", &["pack", "--strip", &packed, &again]);
        assert_eq!(code, 0, "{err}");
        for file in [&packed, &again] {
            let (report, text) = with(file, &[]);
            let want = if refused { "what?" } else { &answer };
            assert_eq!(report["text"], want, "{keys:?}");
            assert_eq!(report["stop"] == "unsure", refused, "{keys:?}");
            assert_eq!(text.trim_end_matches('\n'), want.trim_end_matches('\n'));
            assert_eq!(with(file, &["--min-prob", "0"]).0["text"], answer, "{keys:?}");
        }
    }
}

#[test]
fn usage_is_checked() {
    let model = fixture("llama-mixed32.gguf");
    for args in [
        &["run", "--min-prob", "1.5", "x"][..],
        &["pack", &model, "out", "--min-prob-rule", "x"],
        &["pack", &model, "out", "--min-prob-rule", "=0.5"],
        &["pack", &model, "out", "--min-prob-rule", "x=2"],
    ] {
        assert_eq!(flashlet_with(b"", args).0, 2, "{args:?}");
    }
}
