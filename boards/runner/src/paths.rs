//! Places in the repository.

use std::path::{Path, PathBuf};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Cargo's target folder.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from)
}

/// The demo model, which the simulator has built in.
pub(crate) fn demo_model() -> PathBuf {
    root().join("host-sim/demo/flashlet-demo-q4_k.gguf")
}
