//! A heap for tests. The engine has none.

use core::mem::MaybeUninit;
use core::ptr::addr_of_mut;
use core::sync::atomic::{AtomicBool, Ordering};
use embedded_alloc::LlffHeap;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

const BYTES: usize = 2 << 20;

/// Gives the heap its memory, once.
pub(crate) fn init() {
    static mut MEMORY: [MaybeUninit<u8>; BYTES] = [MaybeUninit::uninit(); BYTES];
    static DONE: AtomicBool = AtomicBool::new(false);
    if !DONE.load(Ordering::Relaxed) {
        DONE.store(true, Ordering::Relaxed);
        // SAFETY: the memory is named nowhere else, and this is reached once: one processor, and nothing interrupts.
        unsafe { HEAP.init(addr_of_mut!(MEMORY) as usize, BYTES) };
    }
}
