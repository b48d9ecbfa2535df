//! The numbers of a report's summary as JSON.

use serde_json::{Map, Value, json};

use super::data::Data;
use crate::engine::Misfit;

impl Data {
    /// The reasons why the model does not fit, with what would; none where it fits.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.refused.as_ref().map(Misfit::message)
    }

    /// The numbers of the summary.
    pub(crate) fn summary(&self) -> Map<String, Value> {
        let too_small = self.refused.as_ref().and_then(|refused| refused.arena);
        let numbers = [
            ("fits", json!(self.refused.is_none())),
            ("what_to_change", json!(self.refusal())),
            ("need_bytes", json!(too_small.map(|t| t.need))),
            ("have_bytes", json!(too_small.map_or(self.arena, |t| t.have))),
            ("file_bytes", json!(self.file_bytes)),
            ("have_flash_bytes", json!(self.board.flash.bytes)),
            ("arena_bytes", json!(self.plan.arena_bytes)),
            ("ctx", json!(self.plan.ctx)),
            ("n_prompt", json!(self.lengths.n_prompt)),
            ("n_gen", json!(self.lengths.n_gen)),
            ("prefill", json!(self.prefill.map(|prefill| prefill.rate))),
            ("decode", json!(self.decode.rate)),
            ("prefill_range", json!(self.prefill_range)),
            ("decode_range", json!(self.decode_range)),
            ("bound_by", json!(self.decode.bound_by().name())),
            ("flash_bytes_per_token", json!(self.plan.flash_bytes_per_pass)),
        ];
        numbers.into_iter().map(|(name, number)| (name.to_owned(), number)).collect()
    }
}
