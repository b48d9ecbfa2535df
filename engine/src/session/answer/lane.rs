//! Samplers of the tokens of a pass.

#[cfg(feature = "probabilities")]
use crate::kernels::ExpSums;
use crate::kernels::Kernels;
use crate::session::hash::LogitsHash;
#[cfg(feature = "probabilities")]
use crate::text::ExpSum;
use crate::text::{Sampler, SamplerConfig};

/// The sampler of one token of a pass, with the hash of its logits.
#[derive(Clone, Debug)]
pub struct Lane {
    pub(super) sampler: Sampler,
    pub(super) hash: LogitsHash,
    /// The exponentials of all logits, in lanes.
    #[cfg(feature = "probabilities")]
    sums: ExpSums,
    /// The logarithm of the probability of the token that was picked.
    #[cfg(feature = "probabilities")]
    pub(super) logprob: f32,
}

impl Lane {
    /// A lane for a [`Conversation`](crate::Conversation), which sets its sampler.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        Lane {
            sampler: Sampler::new(SamplerConfig::GREEDY),
            hash: LogitsHash::new(),
            #[cfg(feature = "probabilities")]
            sums: ExpSums::NONE,
            #[cfg(feature = "probabilities")]
            logprob: 0.0,
        }
    }

    /// Starts the `n`-th token of the seed's, which follows `tokens`.
    pub(super) fn begin(&mut self, n: u64, tokens: &[u32]) {
        self.sampler.seek(n);
        self.sampler.begin(tokens);
        self.hash = LogitsHash::new();
        #[cfg(feature = "probabilities")]
        {
            self.sums = ExpSums::NONE;
        }
    }

    /// Picks the token: the lowest one, if none has a finite logit.
    pub(super) fn pick(&mut self) -> u32 {
        self.pick_allowed().unwrap_or(0)
    }

    /// Picks the token among those that were allowed; `None` if none of them has a finite logit.
    pub(super) fn pick_allowed(&mut self) -> Option<u32> {
        let picked = self.sampler.finish_allowed();
        #[cfg(feature = "probabilities")]
        {
            let ln_share = |picked| {
                let mut sum = ExpSum::NONE;
                self.sums.lanes().for_each(|(max, relative)| sum.add_times(relative, max));
                sum.ln_share(self.sampler.raw_logit(picked))
            };
            self.logprob = picked.map_or(f32::NEG_INFINITY, ln_share);
        }
        picked.map(|picked| picked.id)
    }
}

impl Default for Lane {
    fn default() -> Self {
        Self::new()
    }
}

/// The figures that an answer takes of logits.
#[derive(Clone, Copy)]
pub(super) struct Asked<'k> {
    pub(super) hash: bool,
    /// The kernels that sum the exponentials of logits; `None` if no probability is asked for.
    pub(super) probability: Option<&'k dyn Kernels>,
}

/// The samplers of the tokens of a pass.
pub(super) struct Lanes<'b> {
    first: &'b mut Lane,
    /// One for each token of a draft.
    #[cfg(feature = "drafts")]
    drafts: &'b mut [Lane],
}

impl<'b> Lanes<'b> {
    pub(super) fn new(first: &'b mut Lane, drafts: &'b mut [Lane]) -> Self {
        #[cfg(not(feature = "drafts"))]
        let _ = drafts;
        Lanes {
            first,
            #[cfg(feature = "drafts")]
            drafts,
        }
    }

    /// The lane of the token after `drafted` tokens of a draft.
    pub(super) fn after(&mut self, drafted: usize) -> Option<&mut Lane> {
        match drafted.checked_sub(1) {
            None => Some(self.first),
            #[cfg(feature = "drafts")]
            Some(at) => self.drafts.get_mut(at),
            #[cfg(not(feature = "drafts"))]
            Some(_) => None,
        }
    }

    /// The lane of the token after `drafted` tokens of a draft, which takes note of the logits of tokens `id`, `id + 1`, ... as `asked`.
    pub(super) fn noting(&mut self, drafted: u32, asked: Asked<'_>, id: u32, logits: &[f32]) -> Option<&mut Lane> {
        let lane = self.after(drafted as usize)?;
        if asked.hash {
            lane.hash.push(logits);
        }
        if let Some(kernels) = asked.probability {
            #[cfg(feature = "probabilities")]
            kernels.add_exponentials(id, logits, &mut lane.sums);
            #[cfg(not(feature = "probabilities"))]
            let _ = (kernels, id);
        }
        Some(lane)
    }

    /// Tokens of the longest draft.
    #[cfg(feature = "drafts")]
    pub(super) fn longest_draft(&self) -> usize {
        self.drafts.len()
    }

    pub(super) fn restart(&mut self, sampling: SamplerConfig) {
        self.first.sampler.restart(sampling);
        #[cfg(feature = "drafts")]
        self.drafts.iter_mut().for_each(|lane| lane.sampler.restart(sampling));
    }
}
