//! Paths in the temporary folder.

use std::path::PathBuf;

/// A path in the temporary folder, where nothing is at first nor at the end.
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("flashlet-test-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Place(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("the path is UTF-8")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
