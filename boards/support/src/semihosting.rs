//! A host that watches: an emulator or a probe. Without one the first call stops the processor.

use core::arch::asm;
use core::fmt;

#[cfg(feature = "emulated")]
const WRITEC: usize = 0x03;
const WRITE0: usize = 0x04;
#[cfg(feature = "selftest")]
const GET_CMDLINE: usize = 0x15;
const EXIT_EXTENDED: usize = 0x20;
const APPLICATION_EXIT: usize = 0x2_0026;

/// Operation `op` with the block at `argument`.
///
/// # Safety
/// `argument` points to what the operation asks for.
unsafe fn call(op: usize, argument: *const u8) {
    // SAFETY: the caller's promise; the host answers in the first register.
    #[cfg(target_arch = "arm")]
    unsafe {
        asm!("bkpt 0xAB", inlateout("r0") op => _, in("r1") argument, options(nostack, preserves_flags));
    }
    // SAFETY: the caller's promise; the host answers in the first register.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("hlt #0xF000", inlateout("x0") op => _, in("x1") argument, options(nostack, preserves_flags));
    }
    // The host knows the call by the three instructions, uncompressed and in one page.
    // SAFETY: the caller's promise; the host answers in the first register.
    #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
    unsafe {
        asm!(
            ".option push",
            ".option norvc",
            ".balign 16",
            "slli zero, zero, 0x1F",
            "ebreak",
            "srai zero, zero, 7",
            ".option pop",
            inlateout("a0") op => _,
            in("a1") argument,
            options(nostack, preserves_flags)
        );
    }
}

/// The host's console.
#[derive(Clone, Copy, Debug)]
pub struct Host;

impl fmt::Write for Host {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.as_bytes().chunks(63) {
            let mut line = [0; 64];
            line[..part.len()].copy_from_slice(part);
            // SAFETY: the text ends with a zero.
            unsafe { call(WRITE0, line.as_ptr()) };
        }
        Ok(())
    }
}

/// Bytes for the host's console, as they are.
#[cfg(feature = "emulated")]
pub(crate) fn write(bytes: &[u8]) {
    for byte in bytes {
        // SAFETY: the operation reads one byte.
        unsafe { call(WRITEC, byte) };
    }
}

/// The command line that the host gives the program; empty if there is none, or if it does not fit `buffer`.
#[cfg(feature = "selftest")]
pub(crate) fn command_line(buffer: &mut [u8]) -> &str {
    buffer.fill(0);
    let block = [buffer.as_mut_ptr() as usize, buffer.len()];
    // SAFETY: the block holds the buffer's address and its length.
    unsafe { call(GET_CMDLINE, block.as_ptr().cast()) };
    core::ffi::CStr::from_bytes_until_nul(buffer).ok().and_then(|line| line.to_str().ok()).unwrap_or_default()
}

/// Ends the emulation with `code`.
pub fn exit(code: i32) -> ! {
    let block = [APPLICATION_EXIT, code as usize];
    // SAFETY: the block holds a reason and a code.
    unsafe { call(EXIT_EXTENDED, block.as_ptr().cast()) };
    loop {
        core::hint::spin_loop();
    }
}
