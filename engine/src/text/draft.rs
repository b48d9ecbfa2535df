//! Guessing the next tokens from the text itself: what followed when its last tokens occurred before.
//!
//! A pass that verifies a draft reads the weights once, as any pass does, and computes more. [`Drafter`] weighs the two, so
//! that text which does not repeat itself takes hardly longer than without drafts.

use core::num::NonZero;

/// Most tokens of a draft.
pub const MAX_DRAFT: usize = 15;

/// The longest run of tokens that is looked for.
const LONGEST: usize = 4;
/// The shortest: a single token is followed by anything.
const SHORTEST: usize = 2;
/// The account's units in a pass.
const PASS: u32 = 16 * SHARE;
/// Tokens of the first draft.
const FIRST: usize = 4;
/// Of the passes so far, one in this many may be lost.
const SHARE: u32 = 32;
/// The account's units before there were any passes.
const START: u32 = PASS / 2;
/// The most units of the account, after many passes that were won.
const MOST: u32 = 8 * PASS;

/// Drafts the next tokens by prompt lookup.
///
/// An account of passes says what may be tried. It starts with half a pass; every pass adds a thirty-second, every token of
/// a draft takes its cost, every one that was right gives a pass back. In the worst case, drafts that are never right, `n`
/// passes take the time of `n + n / 32 + 1 / 2`, as far as the cost is known.
#[derive(Clone, Copy, Debug)]
pub struct Drafter {
    /// The cost of one more token of a pass, in the account's units.
    cost: NonZero<u32>,
    /// The time of a pass over one token, a mean of late ones; 0 if none is known.
    single: u32,
    account: u32,
    /// Most tokens of the next draft.
    length: usize,
    /// The cost stays as it was estimated.
    keeps_cost: bool,
}

impl Drafter {
    /// A drafter for passes whose every further token takes `cost` sixteenths of the time of a pass over one: 16 where
    /// arithmetic is the limit, 1 or 2 where reading the weights is.
    #[must_use]
    pub fn new(cost: u8) -> Self {
        let cost = NonZero::new(u32::from(cost).clamp(1, 16) * SHARE).unwrap_or(NonZero::<u32>::MIN);
        Drafter { cost, single: 0, account: START, length: FIRST, keeps_cost: false }
    }

    /// Keeps to the cost that was estimated, so that passes do not depend on a clock.
    #[must_use]
    pub fn keeping_cost(self) -> Self {
        Drafter { keeps_cost: true, ..self }
    }

    /// Takes note of how long a pass over `tokens` took, in any unit that is fine enough: what one more token costs is then
    /// measured and no estimate any more. A time of 0 says nothing.
    pub fn took(&mut self, tokens: usize, time: u32) {
        let mean = |old: u32, new: u64| (old.div_ceil(2)).saturating_add(u32::try_from(new / 2).unwrap_or(u32::MAX));
        match (tokens, self.single) {
            _ if self.keeps_cost || time == 0 => {}
            (0, _) => {}
            (1, 0) => self.single = time,
            (1, single) => self.single = mean(single, u64::from(time)),
            // Nothing to compare with: the worst, until a pass without a draft brings it.
            (_, 0) => self.cost = NonZero::new(PASS).unwrap_or(NonZero::<u32>::MIN),
            (_, single) => {
                let more = u64::from(time.saturating_sub(single)) * u64::from(PASS);
                let cost = more / u64::from(single).saturating_mul(tokens as u64 - 1).max(1);
                // What costs more than was thought is believed at once.
                let cost = cost.max(u64::from(mean(self.cost.get(), cost))).min(u64::from(2 * PASS));
                self.cost = NonZero::new(cost as u32).unwrap_or(NonZero::<u32>::MIN);
            }
        }
    }

    /// Most tokens of the next draft, whoever makes it.
    pub(crate) fn most(&self) -> usize {
        self.length.min((self.account / self.cost) as usize)
    }

    /// Puts what is likely to follow `history` into `out`, at most [`MAX_DRAFT`] tokens; returns how many they are.
    pub fn draft(&self, history: &[u32], out: &mut [u32]) -> usize {
        let most = self.most().min(out.len());
        let Some(follows) = lookup(history).filter(|_| most > 0) else { return 0 };
        for n in 0..most {
            // What follows may run into the end of the text, which then goes on with the draft.
            let at = follows + n;
            let id = history.get(at).or_else(|| out.get(at.checked_sub(history.len())?)).copied();
            match (id, out.get_mut(n)) {
                (Some(id), Some(out)) => *out = id,
                _ => return n,
            }
        }
        most
    }

    /// Takes note of a pass that verified `drafted` tokens, of which the first `right` were right; also of one without.
    pub fn verified(&mut self, drafted: usize, right: usize) {
        let (drafted, right) = (drafted.min(MAX_DRAFT), right.min(drafted).min(MAX_DRAFT));
        let gained = PASS / SHARE + right as u32 * PASS;
        self.account = (self.account + gained).min(MOST).saturating_sub(drafted as u32 * self.cost.get());
        if drafted > 0 {
            self.length = if right == drafted { (2 * self.length).min(MAX_DRAFT) } else { (right + 1).max(2) };
        }
    }
}

/// Finds the longest run of tokens that `history` ends with and that occurs in it before; returns the end of its last occurrence.
fn lookup(history: &[u32]) -> Option<usize> {
    let (mut longest, mut found) = (SHORTEST - 1, None);
    for end in (SHORTEST..history.len()).rev() {
        let before = history.get(..end)?.iter().rev();
        let same = before.zip(history.iter().rev()).take(LONGEST).take_while(|(a, b)| a == b).count();
        if same > longest {
            (longest, found) = (same, Some(end));
            if same == LONGEST {
                break;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn draft(drafter: &Drafter, history: &[u32]) -> Vec<u32> {
        let mut out = [0; MAX_DRAFT];
        let n = drafter.draft(history, &mut out);
        out[..n].to_vec()
    }

    #[test]
    fn the_longest_run_wins_and_of_equals_the_last() {
        // `2 3` occurred twice, `1 2 3` once, before the 4.
        assert_eq!(lookup(&[1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3]), Some(3));
        assert_eq!(lookup(&[2, 3, 4, 9, 2, 3, 5, 2, 3]), Some(6));
        assert_eq!(lookup(&[2, 3, 2, 3]), Some(2), "the text's first tokens");
        assert_eq!(lookup(&[3, 4, 9, 3]), None, "one token is no run");
        assert_eq!(lookup(&[7, 7, 7]), Some(2));
        for short in [&[][..], &[1], &[1, 2], &[1, 1]] {
            assert_eq!(lookup(short), None);
        }
    }

    #[test]
    fn drafts_grow_while_they_are_right_and_go_on_in_a_cycle() {
        let mut drafter = Drafter::new(1);
        let text = [1, 2, 3, 4, 5, 1, 2];
        assert_eq!(draft(&drafter, &text), [3, 4, 5, 1]);
        drafter.verified(4, 4);
        assert_eq!(draft(&drafter, &text), [3, 4, 5, 1, 2, 3, 4, 5]);
        drafter.verified(8, 8);
        assert_eq!(draft(&drafter, &text).len(), MAX_DRAFT);
        assert_eq!(drafter.draft(&text, &mut [0; 3]), 3);
        assert_eq!(drafter.draft(&text, &mut []), 0);
        drafter.verified(8, 0);
        assert_eq!(draft(&drafter, &text), [3, 4]);
        // A pass without a draft says nothing about lengths, one of which three were right that four may be.
        drafter.verified(0, 0);
        assert_eq!(draft(&drafter, &text), [3, 4]);
        drafter.verified(4, 3);
        assert_eq!(draft(&drafter, &text), [3, 4, 5, 1]);
    }

    #[test]
    fn what_never_comes_true_costs_little() {
        for cost in [0, 1, 2, 5, 16, 255] {
            let (mut drafter, mut lost) = (Drafter::new(cost), 0.0);
            for passes in 1..4000 {
                let n = draft(&drafter, &[7, 7, 7, 7, 7]).len();
                drafter.verified(n, 0);
                lost += n as f64 * f64::from(cost.clamp(1, 16)) / 16.0;
                assert!(lost <= 0.5 + f64::from(passes) / 32.0, "{cost}: {lost} passes of {passes}");
            }
            assert!(lost > 100.0, "{cost}: {lost} passes: what is allowed is tried");
        }
    }

    #[test]
    fn costs_are_learned() {
        // a pass takes 1000, one more token of it 500: nearly as much as what is estimated at first, or much more
        for estimate in [1, 9, 16] {
            let mut drafter = Drafter::new(estimate);
            for _ in 0..20 {
                drafter.took(1, 1000);
                drafter.took(4, 2500);
            }
            assert!(drafter.cost.get().abs_diff(PASS / 2) <= 2, "{estimate}: {}", drafter.cost);
        }
        // no token is taken to cost more than two passes
        let mut drafter = Drafter::new(1);
        drafter.took(1, 1000);
        drafter.took(2, 9000);
        assert_eq!(drafter.cost.get(), 2 * PASS);
        let (mut drafter, mut lost) = (Drafter::new(1), 0.0);
        for passes in 1..4000 {
            let n = draft(&drafter, &[7, 7, 7, 7, 7]).len();
            drafter.took(1 + n, 1000 + 1000 * n as u32);
            drafter.verified(n, 0);
            lost += n as f64;
            // the first draft costs more than was thought
            assert!(lost <= 4.5 + f64::from(passes) / 32.0, "{lost} passes of {passes}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_coped_with() {
        let mut drafter = Drafter::new(1);
        for (drafted, right) in [(usize::MAX, usize::MAX), (0, 5), (3, 9), (usize::MAX, 0)] {
            (0..100).for_each(|_| drafter.verified(drafted, right));
            (0..100).for_each(|i| drafter.took(drafted, if i % 2 == 0 { u32::MAX } else { 0 }));
            (0..100).for_each(|_| drafter.took(1, right as u32));
            assert!(draft(&drafter, &[7; 40]).len() <= MAX_DRAFT);
        }
    }
}
