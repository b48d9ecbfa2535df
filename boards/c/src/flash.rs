//! The model's bytes, in the caller's memory or behind the caller's function.

use crate::error::Failure;
use crate::types::{FLASHLET_ERROR_MODEL, FLASHLET_OK, FLASHLET_PENDING, flashlet_model_t, flashlet_read_t};
use core::ffi::c_void;
use core::pin::Pin;
use core::task::{Context, Poll};
use engine::flash::{Flash, FlashError, SliceFlash, Source};

/// The flash of a [`flashlet_model_t`].
pub(crate) struct CFlash {
    bytes: u64,
    /// The bytes, where the processor can read them.
    mapped: Option<&'static [u8]>,
    read: flashlet_read_t,
    user: *mut c_void,
}

/// Opens the flash that `model` describes.
///
/// # Safety
/// For as long as the source is used, the bytes and the function of `model` are what it says.
pub(crate) unsafe fn source(model: &flashlet_model_t) -> Result<Source<'static, CFlash>, Failure> {
    let flash = CFlash { bytes: model.bytes, mapped: None, read: model.read, user: model.user };
    if model.mapped.is_null() {
        return if model.read.is_some() { Ok(Source::new(flash)) } else { Err(Failure::Call(FLASHLET_ERROR_MODEL)) };
    }
    let bytes = usize::try_from(model.bytes).ok().filter(|&bytes| bytes <= isize::MAX as usize);
    let bytes = bytes.ok_or(Failure::Call(FLASHLET_ERROR_MODEL))?;
    // SAFETY: so many bytes can be read there and do not change, as the caller has it.
    let mapped = unsafe { core::slice::from_raw_parts(model.mapped, bytes) };
    Ok(Source::with_mapping(CFlash { mapped: Some(mapped), ..flash }, mapped))
}

impl Flash for CFlash {
    fn size(&self) -> u64 {
        self.bytes
    }

    async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        if let (None, Some(mapped)) = (self.read, self.mapped) {
            return SliceFlash(mapped).read(offset, dst).await;
        }
        Transfer { flash: self, offset, dst, is_pending: false }.await
    }
}

/// A read that the caller's function does, at once or bit by bit.
struct Transfer<'t> {
    flash: &'t mut CFlash,
    offset: u64,
    dst: &'t mut [u8],
    is_pending: bool,
}

impl Transfer<'_> {
    fn call(&mut self) -> i32 {
        let Transfer { flash, offset, dst, .. } = self;
        let Some(read) = flash.read else { return -1 };
        // SAFETY: the caller gave a function that reads so many bytes to where they may be written.
        unsafe { read(flash.user, *offset, dst.as_mut_ptr(), dst.len()) }
    }
}

impl Future for Transfer<'_> {
    type Output = Result<(), FlashError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let status = self.call();
        self.is_pending = status == FLASHLET_PENDING;
        match status {
            FLASHLET_OK => Poll::Ready(Ok(())),
            FLASHLET_PENDING => Poll::Pending,
            _ => Poll::Ready(Err(FlashError::Device { offset: self.offset })),
        }
    }
}

impl Drop for Transfer<'_> {
    /// Waits for the end of a transfer that nobody waits for any more: it would go on to write.
    fn drop(&mut self) {
        while self.is_pending {
            self.is_pending = self.call() == FLASHLET_PENDING;
            core::hint::spin_loop();
        }
    }
}
