//! Llama and its relatives: SmolLM2, TinyLlama, Mistral. Some have biases.

use super::BIASES;
use crate::model::config::Arch;

pub(super) const LLAMA: Arch = Arch { optional: BIASES, ..Arch::PLAIN };
