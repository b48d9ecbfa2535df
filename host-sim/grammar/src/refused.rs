//! The reasons why a grammar is refused.

use core::fmt::{self, Display};

use super::dfa::TooLarge;

/// A grammar that cannot be compiled, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(String);

impl Refused {
    pub(super) fn new(message: impl Into<String>) -> Refused {
        Refused(message.into())
    }

    /// The refusal of `keyword` in the schema at `path`, with the reason.
    pub(super) fn keyword(keyword: &str, path: &str, reason: impl Display) -> Refused {
        Refused(format!("keyword \"{keyword}\" at #{path}: {reason}"))
    }

    /// The refusal of a grammar beyond the limits of size.
    pub(super) fn too_large() -> Refused {
        Refused::new("the grammar has too many states to be supported")
    }
}

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Refused {}

impl From<TooLarge> for Refused {
    fn from(_: TooLarge) -> Refused {
        Refused::too_large()
    }
}
