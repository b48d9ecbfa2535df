//! A flash whose reads take two polls, one that is written, and where messages go.

use core::future::{Future, poll_fn};
use core::task::Poll;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use flashlet::flash::{Flash, FlashError};

/// Bytes behind reads that are pending at first, as on a bus.
pub(crate) struct StubFlash<'m> {
    bytes: &'m [u8],
}

impl<'m> StubFlash<'m> {
    pub(crate) fn new(bytes: &'m [u8]) -> Self {
        StubFlash { bytes }
    }
}

impl Flash for StubFlash<'_> {
    const READ_ALIGN: usize = 4;

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&mut self, offset: u64, dst: &mut [u8]) -> impl Future<Output = Result<(), FlashError>> {
        let size = self.size();
        let mut started = false;
        poll_fn(move |_| {
            if !core::mem::replace(&mut started, true) {
                return Poll::Pending;
            }
            let error = FlashError::OutOfBounds { offset, bytes: dst.len() as u64, size };
            let from = usize::try_from(offset).ok().and_then(|start| self.bytes.get(start..)?.get(..dst.len()));
            Poll::Ready(match from {
                Some(from) => {
                    dst.iter_mut().zip(from).for_each(|(d, s)| *d = *s);
                    Ok(())
                }
                None => Err(error),
            })
        })
    }
}

/// Memory that stands for a NOR flash.
pub(crate) struct StubNor<'b>(pub(crate) &'b mut [u8]);

impl StubNor<'_> {
    fn part(&mut self, offset: u32, bytes: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        let part = self.0.get_mut(offset as usize..).and_then(|rest| rest.get_mut(..bytes));
        part.ok_or(NorFlashErrorKind::OutOfBounds)
    }
}

impl ErrorType for StubNor<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for StubNor<'_> {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, dst: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let from = self.part(offset, dst.len())?;
        dst.iter_mut().zip(from).for_each(|(d, s)| *d = *s);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for StubNor<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.part(from, to.saturating_sub(from) as usize)?.fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, src: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.part(offset, src.len())?.iter_mut().zip(src).for_each(|(d, s)| *d &= *s);
        Ok(())
    }
}

/// Where messages go: standard error, where there is one.
#[derive(Default)]
pub(crate) struct Text {
    pub(crate) bytes: usize,
}

impl core::fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.bytes += text.len();
        crate::freestanding::print(text);
        Ok(())
    }
}
