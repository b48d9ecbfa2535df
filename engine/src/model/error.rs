//! Metadata that no supported model has.

use crate::gguf::{GgufError, NameAt};

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
    /// The engine was built without the feature of the architecture. Without names of other architectures, with the feature
    /// `small`, they are unknown.
    #[cfg(not(feature = "small"))]
    FeatureOff {
        /// The architecture.
        name: NameAt,
        /// The feature.
        feature: &'static str,
    },
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
    /// A key's value is an array of one number a layer, but not of as many as there are layers.
    #[cfg(feature = "attention-variants")]
    ArrayLength {
        /// The key.
        key: Key,
        /// Elements of the array.
        len: u64,
        /// Layers of the model.
        n_layer: u32,
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
            #[cfg(not(feature = "small"))]
            ConfigError::FeatureOff { name, .. } => name,
            _ => NameAt::NONE,
        }
    }
}
