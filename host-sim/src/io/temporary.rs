//! Files that are not whole yet.

use core::hash::BuildHasher;
use std::fs::{self, File};
use std::hash::RandomState;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

#[cfg(unix)]
use super::interrupt::Removal;

/// A file that is not whole yet. It has no name on Linux, so nothing is left of it however the process ends. Other systems,
/// and file systems that cannot do this, give it a name, which is removed unless the system or SIGKILL prevents it.
pub(super) struct Temporary {
    file: File,
    name: Option<Name>,
}

/// The name of an unfinished file, removed when it is dropped or a signal ends the process.
struct Name {
    path: PathBuf,
    #[cfg(unix)]
    _removal: Removal,
}

impl Name {
    fn new(path: PathBuf) -> Name {
        Name {
            #[cfg(unix)]
            _removal: Removal::of(&path),
            path,
        }
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Temporary {
    /// Creates an empty file in `folder`, to be read and written, with the permissions `mode` less those that the user's mask
    /// takes away.
    ///
    /// # Errors
    /// The system's refusal.
    pub(super) fn create(folder: &Path, mode: u32) -> io::Result<Temporary> {
        match nameless(folder, mode) {
            Ok(file) => Ok(Temporary { file, name: None }),
            Err(_) => Temporary::named(folder, mode),
        }
    }

    fn named(folder: &Path, mode: u32) -> io::Result<Temporary> {
        let (file, name) = with_new_name(folder, |path| with_mode(mode).create_new(true).open(path))?;
        Ok(Temporary { file, name: Some(name) })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Moves the file to `target`, in the same folder, in place of what may be there.
    ///
    /// # Errors
    /// The system's refusal; `target` is then as it was.
    pub(super) fn rename(mut self, target: &Path) -> io::Result<()> {
        if self.name.is_none() {
            match link(&self.file, target) {
                // A link does not replace a file, a name does.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let folder = target.parent().unwrap_or(Path::new(""));
                    let ((), name) = with_new_name(folder, |path| link(&self.file, path))?;
                    self.name = Some(name);
                }
                linked => return linked,
            }
        }
        self.name.as_ref().map_or(Ok(()), |name| fs::rename(&name.path, target))
    }
}

impl Write for Temporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Makes a new name in `folder` by `make`, with random letters until it is one that no other file has.
fn with_new_name<T>(folder: &Path, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(T, Name)> {
    loop {
        let path = folder.join(format!(".flashlet-{:016x}.tmp", RandomState::new().hash_one(())));
        match make(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return Ok((made?, Name::new(path))),
        }
    }
}

/// Options for a file that is read and written.
fn with_mode(mode: u32) -> fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options
}

#[cfg(target_os = "linux")]
fn nameless(folder: &Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = with_mode(mode).custom_flags(libc::O_TMPFILE).open(folder)?;
    // It is named by this path later; without /proc it could not be.
    fs::symlink_metadata(descriptor(&file)).map(|_| file)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_folder: &Path, _mode: u32) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// The path by which Linux shows an open file.
#[cfg(target_os = "linux")]
fn descriptor(file: &File) -> String {
    format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file))
}

/// Gives `file`, which has no name, the name `path`.
#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let [from, to] = [descriptor(file).as_bytes(), path.as_os_str().as_bytes()].map(std::ffi::CString::new);
    let (from, to) = (from?, to?);
    // SAFETY: both are strings of C that live during the call.
    let code =
        unsafe { libc::linkat(libc::AT_FDCWD, from.as_ptr(), libc::AT_FDCWD, to.as_ptr(), libc::AT_SYMLINK_FOLLOW) };
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(not(target_os = "linux"))]
fn link(_file: &File, _path: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let folder = std::env::temp_dir().join(format!("flashlet-temporary-{}-{name}", std::process::id()));
            fs::create_dir(&folder).expect("the temporary folder can be written");
            Folder(folder)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).expect("it is there");
            entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    type Create = fn(&Path, u32) -> io::Result<Temporary>;

    #[test]
    fn unfinished_files_vanish_and_finished_ones_are_renamed() {
        for (name, create) in [("any", Temporary::create as Create), ("named", Temporary::named)] {
            let folder = Folder::new(name);
            let target = folder.0.join("x");
            drop(create(&folder.0, 0o666).expect("a file"));
            assert!(folder.names().is_empty(), "{name}");
            for (mode, text) in [(0o640, "new"), (0o600, "instead of the old")] {
                let mut temporary = create(&folder.0, mode).expect("a file");
                temporary.write_all(text.as_bytes()).expect("writable");
                temporary.rename(&target).expect("it can be renamed");
                assert_eq!(fs::read_to_string(&target).expect("it is there"), text);
                assert_eq!(fs::metadata(&target).expect("it is there").permissions().mode() & 0o777, mode);
                assert_eq!(folder.names(), ["x"], "{name}");
            }
            // A folder cannot be replaced.
            fs::create_dir(folder.0.join("y")).expect("writable");
            create(&folder.0, 0o666).expect("a file").rename(&folder.0.join("y")).expect_err("a folder");
            assert_eq!(folder.names().len(), 2, "{name}");
        }
    }

    /// Set for the process that a signal ends, to the folder of its file.
    const FOLDER: &str = "FLASHLET_TEST_FOLDER";

    #[test]
    fn a_named_file_is_removed_by_a_signal() {
        const SIGNALS: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];
        if let Some(folder) = std::env::var_os(FOLDER) {
            // Shells have what runs in the background ignore the first of them, and the program would too.
            for signal in SIGNALS {
                // SAFETY: no thread of this process handles signals.
                unsafe { libc::signal(signal, libc::SIG_DFL) };
            }
            let _temporary = Temporary::named(Path::new(&folder), 0o666).expect("a file");
            println!("created");
            loop {
                std::thread::park();
            }
        }
        for signal in SIGNALS {
            let folder = Folder::new(&format!("signal-{signal}"));
            let mut child = Command::new(std::env::current_exe().expect("this program"))
                .args(["io::temporary::tests::a_named_file_is_removed_by_a_signal", "--exact", "--nocapture"])
                .env(FOLDER, &folder.0)
                .stdout(Stdio::piped())
                .spawn()
                .expect("it starts");
            let mut out = child.stdout.take().expect("it is piped");
            let mut printed = Vec::new();
            while !printed.ends_with(b"created\n") {
                let mut byte = [0];
                out.read_exact(&mut byte).expect("it prints that its file is there");
                printed.push(byte[0]);
            }
            assert_eq!(folder.names().len(), 1);
            // SAFETY: the child was not waited for, so its id is its own.
            unsafe { libc::kill(child.id() as libc::pid_t, signal) };
            assert_eq!(child.wait().expect("it ends").signal(), Some(signal));
            assert!(folder.names().is_empty(), "{signal}");
        }
    }
}
