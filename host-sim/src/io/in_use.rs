//! Files that this process reads: none is written over, and a model must stay as it is until the command ends.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::failure::Failure;

/// A file that was opened for reading.
struct InUse {
    path: PathBuf,
    /// Kept open, so that no other file is given its identity.
    file: File,
    id: FileId,
    /// The version of a file that is read until the command ends, or none for one that was read whole.
    version: Option<Version>,
}

/// Size and time of the last write of a file's contents.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    bytes: u64,
    written: Option<SystemTime>,
}

impl Version {
    fn of(file: &File) -> io::Result<Version> {
        let metadata = file.metadata()?;
        Ok(Version { bytes: metadata.len(), written: metadata.modified().ok() })
    }
}

static FILES: Mutex<Vec<InUse>> = Mutex::new(Vec::new());

fn files() -> MutexGuard<'static, Vec<InUse>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Registers `file`, which was opened at `path` and is read at once.
pub(crate) fn read_once(path: &Path, file: &File) -> io::Result<()> {
    register(path, file, None)
}

/// Registers `file`, which was opened at `path` and is read until the command ends.
pub(crate) fn read_throughout(path: &Path, file: &File) -> io::Result<()> {
    register(path, file, Some(Version::of(file)?))
}

fn register(path: &Path, file: &File, version: Option<Version>) -> io::Result<()> {
    let entry = InUse { path: path.to_owned(), file: file.try_clone()?, id: id(path, file)?, version };
    files().push(entry);
    Ok(())
}

/// The path under which `file`, opened at `path`, is read too, whatever links lead to it.
pub(crate) fn find(path: &Path, file: &File) -> io::Result<Option<PathBuf>> {
    let id = id(path, file)?;
    Ok(files().iter().find(|entry| entry.id == id).map(|entry| entry.path.clone()))
}

/// Checks that no file that is read until the command ends was written to since it was opened. A file whose name was given
/// to another one is still there as it was.
///
/// # Errors
/// The file that was written to.
pub(crate) fn check() -> Result<(), Failure> {
    for InUse { path, file, version, .. } in files().iter() {
        let Some(before) = version else { continue };
        let shown = path.display();
        let now = Version::of(file).map_err(|error| Failure::io(&shown, &error))?;
        if now.bytes < before.bytes {
            let (had, has) = (before.bytes, now.bytes);
            return Err(Failure::new(format!(
                "{shown} was cut short from {had} to {has} bytes while it was in use: start again with the whole file"
            )));
        }
        if now != *before {
            return Err(Failure::new(format!(
                "{shown} was written to while it was in use: the result may mix two versions of it, start again"
            )));
        }
    }
    Ok(())
}

/// Device and inode: the same for all links to a file.
#[cfg(unix)]
type FileId = (u64, u64);

#[cfg(unix)]
fn id(_path: &Path, file: &File) -> io::Result<FileId> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// The path with all symbolic links followed.
#[cfg(not(unix))]
type FileId = PathBuf;

#[cfg(not(unix))]
fn id(path: &Path, _file: &File) -> io::Result<FileId> {
    std::fs::canonicalize(path)
}
