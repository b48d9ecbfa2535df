//! A byte slice as a flash device.

use super::device::{Flash, FlashError};

/// A byte slice as a flash device: XIP flash, an mmap, a test's array.
#[derive(Clone, Copy, Debug)]
pub struct SliceFlash<'m>(pub &'m [u8]);

impl Flash for SliceFlash<'_> {
    const READ_RETRIES: u32 = 0;

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    // `core::future::ready` would bring a panic, for being polled again.
    async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        match range(self.0, offset, dst.len()) {
            Some(bytes) => {
                copy(dst, bytes);
                Ok(())
            }
            None => Err(FlashError::OutOfBounds { offset, bytes: dst.len() as u64, size: self.size() }),
        }
    }
}

/// The `len` bytes at `offset`, if `bytes` has them.
pub(super) fn range(bytes: &[u8], offset: u64, len: usize) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    bytes.get(start..start.checked_add(len)?)
}

/// Copies slices of equal length; saying so keeps the panic of `copy_from_slice` out of the link.
pub(super) fn copy(dst: &mut [u8], src: &[u8]) {
    if dst.len() == src.len() {
        dst.copy_from_slice(src);
    }
}
