//! The one way in which commands write files: whole, or not at all.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf, is_separator};

use super::in_use;
use super::temporary::Temporary;
use crate::failure::Failure;

const BUFFER_BYTES: usize = 1 << 18;

/// A file that takes its place when it is whole.
///
/// A file that is there is replaced and keeps its permissions; its other hard links keep the old contents. Through a symbolic
/// link, the file that it leads to is replaced, and the link stays, as with a shell's `>`. Whatever is no regular file, is
/// read by the same command or may not be written is left alone.
pub(crate) struct OutputFile {
    /// The path that the user named.
    path: PathBuf,
    /// The path that the file takes: `path` without symbolic links.
    target: PathBuf,
    /// The file that is replaced.
    replaced: Option<Metadata>,
    out: BufWriter<Temporary>,
}

impl OutputFile {
    /// Begins the file that is to be at `path`.
    ///
    /// # Errors
    /// A path where no file can or may be written.
    pub(crate) fn create(path: &Path) -> Result<OutputFile, Failure> {
        let failed = |error: io::Error| Failure::io(path.display(), &error);
        let replaced = existing(path)?.map(|file| file.metadata()).transpose().map_err(failed)?;
        let target = match replaced {
            Some(_) => fs::canonicalize(path).map_err(failed)?,
            None => path.to_owned(),
        };
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let temporary = Temporary::create(folder, mode(replaced.as_ref())).map_err(failed)?;
        let out = BufWriter::with_capacity(BUFFER_BYTES, temporary);
        Ok(OutputFile { path: path.to_owned(), target, replaced, out })
    }

    /// An error in writing the file, with its name.
    pub(crate) fn failure(&self, error: &io::Error) -> Failure {
        Failure::io(self.path.display(), error)
    }

    /// The file itself, with all that was written so far.
    ///
    /// # Errors
    /// The system's refusal to write it.
    pub(crate) fn file(&mut self) -> Result<File, Failure> {
        let file = self.out.flush().and_then(|()| self.out.get_ref().file().try_clone());
        file.map_err(|error| self.failure(&error))
    }

    /// Waits until the disk has the file, and moves it to its place.
    ///
    /// # Errors
    /// An input that has changed meanwhile; what may not be replaced and has come meanwhile; the system's refusal.
    pub(crate) fn commit(mut self) -> Result<(), Failure> {
        let file = self.file()?;
        in_use::check()?;
        // Something else may be there by now.
        existing(&self.path)?;
        let failed = |error: io::Error| Failure::io(self.path.display(), &error);
        if let Some(replaced) = &self.replaced {
            keep_owner(&file, replaced);
            file.set_permissions(replaced.permissions()).map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
        let (temporary, _) = self.out.into_parts();
        temporary.rename(&self.target).map_err(failed)
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The file that is at `path`, opened for writing as a proof that it may be written.
fn existing(path: &Path) -> Result<Option<File>, Failure> {
    let shown = path.display();
    let failed = |error: io::Error| Failure::io(&shown, &error);
    if path == Path::new("-") {
        return Err(Failure::new(
            "-: the file is not written to standard output, name one (./- for a file of this name)",
        ));
    }
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return if path.is_symlink() {
                Err(Failure::new(format!("{shown} is a symbolic link to a file that is not there: remove it first")))
            } else if path.as_os_str().as_encoded_bytes().last().is_some_and(|&end| is_separator(end.into())) {
                Err(Failure::new(format!("{shown} names a folder, not a file")))
            } else if let Some(folder) = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty() && !folder.exists() && !folder.is_symlink())
            {
                Err(Failure::new(format!("{shown}: there is no folder {}", folder.display())))
            } else {
                Ok(None)
            };
        }
        Err(error) => return Err(failed(error)),
    };
    if metadata.is_dir() {
        return Err(Failure::new(format!("{shown} is a folder: name a file in it")));
    }
    // Asked before opening: opening a named pipe would wait for its reader.
    if !metadata.is_file() {
        return Err(Failure::new(format!(
            "{shown} is {}, which a file does not replace: name another",
            kind(&metadata)
        )));
    }
    let file = File::options().write(true).open(path).map_err(failed)?;
    if let Some(input) = in_use::find(path, &file).map_err(failed)? {
        let input = input.display();
        return Err(Failure::new(format!("{shown} is an input of the command ({input}): name another file")));
    }
    if let Some(stream) = stream_to(&file).map_err(failed)? {
        return Err(Failure::new(format!("{shown} is where {stream} goes: name another file")));
    }
    Ok(Some(file))
}

/// The kind of a special file, in words.
#[cfg(unix)]
fn kind(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn kind(_: &Metadata) -> &'static str {
    "no regular file"
}

/// The stream that is written to `file`, if one is.
#[cfg(unix)]
fn stream_to(file: &File) -> io::Result<Option<&'static str>> {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let identity = |file: &File| file.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
    let file = identity(file)?;
    let [out, err] = [io::stdout().as_fd().try_clone_to_owned()?, io::stderr().as_fd().try_clone_to_owned()?];
    for (name, stream) in [("standard output", out), ("standard error", err)] {
        if identity(&File::from(stream))? == file {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

#[cfg(not(unix))]
fn stream_to(_: &File) -> io::Result<Option<&'static str>> {
    Ok(None)
}

/// The permissions of a file while it is written: those of the one that it replaces, or else the usual ones.
#[cfg(unix)]
fn mode(replaced: Option<&Metadata>) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    replaced.map_or(0o666, |metadata| metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: Option<&Metadata>) -> u32 {
    0
}

/// Gives `file` the owner of the one that it replaces, which root may and others need not.
#[cfg(unix)]
fn keep_owner(file: &File, replaced: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let _ = fchown(file, Some(replaced.uid()), Some(replaced.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) {}
