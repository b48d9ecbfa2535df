//! Memory that is read as a flash chip: in whole words, through a handle, not in place.

use core::fmt;
use embedded_storage::nor_flash::{ErrorType, NorFlashError, NorFlashErrorKind, ReadNorFlash};

/// An image as a chip behind `embedded-storage`'s trait. [`flashlet::flash::NorFlash`] makes it the engine's.
#[derive(Clone, Copy, Debug)]
pub struct Chip(pub &'static [u8]);

/// A read outside of the chip, or one that is not of whole words.
#[derive(Clone, Copy, Debug)]
pub struct ChipError(NorFlashErrorKind);

impl NorFlashError for ChipError {
    fn kind(&self) -> NorFlashErrorKind {
        self.0
    }
}

impl fmt::Display for ChipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ErrorType for Chip {
    type Error = ChipError;
}

impl ReadNorFlash for Chip {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), ChipError> {
        let start = offset as usize;
        if !start.is_multiple_of(Self::READ_SIZE) || !bytes.len().is_multiple_of(Self::READ_SIZE) {
            return Err(ChipError(NorFlashErrorKind::NotAligned));
        }
        let end = start.checked_add(bytes.len());
        let from = end.and_then(|end| self.0.get(start..end)).ok_or(ChipError(NorFlashErrorKind::OutOfBounds))?;
        bytes.copy_from_slice(from);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}
