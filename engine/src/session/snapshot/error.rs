//! Why a snapshot is not saved or not restored.

use super::header::ModelHash;
use crate::gguf::GgmlType;
use core::fmt::{self, Display, Formatter};

/// An operation of a NOR flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(missing_docs, reason = "the field's own names")]
pub enum NorOperation {
    Read,
    Write,
    Erase,
}

/// A snapshot that could not be saved or restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SnapshotError {
    /// The device reads, writes or erases in units that no part of a snapshot is whole multiples of.
    Units {
        /// Bytes of a read.
        read: usize,
        /// Bytes of a write.
        write: usize,
        /// Bytes of an erase block.
        erase: usize,
    },
    /// The range does not lie in the device, is not of whole erase blocks, or has fewer than two.
    Range {
        /// First byte.
        start: u32,
        /// The byte after the last.
        end: u32,
        /// Bytes of an erase block.
        erase: usize,
        /// Bytes of the device.
        capacity: usize,
    },
    /// A slot, half of the range, is smaller than the snapshot.
    NoRoom {
        /// Bytes of the snapshot.
        need: u64,
        /// Bytes of a slot.
        have: u32,
    },
    /// The ids are not those of the session's tokens: there are more or fewer.
    Tokens {
        /// Ids given.
        given: usize,
        /// Tokens of the session.
        position: u32,
    },
    /// The session has no tokens.
    Empty,
    /// The session was rewound as far as its sliding windows reach. It can go on, but lacks the positions that a snapshot also holds,
    /// to repeat the last token.
    WindowsMovedOn {
        /// The fewest tokens that could be saved.
        least: u32,
        /// Tokens that there are.
        position: u32,
    },
    /// The device failed.
    Device {
        /// The operation that failed.
        operation: NorOperation,
        /// The first byte of it.
        offset: u32,
    },
    /// Written bytes read as something else. The snapshot that was saved before is still there.
    NotWritten {
        /// The start of the slot.
        offset: u32,
    },
    /// The snapshot was saved by another version of the engine, whose snapshots are not read.
    OtherVersion {
        /// The snapshot's version.
        saved: u32,
        /// This one.
        have: u32,
    },
    /// The snapshot is of another model.
    OtherModel {
        /// The snapshot's model.
        saved: ModelHash,
        /// This one.
        have: ModelHash,
    },
    /// The snapshot's keys and values are of another number format, both by ggml's numbers.
    OtherKvType {
        /// The snapshot's.
        saved: u32,
        /// The session's.
        have: u32,
    },
    /// The snapshot has more tokens than the context holds.
    ContextTooShort {
        /// Tokens of the snapshot.
        need: u32,
        /// Tokens that the context holds.
        ctx: u32,
    },
    /// The snapshot has more tokens than there is room for ids.
    TooManyIds {
        /// Tokens of the snapshot.
        need: u32,
        /// Ids that there is room for.
        have: usize,
    },
    /// The prompt does not begin with the snapshot's tokens.
    OtherTokens {
        /// The first token that differs, counted from 0: the prompt may end there.
        at: u32,
        /// Tokens of the snapshot.
        tokens: u32,
    },
    /// The snapshot's bytes are not those that its checksum was made of, and there is no other.
    Broken {
        /// The start of its slot.
        offset: u32,
    },
}

impl Display for SnapshotError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = |id| GgmlType::from_id(id).map_or("unknown", GgmlType::name);
        match *self {
            SnapshotError::Units { read, write, erase } => write!(
                f,
                "snapshots cannot be kept on a device that reads {read}, writes {write} and erases {erase} bytes at a time"
            ),
            SnapshotError::Range { start, end, erase, capacity } => write!(
                f,
                "{start}..{end} is no range of two or more erase blocks of {erase} bytes on a device of {capacity} bytes"
            ),
            SnapshotError::NoRoom { need, have } => {
                write!(f, "the snapshot takes {need} bytes, but each of the two slots has {have}")
            }
            SnapshotError::Tokens { given, position } => {
                write!(f, "the ids of {given} tokens were given, but the session has {position}")
            }
            SnapshotError::Empty => f.write_str("there are no tokens to save"),
            SnapshotError::WindowsMovedOn { least, position } => {
                write!(f, "cannot save {position} tokens, only {least} or more: sliding windows have moved on")
            }
            SnapshotError::Device { operation, offset } => {
                let what = match operation {
                    NorOperation::Read => "read",
                    NorOperation::Write => "write",
                    NorOperation::Erase => "erase",
                };
                write!(f, "the snapshot's device failed to {what} at offset {offset}")
            }
            SnapshotError::NotWritten { offset } => {
                write!(f, "what was written to the slot at offset {offset} reads as something else")
            }
            SnapshotError::OtherVersion { saved, have } => {
                write!(f, "the snapshot has version {saved}, this engine reads version {have}: save it anew")
            }
            SnapshotError::OtherModel { saved, have } => {
                write!(f, "the snapshot is of another model: its hash is {saved}, this one's {have}")
            }
            SnapshotError::OtherKvType { saved, have } => {
                write!(f, "the snapshot's KV cache is {}, the session's is {}", name(saved), name(have))
            }
            SnapshotError::ContextTooShort { need, ctx } => {
                write!(f, "the snapshot has {need} tokens, more than the context of {ctx} holds")
            }
            SnapshotError::TooManyIds { need, have } => {
                write!(f, "the snapshot has {need} tokens, but there is room for {have} ids")
            }
            SnapshotError::OtherTokens { at, tokens } => {
                write!(f, "the prompt does not begin with the snapshot's {tokens} tokens: token {at} (from 0) differs")
            }
            SnapshotError::Broken { offset } => {
                write!(f, "the snapshot at offset {offset} does not match its checksum")
            }
        }
    }
}

impl core::error::Error for SnapshotError {}
