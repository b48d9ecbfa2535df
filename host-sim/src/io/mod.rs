//! Input from the user and output to the user.

pub(crate) mod input;
pub(crate) mod output;
pub(crate) mod printable;
pub(crate) mod progress;
pub(crate) mod temporary;
