//! Signals: unfinished files are removed when one ends the process, and a limit on a file's size is an error.

use core::ffi::{c_char, c_int};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Once;

/// Signals by which users and systems end a program.
const SIGNALS: [c_int; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// Paths of unfinished files. More than a command has at a time; the handler may not allocate.
static PATHS: [AtomicPtr<c_char>; 8] = [const { AtomicPtr::new(null_mut()) }; 8];

/// The promise that a file is removed when a signal ends the process, as long as this lives.
pub(super) struct Removal(Option<&'static AtomicPtr<c_char>>);

impl Removal {
    /// Promises it for the file at `path`; where all places are taken, the file stays after a signal.
    pub(super) fn of(path: &Path) -> Removal {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(install);
        let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return Removal(None) };
        // Never freed, as a handler may be reading it: a command writes one or two files.
        let path = path.into_raw();
        let free = |place: &&AtomicPtr<c_char>| {
            place.compare_exchange(null_mut(), path, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        Removal(PATHS.iter().find(free))
    }
}

impl Drop for Removal {
    fn drop(&mut self) {
        if let Some(place) = self.0 {
            place.store(null_mut(), Ordering::Release);
        }
    }
}

/// Removes all unfinished files. It may be called by a signal handler.
pub(crate) fn remove_unfinished() {
    for place in &PATHS {
        let path = place.load(Ordering::Acquire);
        if !path.is_null() {
            // SAFETY: the path is a string of C that is never freed; `unlink` is async-signal-safe.
            unsafe { libc::unlink(path) };
        }
    }
}

/// Has a write beyond the limit of a file's size fail with an error, which names the file, where the signal for it would
/// end the process without a word.
pub(crate) fn report_size_limits() {
    // SAFETY: no handler is installed; the signal is only ignored.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

fn install() {
    for signal in SIGNALS {
        // SAFETY: the handler calls async-signal-safe functions only, and zeroes are a valid `sigaction`. A signal that is
        // ignored, as under nohup, stays ignored.
        unsafe {
            let mut before: libc::sigaction = core::mem::zeroed();
            if libc::sigaction(signal, core::ptr::null(), &raw mut before) == 0 && before.sa_sigaction == libc::SIG_DFL
            {
                let mut action: libc::sigaction = core::mem::zeroed();
                action.sa_sigaction = end as extern "C" fn(c_int) as usize;
                libc::sigaction(signal, &raw const action, null_mut());
            }
        }
    }
}

/// Removes unfinished files and lets the signal end the process as it would have.
extern "C" fn end(signal: c_int) {
    remove_unfinished();
    // SAFETY: both functions are async-signal-safe.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
