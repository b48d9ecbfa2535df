//! That no input can make the engine panic on a board: what the linker kept of the panics in a program that holds the
//! engine and a stub flash alone (`tests/nostd`).

use crate::elf;
use crate::paths::root;
use crate::toolchain::Toolchain;
use object::{Object, ObjectSymbol, SymbolKind};
use std::collections::BTreeSet;

/// Targets, and the features that bring their kernels.
const TARGETS: [(&str, &str); 2] = [("thumbv7em-none-eabihf", "dsp"), ("aarch64-unknown-none", "detect")];

/// Kept by the compiler in every `async fn`, with what it calls; unreachable while a future is not polled after it is ready.
const ALLOWED: [&str; 2] = ["core::panicking::panic_fmt", "core::panicking::panic_const::panic_const_async_fn_resumed"];

/// Links the program for each target and looks at its symbols; first with a planted panic, which must be found.
pub(crate) fn check(from_source: bool) -> Result<(), String> {
    for (target, features) in TARGETS {
        let toolchain = Toolchain::find(target, from_source)?;
        let planted = panics(
            &toolchain,
            target,
            &["--no-default-features", "--features", &format!("few-formats,{features},planted-panic")],
        )?;
        if !planted.iter().any(|name| name.contains("panic_bounds_check")) {
            return Err(format!("{target}: the planted panic was not found in {planted:?}"));
        }
        let found = panics(&toolchain, target, &["--features", features])?;
        if !found.is_empty() {
            return Err(format!("{target}: panics can be reached: {found:?}"));
        }
        println!("   {target}: no panic can be reached");
    }
    Ok(())
}

/// The panic functions in the program built with these options of cargo, beyond the allowed ones.
fn panics(toolchain: &Toolchain, target: &str, features: &[&str]) -> Result<BTreeSet<String>, String> {
    let manifest = root().join("tests/nostd/Cargo.toml");
    let folder = toolchain.build_manifest(target, &manifest, &[&["--release"], features].concat())?;
    let path = folder.join("release/flashlet-nostd");
    // Without the hash at the end.
    let plain = |name: &str| format!("{:#}", rustc_demangle::demangle(name));
    let names: BTreeSet<_> = elf::open(&path, |file| {
        let functions = file.symbols().filter(|symbol| symbol.is_definition() && symbol.kind() == SymbolKind::Text);
        functions.filter_map(|symbol| Some(plain(symbol.name().ok()?))).collect()
    })?;
    if !names.iter().any(|name| name.contains("flashlet::session")) {
        return Err(format!("{}: nothing of the engine is in it", path.display()));
    }
    Ok(names.into_iter().filter(|name| is_panic(name) && !ALLOWED.contains(&&**name)).collect())
}

/// True if a function panics, by its name in `core`.
fn is_panic(name: &str) -> bool {
    let ends = ["_failed", "_fail"].iter().any(|end| name.ends_with(end));
    name.starts_with("core::panicking::") || name.contains("::panic_") || name.starts_with("core::") && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_known_by_name() {
        let panics = [
            "core::panicking::panic_bounds_check",
            "core::option::unwrap_failed",
            "core::slice::index::slice_end_index_len_fail",
            "core::panicking::panic_const::panic_const_div_by_zero",
        ];
        assert!(panics.into_iter().all(is_panic));
        assert!(!["flashlet::session::Session::feed", "core::str::converts::from_utf8"].into_iter().any(is_panic));
    }
}
