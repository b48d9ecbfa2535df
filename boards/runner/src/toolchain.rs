//! Which compiler builds a target: rustup's, or a distribution's with `core` from source.

use crate::boards::Board;
use crate::simulator::{root, target_dir};
use std::path::{Path, PathBuf};
use std::process::Command;

const SYSTEM_CARGO: &str = "/usr/bin/cargo";
const SYSTEM_RUSTC: &str = "/usr/bin/rustc";
const SOURCES: &str = "/usr/lib/rustlib/src/rust/library/core";

/// A compiler for one target.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// The one that is at hand has the target.
    Installed,
    /// The distribution's builds `core`; it links with the given linker.
    FromSource { linker: PathBuf },
}

/// Where the compiler that is at hand keeps its files.
fn sysroot() -> Option<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(path.trim()))
}

fn linker() -> Option<PathBuf> {
    let hosts = sysroot().and_then(|root| root.join("lib/rustlib").read_dir().ok());
    let bundled = hosts.into_iter().flatten().flatten().map(|host| host.path().join("bin/rust-lld"));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut all = bundled.chain(std::env::split_paths(&paths).map(|dir| dir.join("ld.lld")));
    all.find(|path| path.is_file())
}

impl Toolchain {
    /// The compiler for `target`.
    pub(crate) fn find(target: &str, from_source: bool) -> Result<Toolchain, String> {
        let has = sysroot().is_some_and(|root| root.join("lib/rustlib").join(target).join("lib").is_dir());
        if has && !from_source {
            return Ok(Toolchain::Installed);
        }
        if ![SYSTEM_CARGO, SYSTEM_RUSTC, SOURCES].iter().all(|path| Path::new(path).exists()) {
            return Err(format!("no compiler for {target}: run boards/setup.sh"));
        }
        linker().map(|linker| Toolchain::FromSource { linker }).ok_or("no linker: run boards/setup.sh".into())
    }

    /// The compiler's name: its version, and whether `core` was built with the program.
    pub(crate) fn name(&self) -> Result<String, String> {
        let (rustc, suffix) = match self {
            Toolchain::Installed => ("rustc", ""),
            Toolchain::FromSource { .. } => (SYSTEM_RUSTC, "-source"),
        };
        let output = Command::new(rustc).arg("--version").output().map_err(|error| format!("{rustc}: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split_whitespace().nth(1).ok_or(format!("{rustc} does not say its version"))?;
        Ok(format!("rustc-{version}{suffix}"))
    }

    /// Builds a board's programs, with `features` of its package. Returns the folder that they are in.
    pub(crate) fn build(&self, board: &Board, features: &str) -> Result<PathBuf, String> {
        let (target, package) = (board.target, format!("flashlet-{}", board.name));
        let mut cargo = match self {
            Toolchain::Installed => Command::new("cargo"),
            Toolchain::FromSource { linker } => {
                let mut cargo = Command::new(SYSTEM_CARGO);
                let key = target.to_uppercase().replace(['-', '.'], "_");
                cargo.env("RUSTC", SYSTEM_RUSTC).env("RUSTC_BOOTSTRAP", "1");
                cargo.env(format!("CARGO_TARGET_{key}_LINKER"), linker).arg("-Zbuild-std=core,alloc");
                cargo
            }
        };
        let target_dir = target_dir().join(match self {
            Toolchain::Installed => "boards",
            Toolchain::FromSource { .. } => "boards-from-source",
        });
        cargo.args([
            "build",
            "--quiet",
            "--profile",
            board.profile,
            "--target",
            target,
            "--package",
            &package,
            "--features",
            features,
        ]);
        cargo.arg("--manifest-path").arg(root().join("boards/Cargo.toml")).arg("--target-dir").arg(&target_dir);
        cargo.env("DEFMT_LOG", "info");
        let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
        if status.success() {
            Ok(target_dir.join(target).join(board.profile))
        } else {
            Err(format!("{package} does not build"))
        }
    }
}
