//! Messages of [`ConfigError`].

use super::arch;
use super::error::ConfigError;
use crate::gguf::Name;

impl ConfigError {
    /// The message, with the name if there is one.
    pub(crate) fn write(&self, f: &mut core::fmt::Formatter<'_>, name: &Name) -> core::fmt::Result {
        match *self {
            ConfigError::Gguf(e) => e.write(f, name),
            ConfigError::NoArchitecture => f.write_str("general.architecture is missing or not a string"),
            ConfigError::UnknownArchitecture(_) => {
                write!(f, "architecture {name} is not supported; supported:")?;
                arch::names().try_for_each(|name| write!(f, " {name}"))?;
                let rest = "; others with the engine's feature `attention-variants`";
                if cfg!(feature = "attention-variants") { Ok(()) } else { f.write_str(rest) }
            }
            #[cfg(not(feature = "small"))]
            ConfigError::FeatureOff { feature, .. } => {
                write!(f, "architecture {name} takes the engine's feature `{feature}`")
            }
            ConfigError::Split { parts } => {
                write!(f, "this file is one of {parts} parts; merge them first (llama-gguf-split --merge)")
            }
            ConfigError::Missing(key) => write!(f, "metadata key *.{} is missing", key.0),
            ConfigError::WrongType(key) => write!(f, "metadata key *.{} has the wrong type", key.0),
            ConfigError::Range { key, value, min, max } => {
                write!(f, "metadata key *.{} is {value}; {min} to {max} are allowed", key.0)
            }
            #[cfg(feature = "attention-variants")]
            ConfigError::ArrayLength { key, len, n_layer } => {
                write!(f, "metadata key *.{} has {len} elements; there are {n_layer} layers", key.0)
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
    use crate::gguf::{GgufError, NameAt, Problem, Str};
    use crate::model::Key;
    use std::string::ToString;

    #[test]
    fn errors_know_the_names_at_fault_and_say_the_rest() {
        let name = Str { offset: 3, len: 5 }.name_at();
        let key = GgufError::Key { index: 1, name, offset: 3, problem: Problem::DuplicateKey { first: 0 } };
        assert_eq!((ConfigError::Gguf(key).name(), ConfigError::NoArchitecture.name()), (name, NameAt::NONE));
        let unknown = ConfigError::UnknownArchitecture(NameAt::NONE).to_string();
        assert!(unknown.contains("supported: llama"), "{unknown}");
        assert_eq!(ConfigError::Missing(Key("block_count")).to_string(), "metadata key *.block_count is missing");
    }
}
