//! Limits that are stricter than the format's.

/// The greatest depth of nested arrays: an array of arrays of arrays of arrays of numbers.
pub const MAX_NESTING: usize = 4;

/// The largest `general.alignment`, in bytes.
pub const MAX_ALIGNMENT: u32 = 16 << 20;

/// The most keys, and the most tensors, whose names [`Gguf::open`](super::Gguf::open) compares with each other: it has
/// little memory, so that the time grows with their square.
pub const MAX_CHECKED_NAMES: u32 = 1 << 14;
