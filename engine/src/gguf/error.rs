//! Errors of GGUF files: the fault and its place.

use super::ggml_type::GgmlType;
use super::limits::{MAX_ALIGNMENT, MAX_NESTING};
use super::name::{Name, NameAt};
use super::value_type::ValueType;
use crate::flash::FlashError;
use core::fmt::{self, Display, Formatter};

/// A GGUF that cannot be read, and where. Offsets are bytes from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum GgufError {
    /// The flash failed.
    Flash(FlashError),
    /// In the 24 bytes at the start, or in what follows from them.
    Header {
        /// The field at fault.
        offset: u64,
        /// The fault.
        problem: Problem,
    },
    /// In a key or its value.
    Key {
        /// Which key, counted from 0.
        index: u32,
        /// The key; none when the key itself is at fault.
        name: NameAt,
        /// The field at fault.
        offset: u64,
        /// The fault.
        problem: Problem,
    },
    /// In a tensor's entry in the directory.
    Tensor {
        /// Which tensor, counted from 0.
        index: u32,
        /// The tensor's name; none when the name itself is at fault.
        name: NameAt,
        /// The field at fault.
        offset: u64,
        /// The fault.
        problem: Problem,
    },
    /// In the use of a string or an array.
    Value {
        /// Its first byte.
        offset: u64,
        /// The fault.
        problem: Problem,
    },
}

/// The fault of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Problem {
    /// The field ends past the end of the file.
    Truncated {
        /// Bytes that the field has.
        need: u64,
        /// Bytes that the file has.
        size: u64,
    },
    /// The file does not start with `GGUF`.
    Magic([u8; 4]),
    /// The file is big-endian.
    BigEndian,
    /// A version other than 2 and 3.
    Version(u32),
    /// More keys and tensors than the file has room for.
    Counts {
        /// Keys announced.
        n_kv: u64,
        /// Tensors announced.
        n_tensors: u64,
        /// Bytes that the file has.
        size: u64,
    },
    /// A key of no or more than 65535 bytes.
    KeyLength(u64),
    /// The key occurs twice.
    DuplicateKey {
        /// The first of the two, counted from 0.
        first: u32,
    },
    /// An unknown type of value.
    ValueType(u32),
    /// Arrays nested deeper than [`MAX_NESTING`].
    Nesting,
    /// An array with more elements than the file has room for.
    ArrayLength {
        /// Elements announced.
        len: u64,
        /// Bytes that the file has.
        size: u64,
    },
    /// A boolean that is neither 0 nor 1.
    Bool(u8),
    /// `general.alignment` is not a `u32`.
    AlignmentType(ValueType),
    /// `general.alignment` is not a power of two from 8 to 16 MiB.
    Alignment(u32),
    /// A tensor name of no or more than 64 bytes.
    NameLength(u64),
    /// A tensor name that is not UTF-8.
    NameUtf8,
    /// The tensor's name occurs twice.
    DuplicateName {
        /// The first of the two, counted from 0.
        first: u32,
    },
    /// A number of dimensions other than 1 to 4.
    Dims(u32),
    /// A dimension of 0.
    ZeroDim {
        /// Which dimension, counted from 0.
        dim: u32,
    },
    /// An element type that ggml does not have (any more).
    GgmlType(u32),
    /// A row that does not consist of whole blocks.
    Row {
        /// Elements of the row.
        elems: u64,
        /// The element type.
        ggml_type: GgmlType,
    },
    /// The dimensions' product or the size in bytes passes 2^63.
    TensorSize,
    /// Tensor data does not start at a multiple of the alignment.
    Unaligned {
        /// Its start, relative to the data section.
        start: u64,
        /// The file's alignment.
        alignment: u32,
    },
    /// Tensor data starts before the previous tensor's ends.
    Overlap {
        /// Its start, relative to the data section.
        start: u64,
        /// The end of the previous tensor.
        end: u64,
    },
    /// Tensor data ends past the end of the file.
    OutsideFile {
        /// Its first byte.
        start: u64,
        /// Its size.
        bytes: u64,
        /// Bytes that the file has.
        size: u64,
    },
    /// A string longer than the buffer that it is read into.
    TooLong {
        /// Bytes of the string.
        need: u64,
        /// Bytes of the buffer.
        have: u64,
    },
    /// No such element in an array.
    Index {
        /// Which element was asked for, counted from 0.
        index: u64,
        /// Elements of the array.
        len: u64,
    },
    /// An array asked for other elements than it has.
    ElementType(ValueType),
}

impl GgufError {
    /// The place in the file of the name of the key or tensor at fault.
    #[must_use]
    pub fn name(&self) -> NameAt {
        match *self {
            GgufError::Key { name, .. } | GgufError::Tensor { name, .. } => name,
            _ => NameAt::NONE,
        }
    }

    /// The message, with the name if there is one.
    pub(crate) fn write(&self, f: &mut Formatter<'_>, name: &Name) -> fmt::Result {
        let (what, index, offset, problem) = match self {
            GgufError::Flash(error) => return Display::fmt(error, f),
            GgufError::Header { offset, problem } => ("header", None, offset, problem),
            GgufError::Key { index, offset, problem, .. } => ("key", Some(*index), offset, problem),
            GgufError::Tensor { index, offset, problem, .. } => ("tensor", Some(*index), offset, problem),
            GgufError::Value { offset, problem } => ("value", None, offset, problem),
        };
        f.write_str(what)?;
        if let Some(index) = index {
            name.write_after(f, index)?;
        }
        write!(f, " at offset {offset}: {problem}")
    }
}

impl Display for GgufError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, &Name::EMPTY)
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Problem::Truncated { need, size } => {
                write!(f, "{need} bytes are needed here, but the file ends at byte {size}")
            }
            Problem::Magic([a, b, c, d]) => {
                write!(f, "not a GGUF file: it starts with bytes {a:02x} {b:02x} {c:02x} {d:02x}")
            }
            Problem::BigEndian => f.write_str("a big-endian GGUF; only little-endian files can be read"),
            Problem::Version(version) => write!(f, "GGUF version {version}; only 2 and 3 can be read"),
            Problem::Counts { n_kv, n_tensors, size } => {
                write!(f, "{n_kv} keys and {n_tensors} tensors do not fit a file of {size} bytes")
            }
            Problem::KeyLength(len) => write!(f, "a key of {len} bytes; 1 to 65535 are allowed"),
            Problem::DuplicateKey { first } => write!(f, "the key occurred before, as key {first}"),
            Problem::ValueType(id) => write!(f, "unknown value type {id}"),
            Problem::Nesting => write!(f, "arrays nested deeper than {}", MAX_NESTING),
            Problem::ArrayLength { len, size } => {
                write!(f, "an array of {len} elements does not fit a file of {size} bytes")
            }
            Problem::Bool(byte) => write!(f, "a boolean of value {byte}"),
            Problem::AlignmentType(found) => write!(f, "the alignment must be a u32, not {}", found.name()),
            Problem::Alignment(n) => {
                write!(f, "alignment {n} is not a power of two from 8 to {}", MAX_ALIGNMENT)
            }
            Problem::NameLength(len) => write!(f, "a name of {len} bytes; 1 to {} are allowed", Name::MAX_BYTES),
            Problem::DuplicateName { first } => write!(f, "the name occurred before, as tensor {first}"),
            Problem::NameUtf8 => f.write_str("the name is not UTF-8"),
            Problem::Dims(n) => write!(f, "{n} dimensions; 1 to 4 are allowed"),
            Problem::ZeroDim { dim } => write!(f, "dimension {dim} is 0"),
            Problem::GgmlType(id) => match GgmlType::withdrawn(id) {
                Some(name) => write!(f, "element type {id} ({name}) was withdrawn from ggml"),
                None => write!(f, "unknown element type {id}"),
            },
            Problem::Row { elems, ggml_type } => {
                write!(f, "a row of {elems} elements is not whole {ggml_type} blocks of {}", ggml_type.block_elems())
            }
            Problem::TensorSize => f.write_str("the dimensions multiply to more than any file holds"),
            Problem::Unaligned { start, alignment } => {
                write!(f, "data offset {start} is not a multiple of the alignment {alignment}")
            }
            Problem::Overlap { start, end } => {
                write!(f, "data offset {start} lies before the end of the previous tensor, {end}")
            }
            Problem::OutsideFile { start, bytes, size } => {
                write!(f, "{bytes} bytes of data at offset {start} pass the end of the file, {size}")
            }
            Problem::TooLong { need, have } => write!(f, "a string of {need} bytes; {have} can be taken"),
            Problem::Index { index, len } => write!(f, "no element {index} in an array of {len}"),
            Problem::ElementType(elem) => write!(f, "an array of {} was asked for other elements", elem.name()),
        }
    }
}

impl core::error::Error for GgufError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            GgufError::Flash(error) => Some(error),
            _ => None,
        }
    }
}

impl core::error::Error for Problem {}

impl From<FlashError> for GgufError {
    fn from(error: FlashError) -> Self {
        GgufError::Flash(error)
    }
}
