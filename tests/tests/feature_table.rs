//! The crate's documentation names every feature of its manifest, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A file of the engine's crate.
fn engine(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine").join(file);
    fs::read_to_string(path).expect("the engine's crate is whole")
}

/// The features of the manifest that are for users.
fn features() -> BTreeSet<String> {
    let manifest = engine("Cargo.toml");
    let (_, features) = manifest.split_once("[features]\n").expect("there are features");
    let lines = features.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter(|line| !line.starts_with(['#', ' ', '"', ']'])).filter_map(|line| line.split_once(" = "));
    names.map(|(name, _)| name.to_owned()).filter(|name| name != "default" && !name.starts_with('_')).collect()
}

#[test]
fn the_table_of_features_has_them_all() {
    let lib = engine("src/lib.rs");
    let (_, table) = lib.split_once("//! # Features\n").expect("there is a section");
    let rows =
        table.lines().take_while(|line| *line != "//! # Numbers").filter_map(|line| line.strip_prefix("//! | `"));
    let mut named = BTreeSet::new();
    for row in rows {
        let (names, _) = row.split_once(" | ").expect("a row has two columns");
        for name in names.split(", ") {
            assert!(named.insert(name.trim_matches('`').to_owned()), "{name} is named twice");
        }
    }
    assert_eq!(named, features());
}
