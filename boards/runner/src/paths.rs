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

/// The demo model as it was when boards' figures were first compared: they do not move when the shipped model does.
pub(crate) fn test_model() -> PathBuf {
    root().join("tests/fixtures/models/house.gguf")
}

/// The demo model, which the simulator has built in.
pub(crate) fn demo_model() -> PathBuf {
    root().join("host-sim/demo/flashlet-demo-q4_k.gguf")
}
