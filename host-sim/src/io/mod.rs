//! Input from the user and output to the user.

pub(crate) mod ctrl_c;
pub(crate) mod history;
pub(crate) mod in_use;
pub(crate) mod input;
#[cfg(unix)]
pub(crate) mod interrupt;
pub(crate) mod lines;
pub(crate) mod output;
pub(crate) mod output_file;
pub(crate) mod printable;
pub(crate) mod progress;
pub(crate) mod shell;
mod temporary;
