//! `embedded-storage` devices as a [`Flash`].
//!
//! Drivers differ in what they do with a read that they cannot serve: some return an error, some panic (embassy-nrf if it
//! is misaligned, embassy-stm32 if it is empty). So whatever can be refused is refused here, and no driver is asked.

use super::device::{Flash, FlashError, check_range};
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
        let size = self.size();
        let Some(at) = address::<Self>(offset, dst, size)? else { return Ok(()) };
        self.0.read(at, dst).map_err(|e| failure(e.kind(), offset, dst.len(), size))
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
        let size = self.size();
        let Some(at) = address::<Self>(offset, dst, size)? else { return Ok(()) };
        self.0.read(at, dst).await.map_err(|e| failure(e.kind(), offset, dst.len(), size))
    }
}

/// Capacity in whole units of `read_size`, a power of two.
fn readable(capacity: usize, read_size: usize) -> u64 {
    (capacity & !read_size.saturating_sub(1)) as u64
}

/// The driver's address of a read to `dst`, or nothing for an empty one.
fn address<F: Flash>(offset: u64, dst: &[u8], size: u64) -> Result<Option<u32>, FlashError> {
    check_range(offset, dst.len(), size)?;
    if dst.is_empty() {
        return Ok(None);
    }
    let mask = F::READ_ALIGN.wrapping_sub(1);
    if (offset as usize | dst.len() | dst.as_ptr().addr()) & mask != 0 {
        return Err(FlashError::Misaligned { offset });
    }
    let error = FlashError::OutOfBounds { offset, bytes: dst.len() as u64, size };
    u32::try_from(offset).map(Some).map_err(|_| error)
}

fn failure(kind: NorFlashErrorKind, offset: u64, bytes: usize, size: u64) -> FlashError {
    match kind {
        NorFlashErrorKind::OutOfBounds => FlashError::OutOfBounds { offset, bytes: bytes as u64, size },
        NorFlashErrorKind::NotAligned => FlashError::Misaligned { offset },
        _ => FlashError::Device { offset },
    }
}
