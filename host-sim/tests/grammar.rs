//! Grammars, as a user meets them: texts are what PyPI `jsonschema` says of them, and answers are valid.

mod binary;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod folder;

use std::fs;
use std::path::PathBuf;

use binary::flashlet_with;
use folder::Folder;
use serde_json::Value;

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name);
    path.to_str().expect("the path is UTF-8").to_owned()
}

fn grammar(args: &[&str]) -> (i32, String, String) {
    flashlet_with(b"", &[&["grammar"], args].concat())
}

#[test]
fn texts_are_accepted_as_jsonschema_accepts_them() {
    let folder = Folder::new("grammar-texts");
    let (schema, texts) = (folder.path("schema.json"), folder.path("texts"));
    let (mut refused, mut n) = (0, 0);
    let lines = fs::read_to_string(fixture("grammar.jsonl")).expect("the fixture is there");
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).expect("a line is JSON");
        let tests = row["texts"].as_array().expect("there are texts");
        fs::write(&schema, row["schema"].to_string()).expect("the folder can be written");
        let all: String = tests.iter().map(|test| format!("{}\n", test[0].as_str().unwrap_or_default())).collect();
        fs::write(&texts, all).expect("the folder can be written");
        let (code, out, err) = grammar(&["--json-schema", &schema, "--check", &texts, "--json"]);
        if code == 1 {
            assert!(err.contains("keyword"), "{err}");
            refused += 1;
            continue;
        }
        assert_eq!(code, 0, "{err}");
        let report: Value = serde_json::from_str(&out).expect("one JSON object");
        let accepts = report["accepts"].as_array().expect("there was a file to check");
        assert_eq!(accepts.len(), tests.len());
        for (accepts, test) in accepts.iter().zip(tests) {
            assert_eq!(accepts, &test[1], "{} {}", test[0], row["schema"]);
            n += 1;
        }
    }
    // One has the negation of `multipleOf`.
    assert!(refused <= 2 && n > 5000, "{refused} {n}");
}

#[test]
fn a_refusal_names_the_keyword_and_its_place() {
    let folder = Folder::new("grammar-refused");
    let schema = folder.path("schema.json");
    for (text, wants) in [
        (r#"{"properties": {"a": {"uniqueItems": true}}}"#, ["uniqueItems", "#/properties/a"]),
        (r#"{"items": {"pattern": "(?=a)"}}"#, ["pattern", "#/items"]),
        (r##"{"$ref": "#/nowhere"}"##, ["$ref", "#/nowhere"]),
        (r##"{"allOf": [{"$ref": "#"}]}"##, ["$ref", "itself"]),
        ("[", ["JSON", "line 1"]),
    ] {
        fs::write(&schema, text).expect("the folder can be written");
        let (code, _, err) = grammar(&["--json-schema", &schema]);
        assert_eq!(code, 1, "{text}: {err}");
        assert!(wants.iter().all(|want| err.contains(want)), "{text}: {err}");
    }
    assert_eq!(grammar(&[]).0, 2);
    assert_eq!(grammar(&["--json-schema", &schema, "--grammar", &schema]).0, 2);
}

#[test]
fn answers_follow_the_grammar() {
    let folder = Folder::new("grammar-answers");
    let (schema, ids) = (folder.path("schema.json"), folder.path("ids"));
    let text = r#"{"type": "object", "properties": {"colour": {"enum": ["red", "green"]}, "n": {"type": "integer", "minimum": 3,
        "maximum": 12}, "on": {"type": "boolean"}}, "required": ["colour", "n"], "additionalProperties": false}"#;
    fs::write(&schema, text).expect("the folder can be written");
    fs::write(&ids, "3 4 5").expect("the folder can be written");
    for seed in 0..12 {
        for sampling in
            [&["--top-k", "0", "--top-p", "1", "--min-p", "0"][..], &["--top-k", "0"], &[], &["--temp", "0"]]
        {
            let seed = seed.to_string();
            let args =
                ["run", "--ids", &ids, "--json-schema", &schema, "--json", "--temp", "1.5", "-s", &seed, "-n", "64"];
            let args: Vec<&str> = if sampling == ["--temp", "0"] {
                args.iter().filter(|arg| !["--temp", "1.5"].contains(arg)).copied().collect()
            } else {
                args.to_vec()
            };
            let (code, out, err) = flashlet_with(b"", &[&args, sampling].concat());
            assert_eq!(code, 0, "{err}");
            let report: Value = serde_json::from_str(&out).expect("one JSON object");
            assert_eq!(report["stop"], "eos", "{report}");
            let answer: Value = serde_json::from_str(report["text"].as_str().unwrap_or_default()).expect("it is JSON");
            let (colour, n) = (&answer["colour"], answer["n"].as_i64());
            assert!(colour == "red" || colour == "green", "{answer}");
            assert!(n.is_some_and(|n| (3..=12).contains(&n)), "{answer}");
            assert!(
                answer.get("on").is_none_or(Value::is_boolean) && answer.as_object().is_some_and(|all| all.len() < 4)
            );
        }
    }
}
