//! Builds of the engine with features off, by a cargo of their own: a workspace's crates share their features.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the repository")
}

/// Runs cargo in the repository with a target folder of its own: the one in use is locked.
fn cargo(args: &[&str]) -> Output {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("features");
    let mut command = Command::new(env!("CARGO"));
    command.args(args).current_dir(root()).env("CARGO_TARGET_DIR", folder);
    command.output().expect("cargo starts")
}

/// The errors that cargo reports, but for the one which says that there were some.
fn errors(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    let errors = text.lines().filter(|line| line.starts_with("error"));
    errors.filter(|line| !line.contains("could not compile")).map(str::to_owned).collect()
}

#[test]
fn an_engine_without_a_format_says_which_features_there_are() {
    let check = ["check", "-p", "flashlet", "--no-default-features"];
    for (features, words) in [
        ("all-formats,bpe,stream", &["kv_f16, kv_q8_0 or kv_q4_0"][..]),
        ("kv_q8_0", &["all-formats"]),
        ("", &["kv_f16, kv_q8_0 or kv_q4_0", "all-formats"]),
    ] {
        let output = cargo(&[&check[..], &["--features", features]].concat());
        let errors = errors(&output);
        assert!(!output.status.success(), "{features}");
        assert_eq!(errors.len(), words.len(), "{features}: {errors:#?}");
        for (error, words) in errors.iter().zip(words) {
            assert!(error.contains(words), "{features}: {error}");
        }
    }
}

#[test]
fn an_engine_with_few_features_names_those_that_a_file_needs() {
    let output = cargo(&["test", "--manifest-path", "tests/features/Cargo.toml"]);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && text.contains("2 passed"), "{text}");
}
