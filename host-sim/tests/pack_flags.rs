//! `pack`: flags about answers that cannot be met are refused by name, and nothing is left of what is left out.

mod binary;
mod place;

use std::fs;
use std::path::PathBuf;

use binary::flashlet_with;
use place::Place;
use serde_json::Value;

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/fixtures/models/{name}.gguf"));
    path.to_str().expect("the path is UTF-8").to_owned()
}

#[test]
fn flags_that_cannot_be_met_are_named() {
    let output = Place::new("pack-flags.gguf");
    let model = fixture("llama-f16-mqa");
    let (long, longest) = ("x".repeat(1025), "x".repeat(1024));
    let rules = |n: usize| (0..n).flat_map(|i| ["--min-prob-rule".to_owned(), format!("{i}=0.5")]).collect::<Vec<_>>();
    let (many, most) = (rules(65), rules(64));
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let most: Vec<&str> = most.iter().map(String::as_str).collect();
    for (flags, words) in
        [(&["--unsure", &long][..], "--unsure"), (&many, "--min-prob-rule"), (&["--grammar-room", "9"], "no grammar")]
    {
        let (code, out, err) = flashlet_with(b"", &[&["pack", &model, output.path()], flags].concat());
        assert!(code != 0 && out.is_empty() && err.contains(words), "{err}");
        assert!(!output.0.exists(), "{words}");
    }
    for flags in [&["--unsure", &longest][..], &most] {
        let (code, _, err) = flashlet_with(b"", &[&["pack", &model, output.path()], flags].concat());
        assert_eq!(code, 0, "{err}");
    }
}

#[test]
fn a_grammar_is_left_out_whole() {
    let [schema, packed, again] = ["pack-schema.json", "pack-grammar.gguf", "pack-none.gguf"].map(Place::new);
    fs::write(&schema.0, r#"{"enum": ["red", "green"]}"#).expect("it can be written");
    let pack = |args: &[&str]| {
        let (code, _, err) = flashlet_with(b"", &[&["pack"], args].concat());
        assert_eq!(code, 0, "{err}");
    };
    let keys = |model: &Place| {
        let (_, out, err) = flashlet_with(b"", &["inspect", "--json", "-m", model.path()]);
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| unreachable!("{err}"));
        let keys = report["metadata"].as_object().expect("an object").keys();
        keys.filter(|key| key.starts_with("flashlet.grammar.")).cloned().collect::<Vec<_>>()
    };
    let model = fixture("llama-f16-mqa");
    pack(&[&model, packed.path(), "--json-schema", schema.path(), "--grammar-room", "4"]);
    assert_eq!(keys(&packed), ["flashlet.grammar.tables", "flashlet.grammar.room"]);
    // The room of the grammar that the file carries can be stated later.
    pack(&[packed.path(), again.path(), "--grammar-room", "5"]);
    assert_eq!(keys(&again), keys(&packed));
    pack(&[packed.path(), again.path(), "--ignore-key", "flashlet.grammar.tables"]);
    assert_eq!(keys(&again), Vec::<String>::new());
}
