//! An opened device: reads of any offset and length, from the mapping or through the handle.

use super::device::{Flash, FlashError, MAX_READ_ALIGN, check_range};
#[cfg(feature = "blocking")]
use super::poll::block_on;
use super::slice::{copy, range};

/// Counts of what was read through a [`Source`]'s handle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FlashStats {
    /// Bytes transferred.
    pub bytes_read: u64,
    /// Transfers made.
    pub reads: u64,
}

/// An opened flash device.
pub struct Source<'m, F> {
    /// The model's bytes, where they can be addressed in place (XIP, mmap).
    pub mapped: Option<&'m [u8]>,
    /// The handle that reads.
    pub flash: F,
    /// Counts of the handle's reads.
    pub stats: FlashStats,
    /// Makes [`read`](Source::read) read twice through the handle and compare, for flash whose bus
    /// may flip bits: nothing else guards names, numbers and the vocabulary on their way, as checksums guard weights.
    /// Set before the model is opened. Without effect without the engine's feature `checksums`.
    pub confirm: bool,
    /// Here and not in each future that reads: they would all be larger.
    bounce: Bounce,
}

impl<'m, F: Flash> Source<'m, F> {
    /// A source that only reads.
    pub fn new(flash: F) -> Self {
        Source { mapped: None, flash, stats: FlashStats::default(), confirm: false, bounce: Bounce::new() }
    }

    /// A source whose bytes are also mapped; `mapped` and `flash` show the same bytes.
    pub fn with_mapping(flash: F, mapped: &'m [u8]) -> Self {
        Source { mapped: Some(mapped), ..Source::new(flash) }
    }

    /// Bytes that can be read.
    pub fn size(&self) -> u64 {
        self.flash.size()
    }

    /// Reads exactly `dst.len()` bytes at `offset`, any offset and length: a copy where they are
    /// mapped, else through the handle, widened to [`Flash::READ_ALIGN`].
    ///
    /// # Errors
    /// [`FlashError`]; `dst` then holds anything.
    #[cfg(not(feature = "checksums"))]
    #[cfg_attr(feature = "blocking", macros::blocking)]
    pub async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        self.read_once(offset, dst).await
    }

    /// Reads exactly `dst.len()` bytes at `offset`, any offset and length: a copy where they are
    /// mapped, else through the handle, widened to [`Flash::READ_ALIGN`].
    ///
    /// # Errors
    /// [`FlashError`]; `dst` then holds anything.
    #[cfg(feature = "checksums")]
    #[cfg_attr(feature = "blocking", macros::blocking)]
    pub async fn read(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        let mut retries = F::READ_RETRIES;
        loop {
            self.read_once(offset, dst).await?;
            if !self.confirm || self.mapped_range(offset, dst.len()).is_some() {
                return Ok(());
            }
            let Some(offset) = self.differs(offset, dst).await? else { return Ok(()) };
            retries = retries.checked_sub(1).ok_or(FlashError::Unstable { offset })?;
        }
    }

    /// The first place where the flash differs from what was read.
    #[cfg(feature = "checksums")]
    #[cfg_attr(feature = "blocking", macros::blocking)]
    async fn differs(&mut self, mut offset: u64, read: &[u8]) -> Result<Option<u64>, FlashError> {
        let mut again = Bounce::new();
        for piece in read.chunks(MAX_READ_ALIGN) {
            let again = again.aligned(piece.len());
            self.read_once(offset, again).await?;
            if again != piece {
                return Ok(Some(offset));
            }
            offset += piece.len() as u64;
        }
        Ok(None)
    }

    /// [`read`](Self::read) that is never confirmed.
    #[cfg_attr(feature = "blocking", macros::blocking)]
    pub(crate) async fn read_once(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        const { assert!(F::READ_ALIGN.is_power_of_two() && F::READ_ALIGN <= MAX_READ_ALIGN) };
        check_range(offset, dst.len(), self.size())?;
        if let Some(bytes) = self.mapped_range(offset, dst.len()) {
            copy(dst, bytes);
            return Ok(());
        }
        let mask = F::READ_ALIGN - 1;
        let Source { flash, stats, bounce, .. } = self;
        let mut at = offset;
        let mut rest = dst;
        while !rest.is_empty() {
            let skip = (at as usize) & mask;
            let whole = rest.len() & !mask;
            let now = if skip == 0 && whole > 0 && rest.as_ptr().addr() & mask == 0 {
                let (whole, tail) = rest.split_at_mut_checked(whole).unwrap_or_default();
                transfer_now(flash, stats, at, whole).await?;
                rest = tail;
                whole.len()
            } else {
                let now = rest.len().min(MAX_READ_ALIGN - skip);
                let (part, tail) = rest.split_at_mut_checked(now).unwrap_or_default();
                let wide = bounce.aligned((skip + now).next_multiple_of(F::READ_ALIGN));
                transfer_now(flash, stats, at - skip as u64, wide).await?;
                copy(part, wide.get(skip..skip + now).unwrap_or_default());
                rest = tail;
                now
            };
            at += now as u64;
        }
        Ok(())
    }

    /// The `len` bytes at `offset` themselves where they are mapped, else read into the start of
    /// `buf`, which must hold them. The view borrows `buf` and the mapping, not the source.
    ///
    /// # Errors
    /// [`FlashError`], [`FlashError::BufferTooSmall`] when `buf` is needed and too short.
    #[cfg_attr(feature = "blocking", macros::blocking)]
    pub async fn view<'b>(&mut self, offset: u64, len: usize, buf: &'b mut [u8]) -> Result<&'b [u8], FlashError>
    where
        'm: 'b,
    {
        if let Some(bytes) = self.mapped_range(offset, len) {
            return Ok(bytes);
        }
        let error = FlashError::BufferTooSmall { need: len, have: buf.len() };
        let dst = buf.get_mut(..len).ok_or(error)?;
        self.read(offset, dst).await?;
        Ok(dst)
    }

    fn mapped_range(&self, offset: u64, len: usize) -> Option<&'m [u8]> {
        range(self.mapped?, offset, len)
    }

    /// One transfer through the handle, counted, and made again a few times where the device fails; `offset` and `dst` are
    /// aligned as the flash asks.
    pub(crate) fn transfer(&mut self, offset: u64, dst: &mut [u8]) -> impl Future<Output = Result<(), FlashError>> {
        transfer(&mut self.flash, &mut self.stats, offset, dst)
    }
}

#[cfg(not(feature = "blocking"))]
use transfer as transfer_now;

/// [`transfer`] on this thread.
#[cfg(feature = "blocking")]
fn transfer_now<F: Flash>(
    flash: &mut F,
    stats: &mut FlashStats,
    offset: u64,
    dst: &mut [u8],
) -> Result<(), FlashError> {
    block_on(transfer(flash, stats, offset, dst), core::hint::spin_loop)
}

async fn transfer<F: Flash>(
    flash: &mut F,
    stats: &mut FlashStats,
    offset: u64,
    dst: &mut [u8],
) -> Result<(), FlashError> {
    let mut retries = F::READ_RETRIES;
    loop {
        stats.reads = stats.reads.wrapping_add(1);
        stats.bytes_read = stats.bytes_read.wrapping_add(dst.len() as u64);
        match flash.read(offset, dst).await {
            Err(FlashError::Device { .. }) if retries > 0 => retries -= 1,
            result => return result,
        }
    }
}

/// A buffer for reads that were widened to the device's alignment. The part that is used is aligned itself, as some DMA
/// controllers ask for; a type of that alignment would pad everything that holds it.
struct Bounce([u8; 2 * MAX_READ_ALIGN - 1]);

impl Bounce {
    const fn new() -> Self {
        Bounce([0; 2 * MAX_READ_ALIGN - 1])
    }

    /// `len` bytes, at most [`MAX_READ_ALIGN`], at a multiple of that many.
    fn aligned(&mut self, len: usize) -> &mut [u8] {
        let skip = self.0.as_ptr().align_offset(MAX_READ_ALIGN);
        self.0.get_mut(skip..).and_then(|bytes| bytes.get_mut(..len)).unwrap_or_default()
    }
}
