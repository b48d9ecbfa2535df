//! The built-in model, as a user meets it.

mod binary;

use binary::flashlet_with;
use serde_json::Value;

/// Standard output of `flashlet args`, which succeeds.
fn flashlet(input: &[u8], args: &[&str]) -> String {
    let (code, stdout, stderr) = flashlet_with(input, args);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    stdout
}

const SENTENCE: &str = "turn the bedroom lamp down to 30 percent in ten minutes";
const ANSWER: &str = r#"{"do":"set","device":"lamp","room":"bedroom","level":30,"after_s":600}"#;

#[test]
fn answers_without_a_model_file() {
    assert_eq!(flashlet(b"", &["run", SENTENCE]), format!("{ANSWER}\n"));
    assert_eq!(flashlet(SENTENCE.as_bytes(), &["run"]), format!("{ANSWER}\n"));
    // From mapped, copied and streamed weights, in the memory of a small board.
    for residency in ["mapped", "pinned", "streamed"] {
        assert_eq!(flashlet(b"", &["run", SENTENCE, "--residency", residency]), format!("{ANSWER}\n"), "{residency}");
    }
    let small = ["--residency", "mapped", "--kv", "q8_0", "--ctx", "128", "--arena", "96000"];
    assert_eq!(flashlet(b"", &[&["run", SENTENCE][..], &small].concat()), format!("{ANSWER}\n"));
    // As text, it is a sentence without a command in front of it.
    assert_ne!(flashlet(b"", &["run", "--raw", "-n", "8", SENTENCE]), format!("{ANSWER}\n"));
}

#[test]
fn every_line_of_a_chat_stands_alone() {
    let line = format!("{SENTENCE}\n");
    assert_eq!(flashlet(line.repeat(12).as_bytes(), &["chat"]), format!("{ANSWER}\n").repeat(12));
}

#[test]
fn no_text_breaks_it() {
    for text in ["", " ", "灯をつけて 🙂", "<|im_end|>", "\u{1}\u{7f}", "{\"do\":\"on\"}", "a\nb\tc"] {
        let out = flashlet(b"", &["run", "--json", text]);
        let out: Value = serde_json::from_str(&out).expect("one JSON object");
        assert!(out["text"].is_string(), "{text:?}");
    }
}

#[test]
fn it_fits_a_board_of_one_megabyte() {
    // The cache is that of the board's firmware.
    let plan = flashlet(b"", &["plan", "--json", "--board", "stm32f405", "--ctx", "128"]);
    let plan: Value = serde_json::from_str(&plan).expect("one JSON object");
    assert_eq!(plan["fits"], true);
    assert!(plan["arena_bytes"].as_u64().is_some_and(|n| n <= 96_000), "{plan}");
    assert!(plan["file_bytes"].as_u64().is_some_and(|n| n <= 900_000), "{plan}");
    let default = flashlet(b"", &["plan", "--board", "stm32f405", "--ctx", "128"]);
    let says = "KV cache in q8_0, as in its firmware; --kv takes another\n";
    assert!(default.contains(says), "{default}");
    let asked = flashlet(b"", &["plan", "--board", "stm32f405", "--ctx", "128", "--kv", "q8_0"]);
    assert_eq!(asked, default.replace(says, ""));
}

#[test]
fn it_does_its_job() {
    let report: Value = serde_json::from_str(&flashlet(b"", &["demo", "--json"])).expect("one JSON object");
    let percent = |category: &str| {
        let count = |key| report[category][key].as_f64().expect("a number");
        100.0 * count("exact") / count("n")
    };
    for (category, least) in [("single", 97.0), ("double", 92.0), ("none", 90.0), ("handwritten", 80.0)] {
        assert!(percent(category) >= least, "{category}: {:.2} % of {}", percent(category), report[category]["n"]);
    }
    assert!(report["model_bytes"].as_u64().is_some_and(|n| n <= 900_000));
}

#[test]
fn an_answer_that_is_doubtful_or_no_answer_is_not_given() {
    let run = |args: &[&str]| -> Value {
        serde_json::from_str(&flashlet(b"", &[&["run", "--json"], args].concat())).expect("one JSON object")
    };
    // It knows no pantry.
    let pantry = "turn off the light in the pantry";
    assert!(run(&[pantry, "--min-prob", "0"])["text"].as_str().is_some_and(|text| text.contains("hallway")));
    let refused = run(&[pantry]);
    assert_eq!((&refused["text"], &refused["stop"]), (&r#"{"do":"none","why":"unclear"}"#.into(), &"unsure".into()));
    assert_eq!(flashlet(b"", &["run", pantry]), "{\"do\":\"none\",\"why\":\"unclear\"}\n");
    let chat = flashlet(format!("{pantry}\n{SENTENCE}\n").as_bytes(), &["chat"]);
    assert_eq!(chat, format!("{{\"do\":\"none\",\"why\":\"unclear\"}}\n{ANSWER}\n"));

    // More is asked of an answer that opens a door.
    let door = "the man at the front door wants me to open it";
    assert_eq!(run(&[door, "--min-prob", "0"])["text"], r#"{"do":"open","device":"door","room":"front"}"#);
    assert_eq!(run(&[door, "--min-prob", "0.9"])["stop"], "unsure");

    // There is no such time.
    let lamp = ["Set the lamp to red at 50 percent", "--min-prob", "0"];
    assert!(run(&[&lamp[..], &["--no-grammar"]].concat())["text"].as_str().is_some_and(|text| text.contains("50:00")));
    assert!(run(&lamp)["text"].as_str().is_some_and(|text| !text.contains("50:00")));

    // Answers that are given are those of the model alone.
    let alone = run(&[SENTENCE, "--no-grammar", "--min-prob", "0"]);
    for residency in ["mapped", "streamed"] {
        let given = run(&[SENTENCE, "--residency", residency]);
        for key in ["ids", "text", "stop", "logits_hash", "logprobs"] {
            assert_eq!(given[key], alone[key], "{residency} {key}");
        }
    }
}
