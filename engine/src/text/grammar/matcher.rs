//! A text read byte by byte.

use heapless::Vec;

use super::error::GrammarError;
use super::tables::{By, Grammar, MAX_DEPTH};

/// Most ways in which a text is read at the same time.
pub const MAX_READINGS: usize = 16;

/// Most frames of all readings together.
const MAX_FRAMES: usize = 96;

/// Most states that are looked at for a byte.
const MAX_STEPS: usize = 1024;

/// Most states that wait to be looked at.
const MAX_WAITING: usize = 64;

const NO_FRAME: u16 = u16::MAX;

/// A rule that another one waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    /// The state after the rule.
    then: u16,
    /// The count of the rule that waits.
    count: u16,
    /// The frame below, which is an earlier one.
    below: u16,
    /// Frames from here down.
    depth: u8,
    /// The number of the value that the rule is or is part of; 0 for none.
    value: u8,
}

/// A way to read the text so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reading {
    state: u16,
    count: u16,
    frame: u16,
}

/// The place in a text of a [`Grammar`], in about 900 bytes. A clone of it is a place to come back to.
#[derive(Clone, Debug)]
pub struct Matcher {
    readings: Vec<Reading, MAX_READINGS>,
    /// Frames of the readings and of earlier ones, each different.
    frames: Vec<Frame, MAX_FRAMES>,
}

impl Matcher {
    /// The beginning of a text.
    #[must_use]
    pub fn new(grammar: &Grammar<'_>) -> Self {
        let mut matcher = Matcher::nowhere();
        matcher.restart(grammar);
        matcher
    }

    /// No place in any text.
    pub(crate) const fn nowhere() -> Self {
        Matcher { readings: Vec::new(), frames: Vec::new() }
    }

    /// Goes back to the beginning.
    pub fn restart(&mut self, grammar: &Grammar<'_>) {
        self.readings.clear();
        self.frames.clear();
        let start = Reading { state: grammar.start(), count: 0, frame: NO_FRAME };
        // There is room for one.
        let _ = self.readings.push(start);
    }

    /// Takes `byte`, if the text may go on with it; otherwise nothing changes, and it is false.
    ///
    /// # Errors
    /// [`GrammarError::TooManyReadings`]: whether it may is not known; the place is the one before.
    pub fn take(&mut self, grammar: &Grammar<'_>, byte: u8) -> Result<bool, GrammarError> {
        if self.frames.len() > MAX_FRAMES / 2 {
            self.sweep();
        }
        let mut next: Vec<Reading, MAX_READINGS> = Vec::new();
        let overflow = GrammarError::TooManyReadings { have: MAX_READINGS };
        self.explore(grammar, Some(byte), &mut |reading, _| {
            if next.contains(&reading) { Ok(()) } else { next.push(reading).map_err(|_| overflow) }
        })?;
        if next.is_empty() {
            return Ok(false);
        }
        self.readings = next;
        Ok(true)
    }

    /// Takes all of `bytes`, if the text may go on with them; otherwise it is false, and the place is after those that it took.
    ///
    /// # Errors
    /// Those of [`take`](Self::take).
    pub fn take_all(&mut self, grammar: &Grammar<'_>, bytes: &[u8]) -> Result<bool, GrammarError> {
        for &byte in bytes {
            if !self.take(grammar, byte)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The bytes that the text may go on with: byte `b` is bit `b % 32` of word `b / 32`.
    ///
    /// # Errors
    /// Those of [`take`](Self::take).
    pub fn next_bytes(&mut self, grammar: &Grammar<'_>) -> Result<[u32; 8], GrammarError> {
        if self.frames.len() > MAX_FRAMES / 2 {
            self.sweep();
        }
        let mut set = [0u32; 8];
        self.explore(grammar, None, &mut |_, [low, high]| {
            for byte in low..=high {
                if let Some(word) = set.get_mut(usize::from(byte / 32)) {
                    *word |= 1 << (byte % 32);
                }
            }
            Ok(())
        })?;
        Ok(set)
    }

    /// True if the text may end here.
    #[must_use]
    pub fn may_end(&self, grammar: &Grammar<'_>) -> bool {
        self.readings.iter().any(|&reading| {
            let mut reading = reading;
            // A frame lies above earlier ones only.
            for _ in 0..=MAX_DEPTH {
                if !grammar.state(reading.state).may_end(reading.count) {
                    return false;
                }
                match self.below(reading) {
                    Some(below) => reading = below,
                    None => return true,
                }
            }
            false
        })
    }

    /// The number of the value that the byte taken last is part of, in the order of [`Grammar::values`] and from 1; 0 outside of values.
    #[cfg(feature = "values")]
    pub(crate) fn value(&self) -> u8 {
        // The compiler has proved that readings agree.
        self.readings.iter().map(|&reading| self.number_of_value(reading)).max().unwrap_or(0)
    }

    fn number_of_value(&self, reading: Reading) -> u8 {
        self.frames.get(usize::from(reading.frame)).map_or(0, |frame| frame.value)
    }

    /// The reading after the end of the rule of `reading`, if another rule waits for it.
    fn below(&self, reading: Reading) -> Option<Reading> {
        let frame = self.frames.get(usize::from(reading.frame))?;
        Some(Reading { state: frame.then, count: frame.count, frame: frame.below })
    }

    fn depth(&self, frame: u16) -> u16 {
        self.frames.get(usize::from(frame)).map_or(0, |frame| frame.depth.into())
    }

    /// Shows `visit` the edges that take `byte`, or all: the reading after each, and its first and last byte. Calls and ends of rules
    /// are followed; what cannot be finished within the grammar's depth is left out.
    fn explore(
        &mut self,
        grammar: &Grammar<'_>,
        byte: Option<u8>,
        visit: &mut dyn FnMut(Reading, [u8; 2]) -> Result<(), GrammarError>,
    ) -> Result<(), GrammarError> {
        let overflow = GrammarError::TooManyReadings { have: MAX_READINGS };
        let mut waiting: Vec<Reading, MAX_WAITING> = Vec::new();
        waiting.extend_from_slice(&self.readings).map_err(|_| overflow)?;
        let mut steps = 0;
        while let Some(reading) = waiting.pop() {
            steps += 1;
            if steps > MAX_STEPS {
                return Err(overflow);
            }
            let (state, depth) = (grammar.state(reading.state), self.depth(reading.frame));
            if state.may_end(reading.count)
                && let Some(below) = self.below(reading)
            {
                waiting.push(below).map_err(|_| overflow)?;
            }
            for step in state {
                let is_other = |byte| matches!(step.by, By::Byte([low, high]) if byte < low || byte > high);
                if byte.is_some_and(is_other) || depth + grammar.need(step.then) > grammar.depth() {
                    continue;
                }
                let Some(count) = step.count.apply(reading.count) else { continue };
                match step.by {
                    By::Byte(bytes) => visit(Reading { state: step.then, count, frame: reading.frame }, bytes)?,
                    By::Rule(rule) if depth + 1 + grammar.need(rule) <= grammar.depth() => {
                        let value = match self.number_of_value(reading) {
                            0 => grammar.number_of_value(rule),
                            outer => outer,
                        };
                        let depth = (depth + 1) as u8;
                        let frame = Frame { then: step.then, count, below: reading.frame, depth, value };
                        let frame = self.frame(frame).ok_or(overflow)?;
                        waiting.push(Reading { state: rule, count: 0, frame }).map_err(|_| overflow)?;
                    }
                    By::Rule(_) => {}
                }
            }
        }
        Ok(())
    }

    /// The index of a frame, which is added if there is none like it.
    fn frame(&mut self, frame: Frame) -> Option<u16> {
        let at = self.frames.iter().position(|other| *other == frame);
        let at = match at {
            Some(at) => at,
            None => {
                self.frames.push(frame).ok()?;
                self.frames.len() - 1
            }
        };
        u16::try_from(at).ok()
    }

    /// Drops the frames that no reading stands on.
    fn sweep(&mut self) {
        let mut places = [NO_FRAME; MAX_FRAMES];
        for at in self.readings.iter().map(|reading| reading.frame) {
            if let Some(place) = places.get_mut(usize::from(at)) {
                *place = 0;
            }
        }
        for at in (0..self.frames.len()).rev() {
            let below = self.frames.get(at).map_or(NO_FRAME, |frame| frame.below);
            if places.get(at) == Some(&0)
                && let Some(place) = places.get_mut(usize::from(below))
            {
                *place = 0;
            }
        }
        let place_of = |places: &[u16; MAX_FRAMES], at: u16| places.get(usize::from(at)).copied().unwrap_or(NO_FRAME);
        let mut kept: u16 = 0;
        for at in 0..self.frames.len() {
            let (Some(&frame), Some(place)) = (self.frames.get(at), places.get_mut(at)) else { continue };
            if *place == NO_FRAME {
                continue;
            }
            *place = kept;
            let below = place_of(&places, frame.below);
            if let Some(slot) = self.frames.get_mut(usize::from(kept)) {
                *slot = Frame { below, ..frame };
            }
            kept += 1;
        }
        self.frames.truncate(kept.into());
        for reading in &mut self.readings {
            reading.frame = place_of(&places, reading.frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Tables of `states`: flags, words.
    fn tables(depth: u16, states: &[(u8, &[[u8; 4]])]) -> Vec<u8> {
        let n_words: usize = states.iter().map(|(_, words)| words.len()).sum();
        let mut bytes = b"FGR1".to_vec();
        bytes.extend((states.len() as u16).to_le_bytes());
        bytes.extend(0u16.to_le_bytes());
        bytes.extend((n_words as u32).to_le_bytes());
        bytes.extend(depth.to_le_bytes());
        bytes.extend([0; 6]);
        let mut first = 0u32;
        for (flags, words) in states {
            bytes.extend([first as u8, (first >> 8) as u8, 0, *flags]);
            first += words.len() as u32;
        }
        bytes.extend([first as u8, (first >> 8) as u8, 0, 0]);
        states.iter().for_each(|(_, words)| words.iter().for_each(|word| bytes.extend(word)));
        bytes
    }

    /// Balanced brackets around 2 or 3 of `x`.
    fn brackets(depth: u16) -> Vec<u8> {
        let call = [[1, 0, 0, 0], [0, 0, 2, 0], [0; 4]];
        let one = [b'(', b'(', 1, 0];
        let inner = [[0, 1, 0, 0], [b'x', b'x', 4, 0], [1, 0, 3, 0], one];
        let more = [[0, 1, 2, 0], [b'x', b'x', 4, 0], [1, 0, 3, 0]];
        tables(depth, &[(2, &inner), (2 | 1 << 2, &call), (0, &[[b')', b')', 3, 0]]), (1, &[]), (3, &more)])
    }

    fn accepts(grammar: &Grammar<'_>, text: &str) -> bool {
        let mut matcher = Matcher::new(grammar);
        matcher.take_all(grammar, text.as_bytes()) == Ok(true) && matcher.may_end(grammar)
    }

    #[test]
    fn rules_nest_and_counts_have_limits() {
        let bytes = brackets(3);
        let grammar = Grammar::open(&bytes).expect("they are tables");
        for (text, right) in
            [("xx", true), ("xxx", true), ("x", false), ("xxxx", false), ("(xx)", true), ("((xxx))", true)]
        {
            assert_eq!(accepts(&grammar, text), right, "{text}");
        }
        assert!(accepts(&grammar, "(((xx)))") && !accepts(&grammar, "((((xx))))") && !accepts(&grammar, "((xx)"));
    }

    #[test]
    fn a_place_can_be_come_back_to() {
        let bytes = brackets(40);
        let grammar = Grammar::open(&bytes).expect("they are tables");
        let mut matcher = Matcher::new(&grammar);
        for _ in 0..5 {
            let before = matcher.clone();
            assert_eq!(matcher.take_all(&grammar, "((((((((xx".as_bytes()), Ok(true));
            assert_eq!(matcher.take(&grammar, b'('), Ok(false));
            matcher = before;
            assert_eq!(matcher.take_all(&grammar, b"(((((((("), Ok(true));
        }
        let set = matcher.next_bytes(&grammar).expect("there are few");
        assert_eq!(set, [0, 0, 0, 1 << (b'x' - 96), 0, 0, 0, 0], "no more brackets fit");
        assert_eq!(matcher.take_all(&grammar, b"xx"), Ok(true));
        assert_eq!(matcher.take_all(&grammar, &[b')'; 40]), Ok(true));
        assert!(matcher.may_end(&grammar));
    }

    #[test]
    fn broken_tables_are_refused() {
        let bytes = brackets(3);
        for len in 0..bytes.len() {
            assert!(Grammar::open(&bytes[..len]).is_err(), "{len}");
        }
        let mut deep = bytes.clone();
        deep[12] = 65;
        assert_eq!(Grammar::open(&deep).err(), Some(GrammarError::TooDeep { need: 65, have: 64 }));
        // A state that calls itself, and one that goes nowhere.
        let call = [[1, 0, 0, 0], [0, 0, 0, 0], [0; 4]];
        let endless = tables(64, &[(3, &call)]);
        let grammar = Grammar::open(&endless).expect("they are tables");
        let error = Err(GrammarError::TooManyReadings { have: MAX_READINGS });
        assert_eq!(Matcher::new(&grammar).take(&grammar, b'a'), error);
        let beyond = tables(64, &[(0, &[[b'a', b'a', 1, 0]])]);
        assert_eq!(Grammar::open(&beyond).err(), Some(GrammarError::OutOfRange { offset: 20 }));
    }
}
