//! Memory that is there once.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// `N` bytes of static RAM that can be taken once.
#[repr(C, align(64))]
pub struct Arena<const N: usize> {
    bytes: UnsafeCell<[u8; N]>,
    taken: AtomicBool,
}

// SAFETY: the bytes are reached through `take` alone, which gives them away once.
unsafe impl<const N: usize> Sync for Arena<N> {}

impl<const N: usize> Arena<N> {
    /// All of it, not taken.
    #[must_use]
    pub const fn new() -> Self {
        Arena { bytes: UnsafeCell::new([0; N]), taken: AtomicBool::new(false) }
    }

    /// The bytes; none the second time. For one processor, outside of interrupts.
    #[must_use]
    pub fn take(&'static self) -> &'static mut [u8] {
        if self.taken.load(Relaxed) {
            return &mut [];
        }
        self.taken.store(true, Relaxed);
        // SAFETY: nobody else has them: the flag was not set, and nothing comes between.
        unsafe { &mut *self.bytes.get() }
    }
}

impl<const N: usize> Default for Arena<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// `bytes` bytes of memory at `address` that nothing writes: where a model's image lies.
///
/// # Safety
/// They can be read, and nothing writes them while the program runs.
#[must_use]
pub unsafe fn image(address: usize, bytes: usize) -> &'static [u8] {
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(core::ptr::with_exposed_provenance(address), bytes) }
}

/// `bytes` bytes of RAM at `address`, such as external RAM.
///
/// # Safety
/// They can be read and written, and nothing else does.
#[must_use]
pub unsafe fn ram(address: usize, bytes: usize) -> &'static mut [u8] {
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts_mut(core::ptr::with_exposed_provenance_mut(address), bytes) }
}
