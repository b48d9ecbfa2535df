//! Errors of all layers.

#[cfg(feature = "snapshots")]
use super::snapshot::error::SnapshotError;
use crate::arena::ArenaError;
use crate::flash::{Flash, FlashError, Source};
use crate::gguf::{GgufError, Name, NameAt};
use crate::kernels::KvType;
use crate::model::ConfigError;
use crate::text::TextError;
use crate::weights::{CHECKSUMS, PassError, WeightError, message};
use core::fmt::{self, Display, Formatter};

/// A model that cannot be used, or a use of it that failed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The file is malformed.
    Gguf(GgufError),
    /// The metadata are incomplete, contradictory or not supported.
    Config(ConfigError),
    /// The vocabulary cannot be used, or a text cannot be encoded.
    Text(TextError),
    /// A tensor is missing, unknown, of the wrong shape or of an unsupported type.
    Weight(WeightError),
    /// The arena is smaller than planned.
    Arena(ArenaError),
    /// A pass failed.
    Pass(PassError),
    /// The model does not fit the arena.
    DoesNotFit {
        /// Bytes needed at least.
        need: usize,
        /// Bytes of the arena.
        have: usize,
        /// The longest context that fits, in tokens; 0 if none does.
        fitting_ctx: u32,
    },
    /// The plan was made for another model, or changed since.
    PlanMismatch,
    /// Mapped weights were asked for, but the flash is not mapped, or not as far as the weights reach.
    NotMapped,
    /// Weights were to be streamed, but the engine was built without the feature `stream`.
    NoStreaming,
    /// Everything was to be verified, but the file has no checksums, or the engine was built without the feature
    /// `checksums`.
    NoChecksums,
    /// The cache's number format needs heads of whole blocks.
    KvHeadDim {
        /// The number format.
        kv: KvType,
        /// Elements of a head.
        head_dim: u32,
    },
    /// The prompt has no tokens.
    EmptyPrompt,
    /// The tokens do not fit the context.
    ContextFull {
        /// Tokens that the context holds.
        ctx: u32,
        /// Tokens in it.
        position: u32,
        /// Tokens to be added.
        tokens: usize,
    },
    /// The longest answer that the grammar allows does not fit the context behind the prompt.
    #[cfg(feature = "grammar")]
    NoRoomForAnswer {
        /// Tokens of the answer.
        need: u32,
        /// Tokens that there is room for.
        have: u32,
    },
    /// The session cannot go back, or on, to so many tokens.
    CannotRewind {
        /// Tokens that were to be left.
        to: u32,
        /// The smallest number other than 0 that can be left; 0 is always possible.
        least: u32,
        /// Tokens that there are.
        position: u32,
    },
    /// A token that the vocabulary does not have.
    NoSuchToken {
        /// The token.
        id: u32,
        /// Tokens in the vocabulary.
        n_vocab: u32,
    },
    /// A snapshot could not be saved or restored.
    #[cfg(feature = "snapshots")]
    Snapshot(SnapshotError),
}

/// An error with the name of the key, tensor or architecture at fault, for its message.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Named {
    /// The error.
    pub error: Error,
    /// The name; empty where there is none.
    pub name: Name,
}

impl Display for Named {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.error.write(f, &self.name)
    }
}

impl<E: Into<Error>> From<E> for Named {
    fn from(error: E) -> Self {
        Named { error: error.into(), name: Name::EMPTY }
    }
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Error {
    /// Reads the name of what is at fault from the file, so that the message has it. Errors alone are small: they say
    /// where a name lies.
    pub async fn named<F: Flash>(self, source: &mut Source<'_, F>) -> Named {
        let at = match self {
            Error::Gguf(error) => error.name(),
            Error::Config(error) => error.name(),
            Error::Text(error) => error.name(),
            Error::Weight(error) => error.name(),
            _ => NameAt::NONE,
        };
        Named { error: self, name: at.read(source).await }
    }

    fn write(&self, f: &mut Formatter<'_>, name: &Name) -> fmt::Result {
        match *self {
            Error::Gguf(e) => e.write(f, name),
            Error::Config(e) => e.write(f, name),
            Error::Text(e) => e.write(f, name),
            Error::Weight(e) => e.write(f, name),
            Error::Arena(e) => e.fmt(f),
            Error::Pass(e) => e.fmt(f),
            Error::DoesNotFit { need, have, fitting_ctx } => {
                write!(f, "the model needs an arena of at least {need} bytes, but there are {have}")?;
                match fitting_ctx {
                    0 => f.write_str("; no context is short enough to fit"),
                    n => write!(f, "; a context of {n} tokens would fit"),
                }
            }
            Error::PlanMismatch => f.write_str("the plan was not made for this model, or was changed"),
            Error::NotMapped => f.write_str("the weights cannot stay mapped: this flash is not memory-mapped"),
            Error::NoStreaming => {
                f.write_str("weights were to be streamed, but the engine was built without the feature `stream`")
            }
            Error::NoChecksums if !CHECKSUMS => f.write_str("to verify takes the engine's feature `checksums`"),
            Error::NoChecksums => {
                f.write_str(message("the file has no checksums to verify: `flashlet pack` makes them"))
            }
            Error::KvHeadDim { kv, head_dim } => {
                let (kv, block) = (kv.name(), kv.head_multiple());
                write!(
                    f,
                    "a {kv} KV cache needs heads of a multiple of {block} elements; this model's have {head_dim}: use f16"
                )
            }
            Error::EmptyPrompt => f.write_str("the prompt has no tokens: there is nothing to continue"),
            Error::ContextFull { ctx, position, tokens } => {
                write!(f, "the context of {ctx} tokens is full: it holds {position}, and {tokens} more do not fit")
            }
            #[cfg(feature = "grammar")]
            Error::NoRoomForAnswer { need, have } => write!(
                f,
                "an answer by the grammar takes up to {need} tokens; behind the prompt there is room for {have}: shorten the prompt, ask for a shorter answer, or raise the context"
            ),
            Error::CannotRewind { to, least, position } => {
                write!(f, "cannot go back to {to} of {position} tokens, only to {least} or none")
            }
            Error::NoSuchToken { id, n_vocab } => {
                write!(f, "there is no token {id}: the vocabulary has {n_vocab}")
            }
            #[cfg(feature = "snapshots")]
            Error::Snapshot(e) => e.fmt(f),
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, &Name::EMPTY)
    }
}

impl core::error::Error for Error {}

macro_rules! from {
    ($($error:ident => $variant:ident),+) => {
        $(impl From<$error> for Error {
            fn from(e: $error) -> Self {
                Error::$variant(e)
            }
        })+
    };
}

from!(GgufError => Gguf, ConfigError => Config, TextError => Text, WeightError => Weight);
from!(ArenaError => Arena, PassError => Pass);
#[cfg(feature = "snapshots")]
impl From<SnapshotError> for Error {
    fn from(e: SnapshotError) -> Self {
        Error::Snapshot(e)
    }
}

impl From<FlashError> for Error {
    fn from(e: FlashError) -> Self {
        Error::Gguf(GgufError::Flash(e))
    }
}
