//! A flash whose reads take two polls, and where messages go.

use core::future::{Future, poll_fn};
use core::task::Poll;
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
