//! Where model bytes come from.
//!
//! A [`Source`] is what opening a flash device yields: the part that is memory-mapped, if any, and
//! a handle that reads. The mapping is independent of the handle, so mapped weights stay borrowed
//! while the handle reads others.

use core::future::{Future, ready};

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
}

impl core::fmt::Display for FlashError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            FlashError::OutOfBounds { offset, bytes, size } => {
                write!(f, "flash read of {bytes} bytes at offset {offset} ends past the device's {size} bytes")
            }
            FlashError::Device { offset } => write!(f, "the flash device failed to read at offset {offset}"),
        }
    }
}

impl core::error::Error for FlashError {}

/// A device that model bytes are read from.
pub trait Flash {
    /// Offset and length of every read are multiples of this; a power of two. Callers widen.
    const READ_ALIGN: usize = 1;
    /// Bytes that the device reads best at a time; a power of two.
    const PAGE_BYTES: usize = 256;

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
}

impl<'m, F: Flash> Source<'m, F> {
    /// A source that only reads.
    pub fn new(flash: F) -> Self {
        Source { mapped: None, flash, stats: FlashStats::default() }
    }

    /// A source whose bytes are also mapped; `mapped` and `flash` show the same bytes.
    pub fn with_mapping(flash: F, mapped: &'m [u8]) -> Self {
        Source { mapped: Some(mapped), flash, stats: FlashStats::default() }
    }

    /// Bytes that can be read.
    pub fn size(&self) -> u64 {
        self.flash.size()
    }
}

/// A byte slice as a flash device: XIP flash, an mmap, a test's array.
#[derive(Clone, Copy, Debug)]
pub struct SliceFlash<'m>(pub &'m [u8]);

impl Flash for SliceFlash<'_> {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&mut self, offset: u64, dst: &mut [u8]) -> impl Future<Output = Result<(), FlashError>> {
        let error = FlashError::OutOfBounds { offset, bytes: dst.len() as u64, size: self.size() };
        let from = usize::try_from(offset).ok().and_then(|start| self.0.get(start..start.checked_add(dst.len())?));
        ready(match from {
            Some(bytes) => {
                dst.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(error),
        })
    }
}
