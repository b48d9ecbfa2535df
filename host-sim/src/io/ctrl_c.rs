//! Ctrl-C, which stops an answer and not the program while a person talks with a model.

use core::sync::atomic::{AtomicBool, Ordering};

static PRESSED: AtomicBool = AtomicBool::new(false);

/// True if Ctrl-C was pressed and nobody has [taken](take) that yet.
pub(crate) fn is_pressed() -> bool {
    PRESSED.load(Ordering::Relaxed)
}

/// True if Ctrl-C was pressed since this was asked last.
pub(crate) fn take() -> bool {
    PRESSED.swap(false, Ordering::Relaxed)
}

/// Has Ctrl-C noted from now on. Pressed once more before it was [taken](take), it ends the program.
#[cfg(unix)]
pub(crate) fn catch() {
    extern "C" fn note(signal: core::ffi::c_int) {
        if PRESSED.swap(true, Ordering::Relaxed) {
            super::interrupt::remove_unfinished();
            // SAFETY: both functions are async-signal-safe.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
                libc::raise(signal);
            }
        }
    }
    // SAFETY: the handler changes an atomic and calls async-signal-safe functions only, and zeroes are a valid `sigaction`.
    // System calls that it interrupts go on.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = note as extern "C" fn(core::ffi::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGINT, &raw const action, core::ptr::null_mut());
    }
}

/// Leaves Ctrl-C as it is: it ends the program on this system.
#[cfg(not(unix))]
pub(crate) fn catch() {}
