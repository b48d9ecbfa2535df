//! Metadata that no supported model has.

use super::arch::Arch;
use crate::gguf::{GgufError, Name, NameAt};

/// A metadata key of an architecture, without its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Key(pub &'static str);

/// Metadata that no supported model has.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ConfigError {
    /// The keys could not be read.
    Gguf(GgufError),
    /// `general.architecture` is missing or not a string.
    NoArchitecture,
    /// An architecture that the engine does not know.
    UnknownArchitecture(NameAt),
    /// One part of a model that was split into several files.
    Split {
        /// Parts in all.
        parts: u64,
    },
    /// A key that the architecture needs is not there.
    Missing(Key),
    /// A key's value has the wrong type or is negative.
    WrongType(Key),
    /// A key's value is out of range.
    Range {
        /// The key.
        key: Key,
        /// Its value.
        value: u64,
        /// Least value allowed.
        min: u64,
        /// Greatest value allowed.
        max: u64,
    },
    /// A key's value is not finite, or has the wrong sign.
    BadNumber {
        /// The key.
        key: Key,
        /// Its value.
        value: f32,
    },
    /// Query heads do not share key heads evenly.
    HeadCounts {
        /// Query heads.
        n_head: u32,
        /// Key heads.
        n_head_kv: u32,
    },
    /// Rotary dimensions, which are a head's where the key is missing, must be even.
    Odd {
        /// The key.
        what: Key,
        /// Its value, or what stands for it.
        value: u32,
    },
    /// A feature that the engine does not have.
    Unsupported {
        /// The key that asks for it.
        key: Key,
    },
    /// A key of the architecture that the engine does not know, or whose value asks for what it does not have.
    RefusedKey {
        /// Its place among all keys, counted from 0.
        index: u32,
        /// The key.
        name: NameAt,
        /// True if the engine knows the key.
        known: bool,
    },
}

impl From<GgufError> for ConfigError {
    fn from(e: GgufError) -> Self {
        ConfigError::Gguf(e)
    }
}

impl ConfigError {
    /// The place of the name of the key or architecture at fault, if the error has one.
    #[must_use]
    pub fn name(&self) -> NameAt {
        match *self {
            ConfigError::Gguf(error) => error.name(),
            ConfigError::UnknownArchitecture(name) | ConfigError::RefusedKey { name, .. } => name,
            _ => NameAt::NONE,
        }
    }

    /// The message, with the name if there is one.
    pub(crate) fn write(&self, f: &mut core::fmt::Formatter<'_>, name: &Name) -> core::fmt::Result {
        match *self {
            ConfigError::Gguf(e) => e.write(f, name),
            ConfigError::NoArchitecture => f.write_str("general.architecture is missing or not a string"),
            ConfigError::UnknownArchitecture(_) => {
                write!(f, "architecture {name} is not supported; supported:")?;
                Arch::names().try_for_each(|name| write!(f, " {name}"))
            }
            ConfigError::Split { parts } => {
                write!(f, "this file is one of {parts} parts; merge them first (llama-gguf-split --merge)")
            }
            ConfigError::Missing(key) => write!(f, "metadata key *.{} is missing", key.0),
            ConfigError::WrongType(key) => write!(f, "metadata key *.{} has the wrong type", key.0),
            ConfigError::Range { key, value, min, max } => {
                write!(f, "metadata key *.{} is {value}; {min} to {max} are allowed", key.0)
            }
            // Not the number itself: formatting floats would bring panics.
            ConfigError::BadNumber { key, value } => {
                let what = match value {
                    v if !v.is_finite() => "not finite",
                    0.0 => "zero",
                    _ => "negative",
                };
                write!(f, "metadata key *.{} is {what}", key.0)
            }
            ConfigError::HeadCounts { n_head, n_head_kv } => {
                write!(f, "{n_head} query heads cannot share {n_head_kv} key heads evenly")
            }
            ConfigError::Odd { what, value } => write!(f, "*.{} is {value}; it must be even", what.0),
            ConfigError::RefusedKey { index, known, .. } => {
                f.write_str("metadata key")?;
                name.write_after(f, index)?;
                f.write_str(if known {
                    " asks for what is not supported"
                } else {
                    " is not known, and may change results"
                })
            }
            ConfigError::Unsupported { key } => write!(f, "metadata key *.{} asks for what is not supported", key.0),
        }
    }
}

impl core::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.write(f, &Name::EMPTY)
    }
}

impl core::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::{Problem, Str};
    use std::string::ToString;

    #[test]
    fn errors_know_the_names_at_fault_and_say_the_rest() {
        let name = Str { offset: 3, len: 5 }.name_at();
        let key = GgufError::Key { index: 1, name, offset: 3, problem: Problem::DuplicateKey { first: 0 } };
        assert_eq!((ConfigError::Gguf(key).name(), ConfigError::NoArchitecture.name()), (name, NameAt::NONE));
        let unknown = ConfigError::UnknownArchitecture(NameAt::NONE).to_string();
        assert!(unknown.ends_with("supported: llama gemma3"), "{unknown}");
        assert_eq!(ConfigError::Missing(Key("block_count")).to_string(), "metadata key *.block_count is missing");
    }
}
