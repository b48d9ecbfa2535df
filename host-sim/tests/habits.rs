//! The command line as users of llama.cpp type it.

mod binary;
mod place;

use std::fs;

use binary::flashlet_with;
use place::Place;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models/llama-mixed32.gguf");

#[track_caller]
fn prints(args: &[&str]) -> (String, String) {
    let (code, out, err) = flashlet_with(b"", args);
    assert_eq!(code, 0, "{args:?}: {err}");
    (out, err)
}

#[test]
fn flags_have_their_other_spellings() {
    let file = Place::new("habits-prompt.txt");
    fs::write(&file.0, "t5 t6\n").expect("the temporary folder can be written");
    let flags = ["--raw", "-n", "6", "--temp", "0.9"];
    let (want, _) = prints(&[&["run", "-m", MODEL, "--ctx", "64", "--seed", "7"], &flags[..], &["t5 t6"]].concat());
    assert!(!want.trim().is_empty());
    for args in [
        &["-m", MODEL, "-c", "64", "-s", "7", "-p", "t5 t6"][..],
        &["-m", MODEL, "--ctx-size", "64", "-s", "7", "-f", file.path()],
        &[MODEL, "-c", "64", "-s", "7", "t5 t6"],
    ] {
        assert_eq!(prints(&[&["run"], args, &flags].concat()).0, want, "{args:?}");
    }
    let (out, err) = prints(&[&["run", MODEL, "-c", "64", "-s", "7", "-ngl", "99", "t5 t6"], &flags[..]].concat());
    assert!(out == want && err.contains("no GPU is used"), "{err}");
    // As many tokens as there is room for.
    let (out, _) = prints(&["run", MODEL, "-c", "32", "-n", "-1", "--temp", "0", "--ignore-eos", "--json", "t5"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let tokens = ["prompt_ids", "ids"].map(|key| report[key].as_array().expect("ids").len());
    assert_eq!((&report["stop"], tokens.iter().sum::<usize>()), (&"context".into(), 33));
    let (out, _) = prints(&["run", "-sys", "", "turn on the lamp"]);
    assert_eq!(out, prints(&["run", "--system", "", "turn on the lamp"]).0);
}

#[test]
fn a_flag_refuses_a_negative_number_by_itself() {
    for (flag, words) in [("--temp", "at least 0"), ("--top-k", "-1"), ("--ctx", "-1"), ("-n", "-2")] {
        let value = if flag == "-n" { "-2" } else { "-1" };
        let (code, _, err) = flashlet_with(b"", &["run", flag, value, "x"]);
        assert!(code == 2 && err.contains("invalid value") && err.contains(words), "{flag}: {err}");
    }
}

#[test]
fn help_lists_boards_and_has_examples() {
    assert_eq!(prints(&["help", "run"]).0, prints(&["run", "--help"]).0);
    let help = prints(&["help", "bench"]).0;
    assert!(help.contains("stm32n6570-dk") && help.contains("Example"), "{help}");
    assert!(prints(&["completions", "bash"]).0.contains("mps2-an386"));
}

#[test]
fn an_answer_without_text_says_why() {
    let (out, err) = prints(&["run", MODEL, "--raw", "--temp", "0", "--stop", "t", "t5 t6"]);
    assert!(out.trim().is_empty() && err.contains("(no text: the answer began with a --stop text)"), "{out:?} {err}");
    assert_eq!(prints(&["run", MODEL, "--raw", "--temp", "0", "-n", "0", "t5 t6"]).1, "");
}
