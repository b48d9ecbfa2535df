//! Memory at an address.

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
