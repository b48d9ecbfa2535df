//! Where model bytes come from.
//!
//! A [`Source`] is what opening a flash device yields: the part that is memory-mapped, if any, and
//! a handle that reads. The mapping is independent of the handle, so mapped weights stay borrowed
//! while the handle reads others.

mod nor;
#[cfg(test)]
mod tests;

pub use nor::{AsyncNorFlash, NorFlash};

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};

/// The largest [`Flash::READ_ALIGN`] that is widened to. A device with larger sectors needs an
/// adapter that keeps one.
pub const MAX_READ_ALIGN: usize = 64;

/// A flash read that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FlashError {
    /// The range does not lie inside the device.
    OutOfBounds {
        /// First byte asked for.
        offset: u64,
        /// Bytes asked for.
        bytes: u64,
        /// Bytes that the device holds.
        size: u64,
    },
    /// The device reported a failure.
    Device {
        /// First byte asked for.
        offset: u64,
    },
    /// The offset, the length or the destination's address is no multiple of [`Flash::READ_ALIGN`].
    Misaligned {
        /// First byte asked for.
        offset: u64,
    },
    /// A read that was made twice, see [`Source::confirm`], kept giving different bytes.
    Unstable {
        /// First byte that differed.
        offset: u64,
    },
    /// The buffer for a view is smaller than the view.
    BufferTooSmall {
        /// Bytes asked for.
        need: usize,
        /// Bytes that the buffer holds.
        have: usize,
    },
}

impl core::fmt::Display for FlashError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            FlashError::OutOfBounds { offset, bytes, size } => {
                write!(f, "flash read of {bytes} bytes at offset {offset} ends past the device's {size} bytes")
            }
            FlashError::Device { offset } => write!(f, "the flash device failed to read at offset {offset}"),
            FlashError::Misaligned { offset } => {
                write!(f, "flash read at offset {offset}: its offset, length or address is not aligned for the device")
            }
            FlashError::Unstable { offset } if cfg!(feature = "checksums") => {
                write!(f, "the flash device gives other bytes at offset {offset} each time it is read")
            }
            FlashError::Unstable { .. } => Ok(()),
            FlashError::BufferTooSmall { need, have } => {
                write!(f, "a view of {need} bytes does not fit its buffer of {have}")
            }
        }
    }
}

impl core::error::Error for FlashError {}

/// A device that model bytes are read from.
pub trait Flash {
    /// Offset, length and address of the destination of every read are multiples of this, and so
    /// is [`size`](Flash::size); a power of two, at most [`MAX_READ_ALIGN`]. Callers widen
    /// ([`Source::read`] does).
    const READ_ALIGN: usize = 1;

    /// How often a read that failed with [`FlashError::Device`] is made again before the failure is reported. Devices
    /// that retry by themselves, or never fail, say 0.
    const READ_RETRIES: u32 = 3;

    /// Bytes that can be read.
    fn size(&self) -> u64;

    /// Reads `dst.len()` bytes at `offset`. The transfer starts at the future's first poll, so a
    /// future that was polled once keeps the bus busy while the caller computes.
    ///
    /// # Errors
    /// [`FlashError`]; `dst` then holds anything.
    fn read(&mut self, offset: u64, dst: &mut [u8]) -> impl Future<Output = Result<(), FlashError>>;
}

/// How much was read through a [`Source`]'s handle.
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
    /// What the handle has read.
    pub stats: FlashStats,
    /// Whether what [`read`](Source::read) reads through the handle is read once more and compared, for flash whose bus
    /// may flip bits: nothing else guards names, numbers and the vocabulary on their way, as checksums guard weights.
    /// Set before the model is opened. Without effect without the engine's feature `checksums`.
    pub confirm: bool,
}

impl<'m, F: Flash> Source<'m, F> {
    /// A source that only reads.
    pub fn new(flash: F) -> Self {
        Source { mapped: None, flash, stats: FlashStats::default(), confirm: false }
    }

    /// A source whose bytes are also mapped; `mapped` and `flash` show the same bytes.
    pub fn with_mapping(flash: F, mapped: &'m [u8]) -> Self {
        Source { mapped: Some(mapped), flash, stats: FlashStats::default(), confirm: false }
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
    pub fn read(&mut self, offset: u64, dst: &mut [u8]) -> impl Future<Output = Result<(), FlashError>> {
        self.read_once(offset, dst)
    }

    /// Reads exactly `dst.len()` bytes at `offset`, any offset and length: a copy where they are
    /// mapped, else through the handle, widened to [`Flash::READ_ALIGN`].
    ///
    /// # Errors
    /// [`FlashError`]; `dst` then holds anything.
    #[cfg(feature = "checksums")]
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

    /// Where the flash holds something else than what was read.
    #[cfg(feature = "checksums")]
    async fn differs(&mut self, mut offset: u64, read: &[u8]) -> Result<Option<u64>, FlashError> {
        let mut again = Bounce([0; MAX_READ_ALIGN]);
        for piece in read.chunks(MAX_READ_ALIGN) {
            let again = again.0.get_mut(..piece.len()).unwrap_or_default();
            self.read_once(offset, again).await?;
            if again != piece {
                return Ok(Some(offset));
            }
            offset += piece.len() as u64;
        }
        Ok(None)
    }

    /// [`read`](Self::read) that is never confirmed.
    pub(crate) async fn read_once(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        const { assert!(F::READ_ALIGN.is_power_of_two() && F::READ_ALIGN <= MAX_READ_ALIGN) };
        check_range(offset, dst.len(), self.size())?;
        if let Some(bytes) = self.mapped_range(offset, dst.len()) {
            copy(dst, bytes);
            return Ok(());
        }
        let mask = F::READ_ALIGN - 1;
        let mut bounce = Bounce([0; MAX_READ_ALIGN]);
        let mut at = offset;
        let mut rest = dst;
        while !rest.is_empty() {
            let skip = (at as usize) & mask;
            let whole = rest.len() & !mask;
            let now = if skip == 0 && whole > 0 && rest.as_ptr().addr() & mask == 0 {
                let (whole, tail) = rest.split_at_mut_checked(whole).unwrap_or_default();
                self.transfer(at, whole).await?;
                rest = tail;
                whole.len()
            } else {
                let now = rest.len().min(MAX_READ_ALIGN - skip);
                let (part, tail) = rest.split_at_mut_checked(now).unwrap_or_default();
                let wide = bounce.0.get_mut(..(skip + now).next_multiple_of(F::READ_ALIGN)).unwrap_or_default();
                self.transfer(at - skip as u64, wide).await?;
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
    pub(crate) async fn transfer(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), FlashError> {
        let mut retries = F::READ_RETRIES;
        loop {
            self.stats.reads = self.stats.reads.wrapping_add(1);
            self.stats.bytes_read = self.stats.bytes_read.wrapping_add(dst.len() as u64);
            match self.flash.read(offset, dst).await {
                Err(FlashError::Device { .. }) if retries > 0 => retries -= 1,
                result => return result,
            }
        }
    }
}

/// What a widened read passes through; aligned, because some controllers' DMA asks for it.
#[repr(align(64))]
struct Bounce([u8; MAX_READ_ALIGN]);

fn check_range(offset: u64, len: usize, size: u64) -> Result<(), FlashError> {
    match offset.checked_add(len as u64) {
        Some(end) if end <= size => Ok(()),
        _ => Err(FlashError::OutOfBounds { offset, bytes: len as u64, size }),
    }
}

fn range(bytes: &[u8], offset: u64, len: usize) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    bytes.get(start..start.checked_add(len)?)
}

/// Copies slices of equal length; saying so keeps the panic of `copy_from_slice` out of the link.
fn copy(dst: &mut [u8], src: &[u8]) {
    if dst.len() == src.len() {
        dst.copy_from_slice(src);
    }
}

/// Awaits a future that is polled in a stack frame of its own. Compilers put all futures that are polled in one place
/// into one frame, so that steps which come one after another would take stack for all of them at once.
macro_rules! apart {
    ($future:expr) => {{
        let mut future = core::pin::pin!($future);
        core::future::poll_fn(|context| $crate::flash::poll_apart(future.as_mut(), context)).await
    }};
}
pub(crate) use apart;

#[inline(never)]
pub(crate) fn poll_apart<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(context)
}

/// Whether a future waits for nothing but its next turn. Executors learn of it by the waker, [`block_on`] from here: to idle
/// then would be to sleep until a transfer ends. (With several threads a flag may reach another's loop: one more turn, or one
/// idle call too many.)
static YIELDED: AtomicBool = AtomicBool::new(false);

/// Lets the futures that are polled along with this one, and other tasks, run once.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        YIELDED.store(true, Ordering::Relaxed);
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a future to its end on this thread, calling `idle` whenever it waits (`wfe` on a board, a
/// spin hint or nothing on a host). The engine's futures need no waker.
pub fn block_on<T>(future: impl Future<Output = T>, mut idle: impl FnMut()) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            // Not `swap`: the smallest cores have none.
            Poll::Pending if YIELDED.load(Ordering::Relaxed) => YIELDED.store(false, Ordering::Relaxed),
            Poll::Pending => idle(),
        }
    }
}

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
