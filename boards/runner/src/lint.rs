//! Clippy on the firmware, with each instruction set of the boards.

use crate::hardware::SMALLEST;
use crate::paths::root;
use crate::toolchain::{Toolchain, is_installed};
use std::path::Path;

/// Lints every board's crate with the board's features, and the engine for the smallest core. Returns whether all is clean;
/// what could not be linted is not.
pub(crate) fn lint_all() -> bool {
    let mut clean = lint("the engine", SMALLEST, &root().join("Cargo.toml"), &["--package", "flashlet"]);
    for board in board_table::all() {
        // The self-test's features are the prompt's and more.
        let program = board.selftest().unwrap_or_else(|| board.program());
        let (package, features) = (board.package(), program.features.join(","));
        let mut args = vec!["--package", &package, "--features", &features];
        if board.firmware.qemu.is_some() {
            args.extend(["--package", "flashlet-board", "--package", "flashlet"]);
        }
        clean &= lint(&board.name, &board.firmware.target, &root().join(board.manifest()), &args);
    }
    let c = ["--package", "flashlet-c", "--package", "flashlet-c-kernels", "--features", "isa-dsp"];
    clean & lint("the C library", "thumbv7em-none-eabihf", &root().join("boards/Cargo.toml"), &c)
}

fn lint(what: &str, target: &str, manifest: &Path, args: &[&str]) -> bool {
    // A distribution's compiler, which builds `core` from source, brings no clippy.
    if !is_installed(target) {
        println!("{what:<16} FAILED: {target} is not installed; boards/setup.sh installs it");
        return false;
    }
    let linted = Toolchain::Installed.lint(target, manifest, args);
    match &linted {
        Ok(()) => println!("{what:<16} clean"),
        Err(error) => println!("{what:<16} FAILED: {error}"),
    }
    linted.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_target_is_a_failure() {
        assert!(!lint("nothing", "no-such-target", &root().join("Cargo.toml"), &[]));
    }
}
