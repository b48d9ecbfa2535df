//! Files that are whole before they can be seen.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file beside the one that is to be written, removed unless it takes that one's place.
pub(crate) struct Temporary {
    path: PathBuf,
}

impl Temporary {
    pub(crate) fn new(output: &Path) -> Temporary {
        let mut name = output.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        Temporary { path: output.with_file_name(name) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in the place of `output`.
    pub(crate) fn keep(&self, output: &Path) -> io::Result<()> {
        fs::rename(&self.path, output)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
