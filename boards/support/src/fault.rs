//! Faults: a line on the console says which, and the program ends.

use crate::semihosting;
use crate::stack;
use crate::uart::Uart;
use core::cell::UnsafeCell;
#[cfg(feature = "emulated")]
use core::fmt::Write as _;
use core::mem::MaybeUninit;

/// The console's port, whatever its type, and the function that sends text there.
#[derive(Clone, Copy)]
struct Port {
    value: MaybeUninit<usize>,
    send: fn(MaybeUninit<usize>, &str),
}

struct Console(UnsafeCell<Option<Port>>);

// SAFETY: one processor. `report_on` writes before it returns; a fault, from which nothing returns, reads.
unsafe impl Sync for Console {}

static CONSOLE: Console = Console(UnsafeCell::new(None));

/// Names the port that a fault is reported on. Without one the report goes to the log or, under an emulator, to the host.
pub fn report_on<U: Uart>(port: U) {
    const { assert!(size_of::<U>() <= size_of::<usize>() && align_of::<U>() <= align_of::<usize>()) };
    fn send<U: Uart>(value: MaybeUninit<usize>, text: &str) {
        // SAFETY: `report_on` wrote such a port there, which may be copied.
        let port = unsafe { value.as_ptr().cast::<U>().read() };
        text.bytes().for_each(|byte| port.send_when_ready(byte));
    }
    let mut value = MaybeUninit::<usize>::uninit();
    // SAFETY: there is room for a port, as asserted above. Nothing else reads or writes the cell while this does.
    unsafe {
        value.as_mut_ptr().cast::<U>().write(port);
        CONSOLE.0.get().write_volatile(Some(Port { value, send: send::<U> }));
    }
}

/// Says a line in three parts and ends the program: with a failure, where a host watches.
fn end(line: [&str; 3]) -> ! {
    // SAFETY: nothing writes the cell any more.
    match unsafe { CONSOLE.0.get().read_volatile() } {
        Some(Port { value, send }) => {
            send(value, "\r\nerror: ");
            line.into_iter().for_each(|part| send(value, part));
            send(value, "\r\n");
        }
        #[cfg(feature = "emulated")]
        None => {
            let [a, b, c] = line;
            let _ = writeln!(semihosting::Host, "error: {a}{b}{c}");
        }
        #[cfg(not(feature = "emulated"))]
        None => defmt::error!("{=str}{=str}{=str}", line[0], line[1], line[2]),
    }
    semihosting::exit(1)
}

/// Reports the fault that the processor has taken.
pub(crate) extern "C" fn report() -> ! {
    let (status, mut buffer) = (status(), [0; 20]);
    if stack::has_overflowed(status) {
        let bytes = digits(stack::reserved(), 10, &mut buffer);
        end(["stack overflow: ", bytes, " bytes reserved; raise `stack` in boards.toml"])
    }
    end(["fault, status 0x", digits(status, 16, &mut buffer), ""])
}

/// `value` in digits of a base up to 16, in 400 bytes of code less than by `core::fmt`.
fn digits(mut value: usize, base: usize, buffer: &mut [u8; 20]) -> &str {
    let mut start = buffer.len();
    for digit in buffer.iter_mut().rev() {
        let low = (value % base) as u8;
        *digit = if low < 10 { b'0' + low } else { b'a' - 10 + low };
        (value, start) = (value / base, start - 1);
        if value == 0 {
            break;
        }
    }
    buffer.get(start..).and_then(|digits| core::str::from_utf8(digits).ok()).unwrap_or_default()
}

/// The status register of faults: CFSR, on AArch64 ESR_EL1, on RISC-V mcause.
fn status() -> usize {
    // SAFETY: reading the register does nothing else.
    #[cfg(target_arch = "arm")]
    let status = unsafe { core::ptr::with_exposed_provenance::<usize>(0xE000_ED28).read_volatile() };
    #[cfg(target_arch = "aarch64")]
    let status = {
        let status: usize;
        // SAFETY: the program runs at EL1, which may read the register.
        unsafe { core::arch::asm!("mrs {}, ESR_EL1", out(reg) status, options(nomem, nostack)) };
        status
    };
    #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
    let status = {
        let status: usize;
        // SAFETY: the program runs in machine mode, which may read the register.
        unsafe { core::arch::asm!("csrr {}, mcause", out(reg) status, options(nomem, nostack)) };
        status
    };
    status
}

#[cfg(target_arch = "arm")]
mod cortex_m {
    /// The exception, under the name that `cortex-m-rt` looks for; all other faults become this one. There may be no
    /// stack left, and nothing returns from here: the handler takes the whole stack anew.
    #[unsafe(naked)]
    #[unsafe(no_mangle)]
    extern "C" fn HardFault() -> ! {
        core::arch::naked_asm!("ldr r0, =_stack_start", "mov sp, r0", "b {report}", report = sym super::report)
    }
}
