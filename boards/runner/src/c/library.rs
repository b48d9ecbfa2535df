//! Building the C library, and the programs that use it.

use crate::toolchain::Toolchain;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The prompt of every program, with the chat template, and the most tokens of the answer.
pub(super) const PROMPT: &str = "set a timer for 12 minutes";
pub(super) const TOKENS: &str = "64";

/// The folder of the C library.
pub(super) fn folder() -> PathBuf {
    crate::paths::root().join("boards/c")
}

/// Builds the library for `target`; returns the target's folder.
pub(super) fn build(toolchain: &Toolchain, target: &str, profile: &str, features: &str) -> Result<PathBuf, String> {
    let manifest = crate::paths::root().join("boards/Cargo.toml");
    let args = ["--package", "flashlet-c", "--profile", profile, "--no-default-features", "--features", features];
    toolchain.build_manifest(target, &manifest, &args)
}

/// Runs a command that says nothing if it succeeds.
pub(super) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        return Ok(said.into_owned());
    }
    Err(format!("{:?} ended with {}: {}", command.get_program(), output.status, errors.trim()))
}

/// A path as an argument for make and the C compiler.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}
