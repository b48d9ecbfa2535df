//! `embedded-storage` devices as a [`Flash`].

use super::{Flash, FlashError};
use embedded_storage::nor_flash::{NorFlashError, NorFlashErrorKind, ReadNorFlash};
use embedded_storage_async::nor_flash::ReadNorFlash as AsyncReadNorFlash;

/// A blocking `embedded-storage` device. Its reads block at their first poll.
#[derive(Clone, Copy, Debug)]
pub struct NorFlash<T>(pub T);

impl<T: ReadNorFlash> Flash for NorFlash<T> {
    const READ_ALIGN: usize = T::READ_SIZE;

    fn size(&self) -> u64 {
        readable(self.0.capacity(), T::READ_SIZE)
    }

    async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        let (size, bytes) = (self.size(), dst.len() as u64);
        let at = address(offset, bytes, size)?;
        self.0.read(at, dst).map_err(|e| failure(e.kind(), offset, bytes, size))
    }
}

/// An `embedded-storage-async` device.
#[derive(Clone, Copy, Debug)]
pub struct AsyncNorFlash<T>(pub T);

impl<T: AsyncReadNorFlash> Flash for AsyncNorFlash<T> {
    const READ_ALIGN: usize = T::READ_SIZE;

    fn size(&self) -> u64 {
        readable(self.0.capacity(), T::READ_SIZE)
    }

    async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        let (size, bytes) = (self.size(), dst.len() as u64);
        let at = address(offset, bytes, size)?;
        self.0.read(at, dst).await.map_err(|e| failure(e.kind(), offset, bytes, size))
    }
}

/// Capacity in whole units of `read_size`, a power of two.
fn readable(capacity: usize, read_size: usize) -> u64 {
    (capacity & !read_size.saturating_sub(1)) as u64
}

fn address(offset: u64, bytes: u64, size: u64) -> Result<u32, FlashError> {
    u32::try_from(offset).map_err(|_| FlashError::OutOfBounds { offset, bytes, size })
}

fn failure(kind: NorFlashErrorKind, offset: u64, bytes: u64, size: u64) -> FlashError {
    match kind {
        NorFlashErrorKind::OutOfBounds => FlashError::OutOfBounds { offset, bytes, size },
        _ => FlashError::Device { offset },
    }
}
