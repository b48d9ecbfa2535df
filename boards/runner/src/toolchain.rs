//! Which compiler builds a target: rustup's, or a distribution's with `core` from source.

use crate::paths::{root, target_dir};
use board_table::Program;
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

/// The compiler that is at hand has the target.
pub(crate) fn is_installed(target: &str) -> bool {
    sysroot().is_some_and(|root| root.join("lib/rustlib").join(target).join("lib").is_dir())
}

/// The folder of the compiler that is at hand.
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
        if is_installed(target) && !from_source {
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

    /// Builds a program and returns its path.
    pub(crate) fn build(&self, program: &Program<'_>) -> Result<PathBuf, String> {
        self.compile("build", program, &[])
    }

    /// Builds a program that reserves `bytes` for its stack, whatever its board has, and returns its path.
    pub(crate) fn build_with_stack(&self, program: &Program<'_>, bytes: usize) -> Result<PathBuf, String> {
        self.compile("rustc", program, &["--", "-C", &format!("link-arg=--defsym=_stack_bytes={bytes}")])
    }

    fn compile(&self, subcommand: &str, program: &Program<'_>, more: &[&str]) -> Result<PathBuf, String> {
        let (board, features) = (program.board, program.features.join(","));
        let args = ["--profile", program.profile, "--package", &board.package(), "--bin", &program.name];
        let args = [&args[..], &["--features", &features], more].concat();
        let target = &board.firmware.target;
        let manifest = root().join(board.manifest());
        self.cargo(subcommand, target, &manifest, &args)?;
        Ok(self.target_dir(&manifest).join(target).join(program.profile).join(&program.name))
    }

    /// Builds what a manifest holds for `target`; `args` are cargo's. Returns the target's folder.
    pub(crate) fn build_manifest(&self, target: &str, manifest: &Path, args: &[&str]) -> Result<PathBuf, String> {
        self.cargo("build", target, manifest, args)?;
        Ok(self.target_dir(manifest).join(target))
    }

    /// Checks what a manifest holds for `target` with clippy; `args` are cargo's. The lock file must be complete.
    pub(crate) fn lint(&self, target: &str, manifest: &Path, args: &[&str]) -> Result<(), String> {
        self.cargo("clippy", target, manifest, &[&["--locked"], args, &["--", "-D", "warnings"]].concat())
    }

    fn cargo(&self, subcommand: &str, target: &str, manifest: &Path, args: &[&str]) -> Result<(), String> {
        let mut cargo = Command::new(match self {
            Toolchain::Installed => "cargo",
            Toolchain::FromSource { .. } => SYSTEM_CARGO,
        });
        cargo.arg(subcommand);
        if let Toolchain::FromSource { linker } = self {
            let key = target.to_uppercase().replace(['-', '.'], "_");
            cargo.env("RUSTC", SYSTEM_RUSTC).env("RUSTC_BOOTSTRAP", "1");
            cargo.env(format!("CARGO_TARGET_{key}_LINKER"), linker).arg("-Zbuild-std=core,alloc");
        }
        cargo.args(["--quiet", "--target", target, "--manifest-path"]).arg(manifest);
        cargo.arg("--target-dir").arg(self.target_dir(manifest)).args(args).env("DEFMT_LOG", "info");
        let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("cargo {subcommand} fails for {}", manifest.display())) }
    }

    /// A folder for each workspace: cargo locks it while it builds, and several are built side by side.
    fn target_dir(&self, manifest: &Path) -> PathBuf {
        let folder = manifest.parent().and_then(|folder| folder.strip_prefix(root()).ok()).unwrap_or(Path::new(""));
        let workspace = match folder.to_string_lossy().replace(['/', '\\'], "-") {
            root if root.is_empty() => "firmware".to_owned(),
            workspace => workspace,
        };
        target_dir().join(match self {
            Toolchain::Installed => workspace,
            Toolchain::FromSource { .. } => workspace + "-from-source",
        })
    }
}
