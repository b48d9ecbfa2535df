//! Errors of weights, when they are loaded and when they pass.

use super::role::Role;
use super::verify::{CHECKSUMS, message};
use crate::flash::FlashError;
use crate::gguf::{GgmlType, GgufError, Name, NameAt};
use core::fmt::Write;

/// A fault of a model's tensors.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum WeightError {
    /// The directory could not be read.
    Gguf(GgufError),
    /// The flash failed.
    Flash(FlashError),
    /// The architecture has no such tensor.
    Unknown {
        /// Place in the directory.
        index: u32,
        /// The tensor's name.
        name: NameAt,
    },
    /// The engine does not compute with the tensor's type.
    UnsupportedType {
        /// Place in the directory.
        index: u32,
        /// The tensor's name.
        name: NameAt,
        /// Its type.
        ty: GgmlType,
    },
    /// The engine was built without the feature of the tensor's type.
    FeatureOff {
        /// Place in the directory.
        index: u32,
        /// The tensor's name.
        name: NameAt,
        /// Its type, whose name in small letters is the feature's.
        ty: GgmlType,
    },
    /// The tensor's shape is not what the metadata say.
    Shape {
        /// Place in the directory.
        index: u32,
        /// The tensor's name.
        name: NameAt,
        /// Columns and rows expected.
        need: [u32; 2],
        /// Columns and rows found.
        have: [u64; 2],
    },
    /// The tensor occurs twice.
    Duplicate {
        /// The tensor.
        role: Role,
    },
    /// A tensor that the architecture needs is not there.
    Missing {
        /// The tensor.
        role: Role,
    },
    /// The tensor's bytes are not those that its checksum was made of.
    Checksum {
        /// The tensor.
        role: Role,
    },
    /// The header, the metadata or the directory is not what its checksum was made of.
    MetadataChecksum,
    /// The file's checksums are incomplete, or not one for each tensor and token: something changed the file after
    /// they were made.
    BadChecksums,
}

impl From<GgufError> for WeightError {
    fn from(e: GgufError) -> Self {
        WeightError::Gguf(e)
    }
}

impl From<FlashError> for WeightError {
    fn from(e: FlashError) -> Self {
        WeightError::Flash(e)
    }
}

impl WeightError {
    /// The place in the file of the name of the tensor or key at fault, if the file has it.
    #[must_use]
    pub fn name(&self) -> NameAt {
        match *self {
            WeightError::Gguf(error) => error.name(),
            WeightError::Unknown { name, .. }
            | WeightError::UnsupportedType { name, .. }
            | WeightError::FeatureOff { name, .. }
            | WeightError::Shape { name, .. } => name,
            _ => NameAt::NONE,
        }
    }

    /// The message, with the name if there is one.
    pub(crate) fn write(&self, f: &mut core::fmt::Formatter<'_>, name: &Name) -> core::fmt::Result {
        if let WeightError::Unknown { index, .. }
        | WeightError::UnsupportedType { index, .. }
        | WeightError::FeatureOff { index, .. }
        | WeightError::Shape { index, .. } = *self
        {
            f.write_str("tensor")?;
            name.write_after(f, index)?;
        }
        match self {
            WeightError::Gguf(e) => e.write(f, name),
            WeightError::Flash(e) => core::fmt::Display::fmt(e, f),
            WeightError::Unknown { .. } => f.write_str(" is not one that this architecture uses"),
            WeightError::UnsupportedType { ty, .. } => {
                write!(f, " has type {}, which is not supported in this place", ty.name())
            }
            WeightError::FeatureOff { ty, .. } => {
                write!(f, " has type {}, which takes the engine's feature `", ty.name())?;
                ty.name().bytes().try_for_each(|letter| f.write_char(letter.to_ascii_lowercase().into()))?;
                f.write_char('`')
            }
            WeightError::Shape { need, have, .. } => write!(
                f,
                " has {} columns and {} rows; the metadata ask for {} and {}",
                have[0], have[1], need[0], need[1]
            ),
            WeightError::Duplicate { role } => write!(f, "tensor {role} occurs twice"),
            WeightError::Missing { role } => write!(f, "tensor {role} is missing"),
            WeightError::Checksum { role } => write_checksum(f, *role),
            WeightError::MetadataChecksum => {
                f.write_str(message("the metadata do not match their checksum: bits were flipped"))
            },
            WeightError::BadChecksums => f.write_str(message(
                "the file's checksums are not for its tensors and tokens: it was changed after they were made; pack it anew",
            )),
        }
    }
}

impl core::fmt::Display for WeightError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.write(f, &Name::EMPTY)
    }
}

impl core::error::Error for WeightError {}

/// The step of a pass that values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PassStep {
    /// The embedding of the tokens.
    Embedding,
    /// Attention in this layer, counted from 0.
    Attention(u32),
    /// The recurrent block of this layer, counted from 0.
    Recurrence(u32),
    /// The feed-forward network of this layer, counted from 0.
    FeedForward(u32),
    /// The end of this layer, counted from 0: its own input, and the multiplier of its output.
    LayerOutput(u32),
    /// The head, which makes logits.
    Head,
}

/// A pass that could not be finished; the caches of its positions then hold anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PassError {
    /// A weight could not be read.
    Flash(FlashError),
    /// The bytes of this matrix that arrived are not those that its checksum was made of.
    Checksum {
        /// The matrix.
        role: Role,
    },
    /// The tiles are too small for this matrix's rows.
    TileTooSmall {
        /// The matrix.
        role: Role,
    },
    /// Values that are not a number, or infinite.
    NotFinite {
        /// The position of their token.
        position: u32,
        /// The step in which they were found first.
        step: PassStep,
    },
}

impl From<FlashError> for PassError {
    fn from(e: FlashError) -> Self {
        PassError::Flash(e)
    }
}

impl core::fmt::Display for PassError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            PassError::Flash(e) => e.fmt(f),
            PassError::Checksum { role } => write_checksum(f, *role),
            PassError::TileTooSmall { role } => write!(f, "the streaming tiles are too small for tensor {role}"),
            PassError::NotFinite { position, step } => {
                match step {
                    PassStep::Embedding => f.write_str("the embedding")?,
                    PassStep::Attention(layer) => write!(f, "the output of attention in layer {layer}")?,
                    PassStep::Recurrence(layer) => write!(f, "the output of the recurrent block in layer {layer}")?,
                    PassStep::FeedForward(layer) => {
                        write!(f, "the output of the feed-forward network in layer {layer}")?
                    }
                    PassStep::LayerOutput(layer) => write!(f, "the output of layer {layer}")?,
                    PassStep::Head => f.write_str("the logits")?,
                }
                write!(f, " at position {position}: a value is not finite (NaN or infinite)")
            }
        }
    }
}

impl core::error::Error for PassError {}

fn write_checksum(f: &mut core::fmt::Formatter<'_>, role: Role) -> core::fmt::Result {
    if CHECKSUMS {
        write!(f, "tensor {role} does not match its checksum: bits were flipped in the flash or on the way")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::{Problem, Str};
    use std::string::ToString;

    #[test]
    fn errors_know_the_names_at_fault_and_say_the_rest() {
        let name = Str { offset: 3, len: 5 }.name_at();
        let key = GgufError::Key { index: 1, name, offset: 3, problem: Problem::DuplicateKey { first: 0 } };
        assert_eq!((WeightError::Gguf(key).name(), WeightError::BadChecksums.name()), (name, NameAt::NONE));
        let missing = WeightError::Missing { role: Role::OutputNorm };
        assert_eq!(missing.to_string(), "tensor output_norm.weight is missing");
    }
}
