//! The trait of flash devices, and how their reads fail.

use core::future::Future;

/// The largest [`Flash::READ_ALIGN`] that is widened to. A device with larger sectors needs an
/// adapter that keeps one.
pub const MAX_READ_ALIGN: usize = 64;

/// A device that model bytes are read from.
pub trait Flash {
    /// Offset, length and address of the destination of every read are multiples of this, and so
    /// is [`size`](Flash::size); a power of two, at most [`MAX_READ_ALIGN`]. Callers widen
    /// ([`Source::read`](super::Source::read) does).
    const READ_ALIGN: usize = 1;

    /// Retries of a read that failed with [`FlashError::Device`], before the failure is reported. Devices
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
    /// A read that was made twice, see [`Source::confirm`](super::Source::confirm), kept giving different bytes.
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

/// Refuses a read that does not lie inside a device of `size` bytes.
pub(super) fn check_range(offset: u64, len: usize, size: u64) -> Result<(), FlashError> {
    match offset.checked_add(len as u64) {
        Some(end) if end <= size => Ok(()),
        _ => Err(FlashError::OutOfBounds { offset, bytes: len as u64, size }),
    }
}
