//! Merging the symbols of one word, best pair first.

use crate::arena::{Arena, Region};

use super::steps;

/// The key of a pair that does not merge; smaller keys merge earlier.
pub(super) const NEVER: u32 = u32::MAX;

/// Bytes of the longest symbol.
pub(super) const MAX_SYMBOL: usize = u16::MAX as usize;

/// Keys whose best one is remembered.
const BLOCK: usize = 128;

/// Bests of one level of which the next level remembers the best.
const FAN: usize = 16;

/// The symbols of one word: where each starts, how long it is, and the key of the pair it forms
/// with the one to its right. About 8 bytes for each byte of the longest word.
///
/// The best pair is the root of a tree: the best of each block of 128 keys, the best of each 16 of those, and so on. A
/// changed key is compared with its own block on each level only, so that a merge costs some hundred steps in a word of
/// any length and a handful in an ordinary one.
pub(super) struct Symbols<'a> {
    keys: &'a mut [u32],
    /// Bytes of the symbol that starts here, 0 where none does.
    lens: &'a mut [u16],
    /// Bytes of the symbol to the left of the one that starts here, 0 at the first.
    before: &'a mut [u16],
    /// The position of the smallest key of each block, level after level; the last one is the root.
    best: &'a mut [u32],
    /// Bytes of the word.
    len: usize,
}

/// Entries of the tree over `n` keys.
fn tree(n: usize) -> usize {
    let mut level = n.div_ceil(BLOCK);
    let mut all = level;
    while level > 1 {
        level = level.div_ceil(FAN);
        all += level;
    }
    all
}

impl<'a> Symbols<'a> {
    /// Room for words of up to `bytes` bytes.
    pub(super) fn take(bytes: usize, arena: &mut Arena<'a>) -> Self {
        let region = Region::TokenizerIndex;
        Symbols {
            keys: arena.take(region, bytes),
            lens: arena.take(region, bytes),
            before: arena.take(region, bytes),
            best: arena.take(region, tree(bytes)),
            len: 0,
        }
    }

    /// The longest word, in bytes.
    pub(super) fn room(&self) -> usize {
        self.keys.len()
    }

    /// Starts a word of symbols of the given lengths; false when it does not fit.
    pub(super) fn start(&mut self, symbols: impl Iterator<Item = usize>) -> bool {
        self.len = 0;
        let mut before = 0;
        for bytes in symbols {
            let end = self.len + bytes;
            let (Some(lens), Some(keys), Ok(len)) =
                (self.lens.get_mut(self.len..end), self.keys.get_mut(self.len..end), u16::try_from(bytes))
            else {
                return false;
            };
            lens.fill(0);
            keys.fill(NEVER);
            if let (Some(first), Some(slot)) = (lens.first_mut(), self.before.get_mut(self.len)) {
                *first = len;
                *slot = before;
            }
            before = len;
            self.len = end;
        }
        true
    }

    /// The symbol that starts at `at`, as `(start, end)`.
    pub(super) fn at(&self, at: usize) -> Option<(usize, usize)> {
        let len = if at < self.len { usize::from(*self.lens.get(at)?) } else { 0 };
        (len > 0).then_some((at, at + len))
    }

    /// The symbol to the left of the one that starts at `at`.
    pub(super) fn left_of(&self, at: usize) -> Option<(usize, usize)> {
        let before = usize::from(*self.before.get(at)?);
        (before > 0).then_some((at.checked_sub(before)?, at))
    }

    /// Sets the key of the pair whose left symbol starts at `at`; [`refresh`](Self::refresh) must follow, or
    /// [`refresh_all`](Self::refresh_all).
    pub(super) fn set_key(&mut self, at: usize, key: u32) {
        if let Some(slot) = self.keys.get_mut(at) {
            *slot = key;
        }
    }

    /// Finds the best pair again of every block that holds the key at `at`.
    pub(super) fn refresh(&mut self, at: usize) {
        let mut block = at / BLOCK;
        let first = block * BLOCK;
        let keys = self.keys.get(first..self.len.min(first + BLOCK)).unwrap_or_default();
        let mut best = smallest((first..).zip(keys.iter().copied()));
        let (mut level, mut n) = (0, self.len.div_ceil(BLOCK));
        while let Some(slot) = self.best.get_mut(level + block) {
            *slot = best as u32;
            if n <= 1 {
                return;
            }
            block /= FAN;
            let first = level + block * FAN;
            let below = self.best.get(first..(level + n).min(first + FAN)).unwrap_or_default();
            best = smallest(below.iter().map(|&at| (at as usize, self.key(at as usize))));
            level += n;
            n = n.div_ceil(FAN);
        }
    }

    /// Finds the best pair again of every block.
    pub(super) fn refresh_all(&mut self) {
        (0..self.len).step_by(BLOCK).for_each(|at| self.refresh(at));
    }

    fn key(&self, at: usize) -> u32 {
        self.keys.get(at).copied().unwrap_or(NEVER)
    }

    /// Merges the pair with the smallest key, the leftmost of equals; returns where it starts.
    /// The keys of the pairs that the new symbol forms must be set anew.
    pub(super) fn merge_best(&mut self) -> Option<usize> {
        let root = tree(self.len).checked_sub(1)?;
        let at = *self.best.get(root)? as usize;
        if self.key(at) == NEVER {
            return None;
        }
        let (_, middle) = self.at(at)?;
        let (_, end) = self.at(middle)?;
        // Pairs longer than `MAX_SYMBOL` have the key `NEVER`.
        let merged = u16::try_from(end - at).ok()?;
        *self.lens.get_mut(at)? = merged;
        *self.lens.get_mut(middle)? = 0;
        if end < self.len {
            *self.before.get_mut(end)? = merged;
        }
        self.set_key(middle, NEVER);
        self.refresh(middle);
        Some(at)
    }
}

/// The position of the smallest key, the first of equals.
fn smallest(keys: impl Iterator<Item = (usize, u32)>) -> usize {
    let best = keys.inspect(|_| steps::count(1)).reduce(|best, other| if other.1 < best.1 { other } else { best });
    best.map_or(0, |(at, _)| at)
}

/// A key that is smaller for a better score, and never [`NEVER`].
pub(super) fn score_key(score: f32) -> u32 {
    // Minus zero is zero; not-a-number is worse than any number.
    let bits = (score + 0.0).to_bits();
    let ascending = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
    if score.is_nan() { NEVER - 1 } else { !ascending }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    /// The leftmost smallest key of `keys`, found by looking at all of them.
    fn leftmost(keys: &[u32]) -> Option<usize> {
        let smallest = *keys.iter().filter(|&&key| key != NEVER).min()?;
        keys.iter().position(|&key| key == smallest)
    }

    #[test]
    fn the_best_pair_is_the_leftmost_smallest_key_of_a_word_of_any_length() {
        // Words that end at, before and behind the borders of blocks on each level.
        for len in [1, 2, 127, 128, 129, 300, 2048, 2049, 32_769, 65_537] {
            let mut memory = vec![0xa5; 16 * 65_537];
            let mut symbols = Symbols::take(65_537, &mut Arena::new(&mut memory));
            // The tree of a longer word is still there.
            assert!(symbols.start(core::iter::repeat_n(1, 65_537)));
            (0..65_537).for_each(|at| symbols.set_key(at, 1));
            symbols.refresh_all();
            assert!(symbols.start(core::iter::repeat_n(1, len)));
            let mut keys = vec![NEVER; len];
            let mut random = 88_172_645_463_325_252_u64;
            let mut next = |below: usize| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                (random >> 8) as usize % below
            };
            // Few different keys, so that many are equal; the smallest come late.
            for (at, key) in keys.iter_mut().enumerate().take(len - 1) {
                *key = next(3) as u32 + if at < len / 4 * 3 { 10 } else { 0 };
                symbols.set_key(at, *key);
            }
            symbols.refresh_all();
            for _ in 0..100 {
                let Some(want) = leftmost(&keys) else { break };
                assert_eq!(symbols.merge_best(), Some(want), "{len}");
                let (_, end) = symbols.at(want).expect("the merged symbol");
                keys[want + 1..end].fill(NEVER);
                // The new symbol merges on, but at the word's end; or a symbol somewhere does.
                let key = if end < len { [4, 5, NEVER][next(3)] } else { NEVER };
                keys[want] = key;
                symbols.set_key(want, key);
                symbols.refresh(want);
                let other = next(len);
                if symbols.at(other).is_some_and(|(_, end)| end < len) {
                    keys[other] = next(2) as u32;
                    symbols.set_key(other, keys[other]);
                    symbols.refresh(other);
                }
            }
        }
    }
    #[test]
    fn a_word_that_fills_the_room_merges_to_its_end() {
        let mut memory = vec![0; 1 << 10];
        let mut symbols = Symbols::take(3, &mut Arena::new(&mut memory));
        assert!(symbols.start(core::iter::repeat_n(1, 3)));
        assert_eq!((symbols.left_of(0), symbols.left_of(1)), (None, Some((0, 1))));
        symbols.set_key(1, 7);
        symbols.refresh_all();
        assert_eq!((symbols.merge_best(), symbols.at(1), symbols.left_of(1)), (Some(1), Some((1, 3)), Some((0, 1))));
    }
}
