//! Grammars that are large, deep or made to be slow: they compile, or are refused for a reason.

mod binary;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod folder;

use std::fs;

use binary::flashlet_with;
use folder::Folder;
use serde_json::{Value, json};

/// Compiles `text` with `flashlet grammar`: the report, or the error message.
fn compiled(folder: &Folder, flag: &str, text: &str) -> Result<Value, String> {
    let path = folder.path("grammar");
    fs::write(&path, text).expect("the folder can be written");
    let (code, out, err) = flashlet_with(b"", &["grammar", flag, &path, "--json"]);
    match code {
        0 => Ok(serde_json::from_str(&out).expect("one JSON object")),
        1 => Err(err),
        _ => unreachable!("exit code {code}: {err}"),
    }
}

fn schema(folder: &Folder, schema: &Value) -> Result<Value, String> {
    compiled(folder, "--json-schema", &schema.to_string())
}

#[test]
fn many_alternatives_that_refer_to_their_list() {
    let folder = Folder::new("many-alternatives");
    let operation = |n: usize| {
        let properties = json!({"op": {"const": format!("op{n}")}, "arg": {"$ref": "#"}});
        json!({"type": "object", "properties": properties, "required": ["op", "arg"]})
    };
    let mut all: Vec<Value> = (0..40).map(operation).collect();
    all.push(json!({"type": "number"}));
    let report = schema(&folder, &json!({"anyOf": all})).expect("it is a schema");
    assert_eq!(report["readings"], 1, "{report}");
}

#[test]
fn chains_of_names_end() {
    let folder = Folder::new("chains");
    let rules: Vec<String> = (0..45_000).map(|n| format!("r{n} ::= r{}\n", n + 1)).collect();
    let last = "r45000 ::= \"x\"\n".to_owned();
    for rules in [rules.concat() + &last, last.clone() + &rules.into_iter().rev().collect::<String>()] {
        let report = compiled(&folder, "--grammar", &format!("root ::= r0\n{rules}")).expect("it is a grammar");
        assert_eq!(report["longest"], 1, "{report}");
    }
}

#[test]
fn texts_nest_as_deep_as_they_are_told_to() {
    let folder = Folder::new("depth");
    let [grammar, texts] = ["grammar", "texts"].map(|name| folder.path(name));
    fs::write(&grammar, "root ::= \"(\" root \")\" | \"x\"").expect("the folder can be written");
    let nested = |n: usize| format!("{}x{}\n", "(".repeat(n), ")".repeat(n));
    fs::write(&texts, [nested(32), nested(40), nested(62), nested(65), "(y\n".into()].concat()).expect("likewise");
    let checked = |flags: &[&str]| {
        let (code, out, err) =
            flashlet_with(b"", &[&["grammar", "--grammar", &grammar, "--check", &texts], flags].concat());
        assert_eq!(code, 0, "{err}");
        let lines = out.lines().filter_map(|line| line.strip_prefix("line "));
        lines.map(|line| line[1..].trim().to_owned()).collect::<Vec<_>>()
    };
    let [deep, other] = ["rejected: byte 35 nests deeper than --grammar-depth", "rejected: byte 2 cannot follow"];
    assert_eq!(checked(&[]), ["accepted", deep, deep, deep, other]);
    let most = checked(&["--grammar-depth", "62"]);
    assert_eq!(most, ["accepted", "accepted", "accepted", "rejected: byte 65 cannot follow", other]);
    let (code, _, err) = flashlet_with(b"", &["grammar", "--grammar-depth", "5", "-m", "x.gguf"]);
    assert!(code == 2 && err.contains("--json-schema"), "{err}");
}

#[test]
fn repeats_of_repeats_end() {
    let folder = Folder::new("repeats");
    for operator in ["?", "*", "+", "{1}"] {
        let error = compiled(&folder, "--grammar", &format!("root ::= \"a\"{}", operator.repeat(100_000)));
        assert!(error.as_ref().is_err_and(|error| error.contains("so many repeats")), "{operator}: {error:?}");
    }
}

/// Each took from 10 seconds to minutes, when automata were minimised in quadratic time.
#[test]
fn long_texts_of_patterns_and_names() {
    let folder = Folder::new("long-texts");
    for large in [
        json!({"type": "string", "pattern": "^(ab)*$", "maxLength": 12000}),
        json!({"type": "object", "propertyNames": {"maxLength": 2000}}),
    ] {
        let report = schema(&folder, &large).expect("it is a schema");
        assert!(report["states"].as_u64().is_some_and(|n| n > 10_000), "{report}");
    }
}

#[test]
fn required_names_count_once() {
    let folder = Folder::new("required-names");
    let names: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
    let properties: serde_json::Map<String, Value> = names.iter().map(|name| (name.clone(), json!({}))).collect();
    let all = json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false,
        "not": {"patternProperties": {"^p": {"type": "string"}}}});
    schema(&folder, &all).expect("forty ways are few");
}

#[test]
fn counts_are_refused_by_the_name_of_their_keyword() {
    let folder = Folder::new("counts");
    for keyword in ["minProperties", "maxProperties"] {
        let error = schema(
            &folder,
            &json!({"type": "object", keyword: 600, "properties": {"a": {}},
            "additionalProperties": keyword == "maxProperties"}),
        );
        assert!(error.as_ref().is_err_and(|error| error.contains(keyword)), "{keyword}: {error:?}");
    }
}
