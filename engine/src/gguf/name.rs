//! Names of keys and tensors: their bytes, and their places in the file.

use crate::flash::{Flash, Source};
use core::fmt::{self, Display, Formatter, Write};

/// The start of a key or the whole of a tensor's name: raw bytes of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Name {
    bytes: [u8; Name::MAX_BYTES],
    len: u8,
}

impl Name {
    /// Bytes that a tensor name may have; keys are cut to this many.
    pub const MAX_BYTES: usize = 64;

    /// No bytes.
    pub const EMPTY: Name = Name { bytes: [0; Name::MAX_BYTES], len: 0 };

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The name as text; tensor names always are.
    ///
    /// # Errors
    /// [`core::str::Utf8Error`] for a key that is not UTF-8 or was cut inside a character.
    pub fn as_str(&self) -> Result<&str, core::str::Utf8Error> {
        core::str::from_utf8(self.as_bytes())
    }

    /// ` 7 (the name)`, or the number alone without a name.
    pub(crate) fn write_after(&self, f: &mut Formatter<'_>, index: u32) -> fmt::Result {
        write!(f, " {index}")?;
        if self.is_empty() { Ok(()) } else { write!(f, " ({self})") }
    }

    /// The first `len` bytes, at most [`Name::MAX_BYTES`], to be filled in.
    pub(crate) fn room(&mut self, len: u64) -> &mut [u8] {
        let len = len.min(Name::MAX_BYTES as u64) as u8;
        self.len = len;
        self.bytes.get_mut(..usize::from(len)).unwrap_or_default()
    }
}

impl core::ops::Deref for Name {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// The text, with invalid UTF-8 and control characters replaced.
impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for chunk in self.as_bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                f.write_char(if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })?;
            }
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// The place of a name in the file. An error carries this alone; [`read`](Self::read) gives the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NameAt {
    /// The offset, and in the lowest byte the bytes of a name, at most [`Name::MAX_BYTES`].
    packed: u64,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl NameAt {
    /// No name.
    pub const NONE: NameAt = NameAt { packed: 0 };

    /// The name, which is the `len` bytes at `offset` or their start.
    pub(super) fn new(offset: u64, len: u64) -> NameAt {
        // No file has the 2^56 bytes that an offset would have to be cut for.
        NameAt { packed: offset << 8 | len.min(Name::MAX_BYTES as u64) }
    }

    /// The name; none where the flash fails.
    pub async fn read<F: Flash>(self, source: &mut Source<'_, F>) -> Name {
        let mut name = Name::EMPTY;
        match source.read(self.packed >> 8, name.room(self.packed & 0xFF)).await {
            Ok(()) => name,
            Err(_) => Name::EMPTY,
        }
    }
}
