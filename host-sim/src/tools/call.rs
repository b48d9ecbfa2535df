//! Calls of functions.

use serde::Serialize;
use serde_json::Value;

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Value,
}
