//! Memory and flash traffic as the commands report them.

use flashlet::Plan;
use flashlet::arena::Region;
use flashlet::flash::FlashStats;
use serde::Serialize;

/// The arena in reports.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Memory {
    pub(crate) arena_bytes: usize,
    pub(crate) pinned_bytes: usize,
    pub(crate) kv_bytes: usize,
    /// All the rest: tables, tiles, activations, tokenizer index, logits.
    pub(crate) scratch_bytes: usize,
}

impl From<&Plan> for Memory {
    fn from(plan: &Plan) -> Memory {
        let (pinned_bytes, kv_bytes) = (plan.usage.bytes(Region::Pinned), plan.usage.bytes(Region::KvCache));
        let scratch_bytes = plan.usage.total().saturating_sub(pinned_bytes).saturating_sub(kv_bytes);
        Memory { arena_bytes: plan.arena_bytes, pinned_bytes, kv_bytes, scratch_bytes }
    }
}

/// Flash traffic in reports: all reads, the loader's included.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Traffic {
    pub(crate) bytes_read: u64,
    pub(crate) reads: u64,
}

impl From<FlashStats> for Traffic {
    fn from(FlashStats { bytes_read, reads }: FlashStats) -> Traffic {
        Traffic { bytes_read, reads }
    }
}
