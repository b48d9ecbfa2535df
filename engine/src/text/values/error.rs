//! Errors of values.

use core::fmt::{self, Display, Formatter};

/// The reason why what was said is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ValueError {
    /// It is no sentence of the language of [values](super), or does not come to whole seconds.
    Unreadable,
    /// It is out of the value's range, or an hour, a minute or a difference is out of its own.
    OutOfRange,
    /// More was said than a value may have, or there is no room for what comes in its place.
    TooLong,
}

impl Display for ValueError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueError::Unreadable => "what was said for a value is no span or time of day",
            ValueError::OutOfRange => "what was said for a value is out of range",
            ValueError::TooLong => "a value is too long",
        })
    }
}

impl core::error::Error for ValueError {}
