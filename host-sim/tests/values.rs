//! Values, as a user meets them: what was said becomes a number in the text of an answer, and nothing else changes.

mod binary;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod folder;

use std::fs;
use std::path::PathBuf;

use binary::flashlet_with;
use folder::Folder;
use serde_json::{Value, json};

fn house() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/models/house.gguf");
    path.to_str().expect("the path is UTF-8").to_owned()
}

fn flashlet(args: &[&str]) -> String {
    let (code, out, err) = flashlet_with(b"", args);
    assert_eq!(code, 0, "{args:?}: {err}");
    out
}

fn json_of(args: &[&str]) -> Value {
    serde_json::from_str(&flashlet(args)).expect("one JSON object")
}

const RULES: &str = "root ::= \"{\\\"after\\\":\" span \",\\\"at\\\":\\\"\" at \"\\\"}\"\nspan ::= [1-9] \"h\" [1-5] [0-9] \"m\"\n\
    at ::= [1-9] (\"am\" | \"pm\") \"-\" [1-9] \"m\"\n";

/// The seconds that `said` means by [`RULES`], if the span is from 2 to 6 hours; otherwise the text in front of it.
fn reference(said: &str) -> Result<String, String> {
    let parts: Vec<_> = said.splitn(3, ':').collect();
    let [_, span, rest] = <[&str; 3]>::try_from(parts).expect("two colons");
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let span = span.strip_suffix(",\"at\"").expect("the span ends there");
    let (hours, minutes) = span.split_once('h').expect("hours");
    let seconds = number(hours) * 3600 + number(minutes.trim_end_matches('m')) * 60;
    if !(7200..=21600).contains(&seconds) {
        return Err("{\"after\":".to_owned());
    }
    let at = rest.trim_matches(['"', '}']);
    let (clock, change) = at.split_once('-').expect("a difference");
    let hour = number(&clock[..1]) + if clock.ends_with("pm") { 12 } else { 0 };
    let minute = hour * 60 - number(change.trim_end_matches('m'));
    Ok(format!("{{\"after\":{seconds},\"at\":\"{:02}:{:02}\"}}", minute / 60, minute % 60))
}

#[test]
fn the_text_of_an_answer_has_numbers_and_nothing_else_changes() {
    let folder = Folder::new("values-answers");
    let (plain, marked) = (folder.path("plain"), folder.path("marked"));
    let (packed, held) = (folder.path("packed.gguf"), folder.path("held.gguf"));
    fs::write(&plain, RULES).expect("the folder can be written");
    fs::write(&marked, format!("#!value span seconds 2h..6h\n#!value at time\n{RULES}"))
        .expect("the folder can be written");
    let model = house();
    flashlet(&["pack", &model, &packed, "--grammar", &marked]);
    // Answers wait for the rule, which is about none of them.
    let rule = ["--min-prob-rule", "8h=1", "--unsure", "pardon?"];
    flashlet(&[&["pack", &model, &held, "--grammar", &marked], &rule[..]].concat());
    let (mut good, mut refused) = (0, 0);
    for seed in 0..16 {
        let seed = seed.to_string();
        let run = |args: &[&str]| {
            let most = ["run", "--json", "--raw", "the ring", "--temp", "1.5", "-s", &seed];
            json_of(&[&most, args].concat())
        };
        let said = run(&["-m", &model, "--grammar", &plain]);
        let want = reference(said["text"].as_str().expect("a text"));
        assert_eq!(said["stop"], "eos");
        for source in [
            &["-m", &model, "--grammar", &marked][..],
            &["-m", &packed],
            &["-m", &packed, "--source", "file"],
            &["-m", &held],
            &["-m", &held, "--source", "file"],
        ] {
            let report = run(source);
            let n = report["ids"].as_array().expect("ids").len();
            assert_eq!(
                report["ids"].as_array().map(Vec::as_slice),
                said["ids"].as_array().and_then(|all| all.get(..n))
            );
            match &want {
                Ok(text) => {
                    assert_eq!(report["text"], *text, "{said}");
                    for key in ["ids", "stop", "logprob", "logits_hash"] {
                        assert_eq!(report[key], said[key], "{key}");
                    }
                    good += 1;
                }
                Err(before) => {
                    let text = if source.contains(&held.as_str()) { "pardon?" } else { before };
                    assert_eq!((report["text"].as_str(), &report["stop"]), (Some(text), &json!("value")), "{said}");
                    refused += 1;
                }
            }
        }
        // An answer that is cut says nothing of a value that is not whole. A few seeds will do.
        let cuts = if seed.len() == 1 { 1..12 } else { 0..0 };
        for n in cuts {
            let report = run(&["-m", &model, "--grammar", &marked, "-n", &n.to_string()]);
            let text = report["text"].as_str().expect("a text");
            let whole = want.as_ref().unwrap_or_else(|before| before);
            assert!(whole.starts_with(text) && !text.contains('h') && !text.contains('m'), "{text} {want:?}");
        }
    }
    assert!(good > 20 && refused > 4, "{good} {refused}");
}

#[test]
fn lines_are_checked_with_their_values() {
    let folder = Folder::new("values-check");
    let (file, lines) = (folder.path("grammar"), folder.path("lines"));
    fs::write(&lines, "1h15m,half past six\r\n25h00m,6pm\n1h15m,noonish\n1h\r\n3h20m,8pm-25m\n1h1x\r\n")
        .expect("the folder can be written");
    let rules = "#!value a seconds 1s..24h\n#!value b time 6am..10pm\nroot ::= a \",\" b\na ::= [0-9]{1,2} \"h\" [0-9]{2} \"m\"\n\
        b ::= [a-z0-9 -]{1,20}\n";
    fs::write(&file, rules).expect("the folder can be written");
    let report = json_of(&["grammar", "--grammar", &file, "--check", &lines, "--json"]);
    assert_eq!(report["accepts"], json!([true, false, false, false, true, false]));
    assert_eq!(report["rejected_at"], json!([null, null, null, 2, null, 3]));
    assert_eq!(report["texts"], json!(["4500,06:30", null, null, null, "12000,19:35", null]));
    assert_eq!(report["values"], json!(["seconds 1s..86400s", "time 06:00..22:00"]));
    let shown = flashlet(&["grammar", "--grammar", &file, "--check", &lines]);
    for line in [
        "line 1       accepted: 4500,06:30\n",
        "out of range",
        "no span or time of day",
        "line 4       rejected: more must follow\n",
        "line 6       rejected: byte 4 cannot follow\n",
    ] {
        assert!(shown.contains(line), "{shown}");
    }

    let string = |mark: &str| json!({"type": "string", "pattern": "^[a-z0-9 -]{1,20}$", "x-flashlet-value": mark});
    let schema = json!({"properties": {"a": string("seconds"), "b": string("time"), "c": {"type": "string"}}, "additionalProperties": false,
        "type": "object"});
    fs::write(&file, schema.to_string()).expect("the folder can be written");
    fs::write(
        &lines,
        "{\"a\": \"2 hours\", \"b\": \"half past six\", \"c\": \"8pm\"}\n{\"a\":\"x\"}\n{\"c\":\"2h\"}\n",
    )
    .expect("the folder can be written");
    let report = json_of(&["grammar", "--json-schema", &file, "--check", &lines, "--json"]);
    assert_eq!(report["accepts"], json!([true, false, true]));
    let texts = ["{\"a\": 7200, \"b\": \"06:30\", \"c\": \"8pm\"}", "", "{\"c\":\"2h\"}"];
    assert_eq!(report["texts"], json!([texts[0], null, texts[2]]));
}

#[test]
fn values_whose_ends_are_in_doubt_are_refused() {
    // Rules of this length are called, so that two of them are two readings.
    let long = "a rule of more than forty bytes, and so on";
    let nested = "#!value v seconds\nroot ::= \"(\" root \")\" | a \"1\" v | b \"2\" v\na ::= \"LONG\" [0-5]\nb ::= \"LONG\" [3-9]\nv ::= [0-9] \"h\"";
    let doubtful = "#!value v seconds\nroot ::= a | b\na ::= \"LONG\" v\nb ::= \"LONG\" [0-9] \"x\"\nv ::= [0-9] \"h\"";
    let folder = Folder::new("values-refused");
    let file = folder.path("grammar");
    for (rules, want) in [
        (
            "#!value v seconds\nroot ::= v \"m\"?\nv ::= [0-9] \"h\" | [0-9] \"hm\"",
            "can be read as part of a value and as none",
        ),
        (
            "#!value v seconds\nroot ::= v | [0-9]+ \"x\"\nv ::= [0-9] \"h\"",
            "can be read as part of a value and as none",
        ),
        (nested, "nest without end"),
        (doubtful, "so on0` can be read as part of a value and as none"),
        ("#!value v seconds\nroot ::= v v\nv ::= [0-9] \"h\"", "right behind a value"),
        ("#!value v seconds\nroot ::= v (\",\"? v)?\nv ::= [0-9] \"h\"", "right behind a value"),
        ("#!value v seconds\n#!value w time\nroot ::= w\nw ::= \"8pm-\" v\nv ::= [0-9] \"h\"", "within a value"),
        ("#!value v seconds\nroot ::= \"x\" v\nv ::= [0-9]*", "empty"),
        ("#!value v seconds\nroot ::= v\nv ::= [0-9]+ \"h\"", "64 bytes"),
        ("#!value v seconds\nroot ::= v\nv ::= [0-9]{1,64} \"h\"", "64 bytes"),
        ("#!value v hours\nroot ::= v\nv ::= \"1h\"", "line 1"),
        ("#!value w seconds\nroot ::= v\nv ::= \"1h\"", "\"w\""),
        ("#!value v seconds\n#!value v seconds\nroot ::= v\nv ::= \"1h\"", "line 2"),
        ("#!value v seconds 5h..1h\nroot ::= v\nv ::= \"1h\"", "empty"),
    ] {
        fs::write(&file, rules.replace("LONG", long)).expect("the folder can be written");
        let (code, _, err) = flashlet_with(b"", &["grammar", "--grammar", &file]);
        assert!(code == 1 && err.contains(want), "{rules}: {err}");
    }
    // Readings may be several where they agree; a rule that is no value may have the same text.
    let lines = folder.path("lines");
    for (rules, said, text) in [
        ("#!value v seconds\nroot ::= \"a\" v | \"b\" w\nv ::= [0-9] \"h\"\nw ::= [0-9] \"h\"", "a2h", "a7200"),
        ("#!value v seconds\nroot ::= \"a\" v | \"b\" w\nv ::= [0-9] \"h\"\nw ::= [0-9] \"h\"", "b2h", "b2h"),
        ("#!value root seconds\nroot ::= [0-9] \"h\" [0-9]{2} \"m\"", "2h10m", "7800"),
        ("#!value v seconds\nroot ::= \"[\" (root | v) \"]\"\nv ::= [0-9] \"h\"", "[[2h]]", "[[7200]]"),
    ] {
        fs::write(&file, rules).expect("the folder can be written");
        fs::write(&lines, said).expect("the folder can be written");
        let report = json_of(&["grammar", "--grammar", &file, "--check", &lines, "--json"]);
        assert_eq!(report["texts"], json!([text]), "{rules}");
    }
    let rules = "#!value v seconds\nroot ::= a \",\" v | b \";\" v\na ::= \"LONG\" [0-5]\nb ::= \"LONG\" [3-9]\nv ::= \"-1h\" | \"2h\"";
    fs::write(&file, rules.replace("LONG", long)).expect("the folder can be written");
    fs::write(&lines, format!("{long}4;2h\n{long}4,2h\n{long}0,-1h\n{long}9,2h")).expect("the folder can be written");
    let report = json_of(&["grammar", "--grammar", &file, "--check", &lines, "--json"]);
    assert_eq!(report["texts"], json!([format!("{long}4;7200"), format!("{long}4,7200"), null, null]));
    assert_eq!(report["readings"], 2);
}
