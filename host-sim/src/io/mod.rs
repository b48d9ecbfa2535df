//! Input from the user and output to the user.

pub(crate) mod in_use;
pub(crate) mod input;
#[cfg(unix)]
pub(crate) mod interrupt;
pub(crate) mod output;
pub(crate) mod output_file;
pub(crate) mod printable;
pub(crate) mod progress;
mod temporary;
