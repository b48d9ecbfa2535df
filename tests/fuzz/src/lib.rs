//! What the fuzz targets share.

use core::future::Future;
use flashlet::flash::{Flash, FlashError, SliceFlash};

/// Bytes behind a controller that only reads whole, aligned words of 4 bytes. What does not fill a
/// word at the end cannot be read.
pub struct Words<'a>(pub &'a [u8]);

impl Flash for Words<'_> {
    const READ_ALIGN: usize = 4;

    fn size(&self) -> u64 {
        (self.0.len() & !3) as u64
    }

    fn read(&mut self, offset: u64, dst: &mut [u8]) -> impl Future<Output = Result<(), FlashError>> {
        assert!(offset.is_multiple_of(4) && dst.len().is_multiple_of(4) && dst.as_ptr().addr().is_multiple_of(4));
        assert!(offset + dst.len() as u64 <= self.size(), "read past the end");
        let bytes = self.0;
        async move { SliceFlash(bytes).read(offset, dst).await }
    }
}
