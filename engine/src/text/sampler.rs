//! Picking the next token from logits that come tile by tile.

use super::exp_sum::ExpSum;
use super::random::Random;

/// Most candidates that are kept: the limit of `top_k`, and how many of the likeliest tokens
/// `top_p` and `min_p` choose among when `top_k` is off.
pub const MAX_CANDIDATES: usize = 256;

/// Most recent tokens that the repetition penalty can look at: with the feature `small` as many as it does by default.
pub const MAX_RECENT: usize = if cfg!(feature = "small") { 64 } else { 256 };

/// Times that the likeliest token may be refused before all tokens are asked about in order.
const MOST_REFUSED: usize = 3;

/// The settings by which the next token is picked.
///
/// The order is llama.cpp's: penalty, `top_k`, `top_p`, `min_p`, temperature. `top_p` and `min_p`
/// therefore see the probabilities before the temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SamplerConfig {
    /// 0 or less, or not a number: the likeliest token, always. Else logits are divided by this.
    pub temperature: f32,
    /// Keep the `top_k` likeliest tokens, at most [`MAX_CANDIDATES`]; 0: all.
    pub top_k: u32,
    /// Keep the likeliest tokens that together have at least this probability; 1 or more: all.
    pub top_p: f32,
    /// Drop tokens less likely than this share of the likeliest one's probability; 0: none.
    pub min_p: f32,
    /// Divide positive logits of recent tokens by this, multiply others; 1: leave them.
    pub repeat_penalty: f32,
    /// Recent tokens that are penalised, at most [`MAX_RECENT`].
    pub repeat_last_n: u32,
    /// The same seed gives the same tokens, on every machine.
    pub seed: u64,
}

impl SamplerConfig {
    /// The likeliest token, always.
    pub const GREEDY: SamplerConfig = SamplerConfig {
        temperature: 0.0,
        top_k: 0,
        top_p: 1.0,
        min_p: 0.0,
        repeat_penalty: 1.0,
        repeat_last_n: 64,
        seed: 0,
    };
}

impl Default for SamplerConfig {
    /// llama.cpp's defaults, with seed 0.
    fn default() -> Self {
        SamplerConfig { temperature: 0.8, top_k: 40, top_p: 0.95, min_p: 0.05, ..SamplerConfig::GREEDY }
    }
}

/// The work of a pass over the logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Keep the best.
    Greedy,
    /// Add Gumbel noise and keep the best: a draw from the whole distribution, in one pass.
    Gumbel,
    /// Keep the best few, draw among them.
    Candidates {
        keep: usize,
        /// Sum up the exponentials of all logits, which `top_p` needs when `top_k` is off.
        normalise: bool,
    },
}

/// A token that may be picked, with its logit after the penalty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) id: u32,
    logit: f32,
}

impl Candidate {
    /// Likelier, or as likely with a lower id.
    fn beats(&self, other: &Candidate) -> bool {
        self.logit > other.logit || self.logit == other.logit && self.id < other.id
    }
}

/// Picks tokens. For each one: [`begin`](Self::begin), [`push`](Self::push) for every tile of
/// logits, in the order of the vocabulary, and [`finish`](Self::finish).
///
/// Takes about 3 KiB and no memory that grows with the vocabulary. A logit that is not a number
/// counts as minus infinity, and infinite ones as the largest that are finite. Of equally likely
/// tokens the lowest id counts as likelier.
#[derive(Clone, Debug)]
pub struct Sampler {
    config: SamplerConfig,
    mode: Mode,
    random: Random,
    /// Ids to penalise, ascending.
    recent: heapless::Vec<u32, MAX_RECENT>,
    /// A heap with the candidate on top that all others beat.
    candidates: heapless::Vec<Candidate, MAX_CANDIDATES>,
    /// The sum of all exponentials.
    sum: ExpSum,
    best: Option<Candidate>,
    /// The best candidate's Gumbel noise.
    noise: f32,
    /// The token that is picked if every logit is minus infinity.
    first: Option<u32>,
}

impl Sampler {
    /// A sampler; its first token is the first of the seed's.
    #[inline]
    #[must_use]
    pub fn new(config: SamplerConfig) -> Self {
        let mut sampler = Sampler {
            config,
            mode: Mode::Greedy,
            random: Random::new(config.seed),
            recent: heapless::Vec::new(),
            candidates: heapless::Vec::new(),
            sum: ExpSum::NONE,
            best: None,
            noise: 0.0,
            first: None,
        };
        sampler.restart(config);
        sampler
    }

    /// Makes it the sampler that [`new`](Self::new) gives, in its place: to move one takes as much stack as it has bytes.
    pub fn restart(&mut self, config: SamplerConfig) {
        // Not a number: off.
        let [min_p, temperature] = [config.min_p, config.temperature].map(|x| if x > 0.0 { x } else { 0.0 });
        self.config = SamplerConfig { min_p, temperature, ..config };
        self.random = Random::new(config.seed);
        self.noise = 0.0;
        let top_k = config.top_k as usize;
        let normalise = top_k == 0 && config.top_p < 1.0;
        self.mode = if temperature > 0.0 {
            if top_k == 0 && !normalise && min_p == 0.0 {
                Mode::Gumbel
            } else {
                let keep = if top_k == 0 { MAX_CANDIDATES } else { top_k.min(MAX_CANDIDATES) };
                Mode::Candidates { keep, normalise }
            }
        } else {
            Mode::Greedy
        };
        self.clear();
    }

    /// The settings by which tokens are picked.
    #[must_use]
    pub fn config(&self) -> &SamplerConfig {
        &self.config
    }

    /// Starts a token. `recent` are the tokens so far; the last of them are penalised.
    pub fn begin(&mut self, recent: &[u32]) {
        self.clear();
        if self.config.repeat_penalty != 1.0 {
            let n = (self.config.repeat_last_n as usize).min(MAX_RECENT);
            for &id in recent.iter().rev().take(n) {
                if let Err(at) = self.recent.binary_search(&id) {
                    let mut carried = id;
                    self.recent.iter_mut().skip(at).for_each(|slot| core::mem::swap(slot, &mut carried));
                    // There is room: no more than `MAX_RECENT` ids come here.
                    let _ = self.recent.push(carried);
                }
            }
        }
    }

    /// Forgets the token that was begun.
    fn clear(&mut self) {
        self.recent.clear();
        self.candidates.clear();
        self.sum = ExpSum::NONE;
        self.best = None;
        self.first = None;
    }

    /// Makes the next token the seed's `n`-th, counted from 0, whatever was picked before: so a sampler for each token
    /// of a draft picks what one sampler would have picked token by token.
    pub fn seek(&mut self, n: u64) {
        self.random.seek(n);
    }

    /// Takes the logits of tokens `first_id`, `first_id + 1`, ...
    pub fn push(&mut self, first_id: u32, logits: &[f32]) {
        self.push_allowed(first_id, logits, &mut |_| true);
    }

    /// Takes logits as [`push`](Self::push) does, those of tokens that are not `allowed` as minus infinity. Asks about a token
    /// only where it would be picked or kept.
    pub(crate) fn push_allowed(&mut self, first_id: u32, logits: &[f32], allowed: &mut dyn FnMut(u32) -> bool) {
        if !logits.is_empty() && self.first.is_none() {
            self.first = Some(first_id);
        }
        if self.mode == Mode::Greedy && self.recent.is_empty() && self.push_likeliest(first_id, logits, allowed) {
            return;
        }
        let mut next_recent = self.recent.partition_point(|&id| id < first_id);
        let mut least = self.least();
        for (id, &logit) in (first_id..).zip(logits) {
            let mut logit = logit;
            if self.recent.get(next_recent) == Some(&id) {
                next_recent += 1;
                let penalty = self.config.repeat_penalty;
                logit = if logit > 0.0 { logit / penalty } else { logit * penalty };
            }
            // Not-a-number stays out, too.
            if logit > least {
                self.take(Candidate { id, logit: logit.clamp(f32::MIN, f32::MAX) }, allowed);
                least = self.least();
            }
        }
    }

    /// A logit matters only above this one: that of the best token or, with all candidates found, of the least likely candidate.
    #[inline]
    fn least(&self) -> f32 {
        let last = match self.mode {
            Mode::Greedy => self.best,
            Mode::Candidates { keep, normalise: false } if self.candidates.len() >= keep => {
                self.candidates.first().copied()
            }
            Mode::Gumbel | Mode::Candidates { .. } => None,
        };
        last.map_or(f32::NEG_INFINITY, |last| last.logit)
    }

    /// Asks about the likeliest of these tokens first, in the hope that it is allowed. False where some are left to be asked about.
    #[inline]
    fn push_likeliest(&mut self, first_id: u32, logits: &[f32], allowed: &mut dyn FnMut(u32) -> bool) -> bool {
        let least = self.least();
        let mut refused = None;
        for _ in 0..MOST_REFUSED {
            let Some(likeliest) = likeliest(first_id, logits, least, refused) else { return true };
            if allowed(likeliest.id) {
                self.best = Some(likeliest);
                return true;
            }
            refused = Some(likeliest);
        }
        false
    }

    #[inline]
    fn take(&mut self, candidate: Candidate, allowed: &mut dyn FnMut(u32) -> bool) {
        match self.mode {
            Mode::Greedy => self.take_best(candidate, allowed),
            Mode::Gumbel => {
                let bits = self.random.bits(candidate.id);
                // -ln(-ln u) is less than -ln(1 - u), hence less than this. For most tokens that
                // spares the logarithms.
                let bound = (bits.leading_ones() + 1) as f32 * core::f32::consts::LN_2;
                // The difference is divided, not the logits: their quotients overflow where the temperature is tiny, and
                // infinities would all be equal. A difference that overflows has the right sign.
                let lead = |best: Candidate| (candidate.logit - best.logit) / self.config.temperature;
                let lead = self.best.map_or(f32::INFINITY, lead);
                if lead + bound > self.noise {
                    let noise = gumbel(bits);
                    if lead + noise > self.noise && allowed(candidate.id) {
                        (self.best, self.noise) = (Some(candidate), noise);
                    }
                }
            }
            Mode::Candidates { keep, normalise } => {
                let fits = self.fits(&candidate, keep);
                // The sum is that of all tokens which may come.
                if !(fits || normalise) || !allowed(candidate.id) {
                    return;
                }
                if normalise {
                    self.sum.add(candidate.logit);
                }
                if fits {
                    self.keep(candidate, keep);
                }
            }
        }
    }

    #[inline]
    fn take_best(&mut self, candidate: Candidate, allowed: &mut dyn FnMut(u32) -> bool) {
        if self.best.is_none_or(|best| candidate.beats(&best)) && allowed(candidate.id) {
            self.best = Some(candidate);
        }
    }

    /// True if the candidate is one of the best `keep`.
    #[inline]
    fn fits(&self, candidate: &Candidate, keep: usize) -> bool {
        self.candidates.len() < keep || self.candidates.first().is_some_and(|top| candidate.beats(top))
    }

    /// Keeps a candidate that fits, in place of the last of `keep`.
    fn keep(&mut self, candidate: Candidate, keep: usize) {
        if self.candidates.len() < keep {
            // There is room: `keep` is at most the capacity.
            let _ = self.candidates.push(candidate);
            sift_up(&mut self.candidates);
        } else if let Some(top) = self.candidates.first_mut() {
            *top = candidate;
            sift_down(&mut self.candidates);
        }
    }

    /// Picks the token. Without any finite logit it is the first one pushed, without any at all 0.
    pub fn finish(&mut self) -> u32 {
        let first = self.first;
        self.finish_allowed().map(|picked| picked.id).or(first).unwrap_or(0)
    }

    /// Picks the token; `None` without any finite logit of one that is allowed.
    pub(crate) fn finish_allowed(&mut self) -> Option<Candidate> {
        let picked = match self.mode {
            Mode::Greedy | Mode::Gumbel => self.best,
            Mode::Candidates { normalise, .. } => self.draw(normalise),
        };
        self.random.advance();
        picked
    }

    /// The logit of `picked` before the repetition penalty, exact but for one rounding.
    #[cfg(feature = "probabilities")]
    pub(crate) fn raw_logit(&self, picked: Candidate) -> f32 {
        let (logit, penalty) = (picked.logit, self.config.repeat_penalty);
        match self.recent.binary_search(&picked.id) {
            Err(_) => logit,
            Ok(_) if logit > 0.0 => logit * penalty,
            Ok(_) => logit / penalty,
        }
    }

    fn draw(&mut self, normalise: bool) -> Option<Candidate> {
        let sorted = sort(&mut self.candidates);
        let best = sorted.first()?.logit;
        let weight = |c: &Candidate, temperature: f32| libm::expf((c.logit - best) / temperature);

        let mut kept = sorted.len();
        if self.config.top_p < 1.0 {
            // `best` is the maximum of all logits, so both sums are relative to the same.
            let all = if normalise { self.sum.relative() } else { sorted.iter().map(|c| weight(c, 1.0)).sum() };
            let mut sum = 0.0;
            let reached = sorted.iter().position(|c| {
                sum += weight(c, 1.0);
                sum >= self.config.top_p * all
            });
            kept = reached.map_or(kept, |at| at + 1);
        }
        let sorted = sorted.get(..kept)?;
        let likely = |c: &&Candidate| self.config.min_p == 0.0 || weight(c, 1.0) >= self.config.min_p;
        let kept = sorted.iter().take_while(likely).count().max(1);
        let sorted = sorted.get(..kept)?;

        let all: f32 = sorted.iter().map(|c| weight(c, self.config.temperature)).sum();
        let target = self.random.unit(0) * all;
        let mut sum = 0.0;
        let drawn = sorted.iter().find(|c| {
            sum += weight(c, self.config.temperature);
            sum > target
        });
        drawn.or(sorted.first()).copied()
    }
}

/// The likeliest of these tokens with a logit above `least`, of those that `above` beats if there is one.
fn likeliest(first_id: u32, logits: &[f32], least: f32, above: Option<Candidate>) -> Option<Candidate> {
    let mut found = Candidate { id: 0, logit: least };
    for (id, &logit) in (first_id..).zip(logits) {
        // Not-a-number stays out.
        if logit > found.logit {
            let candidate = Candidate { id, logit: logit.min(f32::MAX) };
            if candidate.logit > found.logit && above.is_none_or(|above| above.beats(&candidate)) {
                found = candidate;
            }
        }
    }
    (found.logit > least).then_some(found)
}

/// -ln(-ln u) for a `u` between 0 and 1, both excluded, made of random bits.
fn gumbel(bits: u32) -> f32 {
    // The distance to 1 is what large values depend on, so it is what is exact.
    let rest = (!bits as f32 + 0.5) * (1.0 / 4_294_967_296.0);
    let e = if rest < 0.5 { -libm::log1pf(-rest) } else { -libm::logf((bits as f32 + 0.5) * (1.0 / 4_294_967_296.0)) };
    -libm::logf(e)
}

fn at(heap: &[Candidate], i: usize) -> Option<Candidate> {
    heap.get(i).copied()
}

/// Swaps two elements as the slice's own method does, but without a panic.
fn swap<T>(slice: &mut [T], a: usize, b: usize) {
    if let Ok([a, b]) = slice.get_disjoint_mut([a, b]) {
        core::mem::swap(a, b);
    }
}

/// Restores the heap after something was put at its end.
fn sift_up(heap: &mut [Candidate]) {
    let mut i = heap.len().saturating_sub(1);
    while i > 0 {
        let parent = (i - 1) / 2;
        match (at(heap, i), at(heap, parent)) {
            (Some(child), Some(above)) if above.beats(&child) => swap(heap, i, parent),
            _ => return,
        }
        i = parent;
    }
}

/// Restores the heap after something was put on top.
fn sift_down(heap: &mut [Candidate]) {
    let mut i = 0;
    while let Some(left) = at(heap, 2 * i + 1) {
        let right = at(heap, 2 * i + 2).filter(|right| left.beats(right));
        let (child, below) = right.map_or((2 * i + 1, left), |right| (2 * i + 2, right));
        match at(heap, i) {
            Some(above) if above.beats(&below) => swap(heap, i, child),
            _ => return,
        }
        i = child;
    }
}

/// Sorts a heap, best first.
fn sort(heap: &mut [Candidate]) -> &[Candidate] {
    for end in (1..heap.len()).rev() {
        swap(heap, 0, end);
        if let Some(rest) = heap.get_mut(..end) {
            sift_down(rest);
        }
    }
    heap
}

#[cfg(test)]
mod tests;
