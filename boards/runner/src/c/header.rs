//! `flashlet.h`, made of the C library's types and functions and of the engine's error codes.

use super::library::folder;
use core::fmt::Write as _;
use flashlet::Error;
use std::fs;

/// Asserts that the header is the one that the sources make; with `update` it becomes that.
pub(crate) fn check(update: bool) -> Result<(), String> {
    let path = folder().join("include/flashlet.h");
    let made = make()?;
    if update {
        return fs::write(&path, made).map_err(|error| format!("{}: {error}", path.display()));
    }
    let there = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if there == made { Ok(()) } else { Err("flashlet.h is stale: `board-runner c --update` makes it anew".into()) }
}

fn make() -> Result<String, String> {
    let mut config = cbindgen::Config::from_file(folder().join("cbindgen.toml"))?;
    config.after_includes = Some(codes());
    // The library's other files are modules of this one.
    let builder = cbindgen::Builder::new().with_config(config).with_src(folder().join("src/lib.rs"));
    let bindings = builder.generate().map_err(|error| error.to_string())?;
    let mut header = Vec::new();
    bindings.write(&mut header);
    let header = String::from_utf8(header).map_err(|error| error.to_string())?;
    // C has no unsafe functions: the conditions of a call stand there without Rust's heading.
    Ok(header.replace(" * # Safety\n", ""))
}

/// The engine's codes as an enum.
fn codes() -> String {
    let mut text = String::from(
        "\n/** Numbers of errors of the model, the prompt and the flash. They do not change from version to version. */\nenum flashlet_error {\n",
    );
    for (code, name, meaning) in Error::codes() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  /** {}. */\n  FLASHLET_ERROR_{name} = {code},", capital(meaning));
    }
    // Older standards of C allow no comma behind the last one.
    format!("{}\n}};\n", text.trim_end_matches(",\n"))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    /// A header that a C program includes is the one of these sources.
    #[test]
    fn the_header_is_the_one_of_the_sources() {
        assert_eq!(super::check(false), Ok(()));
    }
}
