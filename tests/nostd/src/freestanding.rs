//! What an operating system's C library would bring: the entry point, exit, and the four memory functions.

use core::panic::PanicInfo;

/// Uses what it is told: if messages did not matter, the optimiser would merge all panics into one function, and
/// `check.sh` could not tell an allowed panic from another.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    core::hint::black_box(info);
    exit(101)
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
core::arch::global_asm!(".globl _start", "_start:", "xor ebp, ebp", "and rsp, -16", "call {start}", start = sym start);
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
core::arch::global_asm!(".globl _start", "_start:", "mov x29, xzr", "bl {start}", start = sym start);
#[cfg(target_os = "none")]
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    start()
}

extern "C" fn start() -> ! {
    exit(crate::code())
}

#[inline(never)]
fn exit(code: u8) -> ! {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    // SAFETY: exit_group ends the process and touches no memory.
    unsafe {
        core::arch::asm!("syscall", in("rax") 231, in("rdi") u64::from(code), options(noreturn, nostack));
    }
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    // SAFETY: exit_group ends the process and touches no memory.
    unsafe {
        core::arch::asm!("svc 0", in("x8") 94, in("x0") u64::from(code), options(noreturn, nostack));
    }
    #[cfg(target_os = "none")]
    loop {
        core::hint::black_box(code);
    }
}

/// Writes to standard error, if the operating system is known.
#[inline(never)]
pub(crate) fn print(text: &str) {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    // SAFETY: write reads the text and changes no memory; the kernel clobbers rcx and r11.
    unsafe {
        core::arch::asm!("syscall", inlateout("rax") 1usize => _, in("rdi") 2, in("rsi") text.as_ptr(), in("rdx") text.len(),
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    core::hint::black_box(text);
}

/// The compiler calls these by name. Volatile accesses keep it from turning the loops into calls of
/// themselves. Bare-metal targets bring their own.
#[cfg(not(target_os = "none"))]
mod memory {
    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcpy(dst: *mut u8, src: *const u8, n: usize) -> *mut u8 {
        for i in 0..n {
            // SAFETY: the caller of memcpy vouches for n bytes on both sides.
            unsafe { dst.add(i).write_volatile(src.add(i).read_volatile()) }
        }
        dst
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memmove(dst: *mut u8, src: *const u8, n: usize) -> *mut u8 {
        if dst.cast_const() <= src {
            // SAFETY: as for memmove; copying upwards reads each byte before it is overwritten.
            return unsafe { memcpy(dst, src, n) };
        }
        for i in (0..n).rev() {
            // SAFETY: the caller of memmove vouches for n bytes on both sides.
            unsafe { dst.add(i).write_volatile(src.add(i).read_volatile()) }
        }
        dst
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memset(dst: *mut u8, value: i32, n: usize) -> *mut u8 {
        for i in 0..n {
            // SAFETY: the caller of memset vouches for n bytes.
            unsafe { dst.add(i).write_volatile(value as u8) }
        }
        dst
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, n: usize) -> i32 {
        for i in 0..n {
            // SAFETY: the caller of memcmp vouches for n bytes on both sides.
            let (x, y) = unsafe { (a.add(i).read_volatile(), b.add(i).read_volatile()) };
            if x != y {
                return i32::from(x) - i32::from(y);
            }
        }
        0
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, n: usize) -> i32 {
        // SAFETY: the same contract.
        unsafe { memcmp(a, b, n) }
    }
}
