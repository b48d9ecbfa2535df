//! The end that no input leads to.

use core::ffi::c_char;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Is told of a defect in the library: the source file, which has no zero at its end, its length, and the line. It does not return:
/// it resets the board, or ends the program. If it does return, the library stays in an endless loop.
pub type flashlet_panic_t = Option<unsafe extern "C" fn(file: *const c_char, file_bytes: usize, line: u32)>;

static HOOK: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Sets the function that is called if the library finds a defect in itself; NULL for none. No file, no prompt and no failure of a
/// flash leads there. One for all sessions.
#[unsafe(no_mangle)]
pub extern "C" fn flashlet_on_panic(hook: flashlet_panic_t) {
    let hook = hook.map_or(core::ptr::null_mut(), |hook| hook as *mut ());
    HOOK.store(hook, Ordering::Release);
}

#[cfg_attr(not(test), panic_handler)]
#[cfg_attr(test, expect(dead_code, reason = "tests have the standard library's"))]
fn panic(info: &PanicInfo<'_>) -> ! {
    let hook = HOOK.load(Ordering::Acquire);
    if !hook.is_null() {
        // SAFETY: only `flashlet_on_panic` writes the pointer, and it writes functions of this type.
        let hook: unsafe extern "C" fn(*const c_char, usize, u32) = unsafe { core::mem::transmute(hook) };
        let (file, line) = info.location().map_or(("", 0), |at| (at.file(), at.line()));
        // SAFETY: the caller of `flashlet_on_panic` gave a function that takes these.
        unsafe { hook(file.as_ptr().cast(), file.len(), line) };
    }
    loop {
        core::hint::spin_loop();
    }
}

// On a system the compiler's own `core` names the function that unwinds, which is never called: panics end the program. Weak, as a
// program may bring it.
#[cfg(all(target_os = "linux", not(test)))]
core::arch::global_asm!(".weak rust_eh_personality", "rust_eh_personality:", ".byte 0");
