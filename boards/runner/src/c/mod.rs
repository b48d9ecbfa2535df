//! The C library: its header, its answers on the desktop and on an emulated board, and what it builds for.

mod demo;
mod header;
mod host;

use crate::simulator::Simulator;
use crate::toolchain::Toolchain;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Targets that the library is built for besides those of the tests, and their instruction set's feature.
const TARGETS: [(&str, &str); 2] =
    [("thumbv8m.main-none-eabihf", "isa-dsp"), ("riscv32imac-unknown-none-elf", "small")];

/// What is asked of every program, with the chat template, and the most tokens of the answer.
const PROMPT: &str = "set a timer for 12 minutes";
const TOKENS: &str = "64";

/// Checks all of it, prints how each part went, and returns whether all passed. With `update` the header is written anew.
pub(crate) fn check(from_source: bool, update: bool) -> Result<bool, String> {
    let mut all = true;
    let mut part = |what: &str, run: &mut dyn FnMut() -> Result<String, String>| {
        let started = Instant::now();
        let result = run();
        all &= result.is_ok();
        let seconds = started.elapsed().as_secs();
        match result {
            Ok(said) => println!("-- C, {what}: passed in {seconds} s{said}"),
            Err(error) => println!("-- C, {what}: FAILED: {error}"),
        }
    };
    part("header", &mut || header::check(update).map(|()| String::new()));
    let simulator = Simulator::build()?;
    part("desktop", &mut || host::check(&simulator));
    part("demo on mps2-an386", &mut || demo::check(&simulator, from_source));
    for (target, feature) in TARGETS {
        part(target, &mut || {
            let features = format!("{feature},engine/kv_f16,engine/q4_k,engine/q6_k");
            let toolchain = Toolchain::find(target, from_source)?;
            let folder = build(&toolchain, target, "release", &features)?;
            let library = folder.join("release/libflashlet.a");
            let bytes = library.metadata().map_err(|error| format!("{}: {error}", library.display()))?.len();
            Ok(format!(", {bytes} bytes of archive"))
        });
    }
    Ok(all)
}

/// The folder of the C library.
fn folder() -> PathBuf {
    crate::paths::root().join("boards/c")
}

/// Builds the library for `target`; returns the target's folder.
fn build(toolchain: &Toolchain, target: &str, profile: &str, features: &str) -> Result<PathBuf, String> {
    let manifest = crate::paths::root().join("boards/Cargo.toml");
    let args = ["--package", "flashlet-c", "--profile", profile, "--no-default-features", "--features", features];
    toolchain.build_manifest(target, &manifest, &args)
}

/// Runs a command that says nothing if it succeeds.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        return Ok(said.into_owned());
    }
    Err(format!("{:?} ended with {}: {}", command.get_program(), output.status, errors.trim()))
}

/// A path as an argument for make and the C compiler.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
