//! defmt's log through semihosting's characters, which QEMU keeps apart from everything else (`-semihosting-config
//! chardev=...`).

use crate::semihosting;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

struct Encoder {
    encoder: UnsafeCell<defmt::Encoder>,
    /// A message is under way.
    taken: AtomicBool,
}

// SAFETY: one processor, and nothing that interrupts it logs.
unsafe impl Sync for Encoder {}

static ENCODER: Encoder = Encoder { encoder: UnsafeCell::new(defmt::Encoder::new()), taken: AtomicBool::new(false) };

impl Encoder {
    fn with(&self, f: impl FnOnce(&mut defmt::Encoder)) {
        // SAFETY: defmt's macros call in turn, and none while another is here.
        f(unsafe { &mut *self.encoder.get() });
    }
}

#[defmt::global_logger]
struct Logger;

// SAFETY: what is acquired twice ends the program, and nothing that interrupts it logs.
unsafe impl defmt::Logger for Logger {
    fn acquire() {
        if ENCODER.taken.load(Relaxed) {
            semihosting::exit(102);
        }
        ENCODER.taken.store(true, Relaxed);
        ENCODER.with(|encoder| encoder.start_frame(semihosting::write));
    }

    unsafe fn flush() {}

    unsafe fn release() {
        ENCODER.with(|encoder| encoder.end_frame(semihosting::write));
        ENCODER.taken.store(false, Relaxed);
    }

    unsafe fn write(bytes: &[u8]) {
        ENCODER.with(|encoder| encoder.write(bytes, semihosting::write));
    }
}
