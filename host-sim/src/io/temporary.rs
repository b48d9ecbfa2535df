//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
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

    /// Creates the file, lets `fill` write it, and waits until the disk has it.
    ///
    /// # Errors
    /// The failures of `fill`, and the system's as an `error`.
    pub(crate) fn write<T, E>(
        &self,
        error: impl Fn(io::Error) -> E,
        fill: impl FnOnce(&mut dyn Write) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut out = BufWriter::new(File::create(&self.path).map_err(&error)?);
        let report = fill(&mut out)?;
        out.flush().and_then(|()| out.get_ref().sync_all()).map_err(error)?;
        Ok(report)
    }

    /// Gives the file the name `output`.
    ///
    /// # Errors
    /// The system's refusal.
    pub(crate) fn keep(&self, output: &Path) -> io::Result<()> {
        fs::rename(&self.path, output)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
