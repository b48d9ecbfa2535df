//! ERNIE 4.5, which is Llama's architecture.

use super::BIASES;
use crate::model::config::Arch;

pub(super) const ERNIE4_5: Arch = Arch { optional: BIASES, ..Arch::PLAIN };
