//! Files that are mapped into memory.

use core::ops::Deref;
use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// A file that is mapped into memory, to be read.
#[derive(Debug)]
pub(super) struct Mapping {
    map: Mmap,
    #[cfg(unix)]
    watched: &'static bus_error::Watched,
}

impl Mapping {
    /// Maps `file`, which was opened at `path`.
    ///
    /// # Errors
    /// The system's refusal.
    pub(super) fn new(path: &Path, file: &File) -> io::Result<Mapping> {
        // SAFETY: the mapping is read-only and outlives the references that `deref` gives. Another process may cut the file
        // short or write to it, which the rules of `&[u8]` do not provide for. Reading bytes that are gone ends the process,
        // by the handler in `bus_error`. Bytes that change stay bytes: the engine takes numbers from them, of which all are
        // valid, checks each offset and length where it uses it, and copies text before it checks that it is UTF-8. `io::in_use`
        // reports the change at the end of the load and of the command.
        let map = unsafe { Mmap::map(file) }?;
        // Elsewhere no file that is mapped can be cut short.
        #[cfg(not(unix))]
        let _ = path;
        Ok(Mapping {
            #[cfg(unix)]
            watched: bus_error::watch(path, &map),
            map,
        })
    }
}

#[cfg(unix)]
impl Drop for Mapping {
    fn drop(&mut self) {
        self.watched.end();
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

/// The handler of SIGBUS, by which the system says that mapped bytes are gone: the file was cut short, or its disk failed.
///
/// A handler costs nothing until it is needed. Reading the file in place of mapping it would copy the weights.
#[cfg(unix)]
mod bus_error {
    use core::ffi::{c_int, c_void};
    use core::ptr::{null, null_mut};
    use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
    use std::path::Path;
    use std::sync::OnceLock;

    use crate::io::interrupt::remove_unfinished;
    use crate::io::printable::printable;

    /// A range of addresses where a file is mapped. It is never freed, as the handler may be reading it.
    #[derive(Debug)]
    pub(super) struct Watched {
        start: usize,
        /// Bytes; 0 when the file is no longer mapped.
        len: AtomicUsize,
        message: String,
        next: *const Watched,
    }

    /// The newest range; each leads to the one before.
    static NEWEST: AtomicPtr<Watched> = AtomicPtr::new(null_mut());
    /// The action before the handler was installed: Rust's own, which reports an overflow of the stack.
    static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

    // SAFETY: what `next` points to is never freed and changes by atomics only.
    unsafe impl Send for Watched {}
    // SAFETY: as above.
    unsafe impl Sync for Watched {}

    impl Watched {
        /// Ends the watch, before the file is unmapped.
        pub(super) fn end(&self) {
            self.len.store(0, Ordering::Release);
        }
    }

    /// Has faults in `map`, where the file at `path` is mapped, end the process with a message.
    pub(super) fn watch(path: &Path, map: &[u8]) -> &'static Watched {
        BEFORE.get_or_init(install);
        let path = printable(&path.display().to_string());
        let watched = Box::leak(Box::new(Watched {
            start: map.as_ptr() as usize,
            len: AtomicUsize::new(map.len()),
            message: format!(
                "error: {path} was cut short while it was in use, or its disk failed: start again with the whole file\n"
            ),
            next: null(),
        }));
        let mut newest = NEWEST.load(Ordering::Relaxed);
        loop {
            watched.next = newest;
            match NEWEST.compare_exchange_weak(newest, watched, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return watched,
                Err(other) => newest = other,
            }
        }
    }

    fn install() -> libc::sigaction {
        // SAFETY: zeroes are a valid `sigaction`; the handler calls async-signal-safe functions only, on the stack that Rust
        // gives every thread for signals.
        unsafe {
            let [mut before, mut action]: [libc::sigaction; 2] = core::mem::zeroed();
            action.sa_sigaction = handle as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigaction(libc::SIGBUS, &raw const action, &raw mut before);
            before
        }
    }

    extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, _context: *mut c_void) {
        // SAFETY: the system passes the description of the fault.
        let address = unsafe { (*info).si_addr() } as usize;
        let mut watched = NEWEST.load(Ordering::Acquire).cast_const();
        // SAFETY: what is in the list is never freed.
        while let Some(Watched { start, len, message, next }) = unsafe { watched.as_ref() } {
            if address.wrapping_sub(*start) < len.load(Ordering::Acquire) {
                remove_unfinished();
                // SAFETY: both functions are async-signal-safe; the message is never freed.
                unsafe {
                    libc::write(libc::STDERR_FILENO, message.as_ptr().cast(), message.len());
                    libc::_exit(1);
                }
            }
            watched = *next;
        }
        // Another fault: the access is repeated on return, and meets the action of before.
        let default = libc::SIG_DFL;
        // SAFETY: `sigaction` and `signal` are async-signal-safe.
        unsafe {
            match BEFORE.get() {
                Some(before) => libc::sigaction(signal, before, null_mut()),
                None => libc::signal(signal, default) as c_int,
            };
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Output};

    use super::*;

    /// Set for the process that reads bytes that are gone, to the one of two files that they were of.
    const FILE: &str = "FLASHLET_TEST_FILE";

    /// Maps two files, one of them past the handler, cuts both short and reads from the one called `name`.
    fn read_what_is_gone(name: &str) {
        let [ours, foreign] = ["ours", "foreign"].map(|name| {
            let path = std::env::temp_dir().join(format!("flashlet-mapping-{}-{name}", std::process::id()));
            let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
            let file = file.expect("the temporary folder can be written");
            std::fs::remove_file(&path).expect("it is there");
            file.set_len(10_000).expect("it is ours");
            (path, file)
        });
        let mapping = Mapping::new(&ours.0, &ours.1).expect("it can be mapped");
        // SAFETY: the process ends before another writes to the file.
        let map = unsafe { Mmap::map(&foreign.1) }.expect("it can be mapped");
        assert_eq!(mapping[9999] + map[9999], 0);
        ours.1.set_len(0).expect("it is ours");
        foreign.1.set_len(0).expect("it is ours");
        println!("{}", core::hint::black_box(if name == "ours" { mapping[9999] } else { map[9999] }));
    }

    #[test]
    fn only_what_is_gone_of_a_mapping_ends_with_a_message() {
        if let Ok(name) = std::env::var(FILE) {
            return read_what_is_gone(&name);
        }
        let run = |name: &str| -> Output {
            Command::new(std::env::current_exe().expect("this program"))
                .args(["hardware::mapping::tests::only_what_is_gone_of_a_mapping_ends_with_a_message", "--exact"])
                .env(FILE, name)
                .output()
                .expect("it starts")
        };
        let ours = run("ours");
        let message = String::from_utf8_lossy(&ours.stderr).into_owned();
        assert_eq!(ours.status.code(), Some(1), "{message}");
        assert!(
            message.starts_with("error: ") && message.contains("-ours was cut short while it was in use"),
            "{message}"
        );
        let foreign = run("foreign");
        assert_eq!(foreign.status.signal(), Some(libc::SIGBUS));
    }
}
