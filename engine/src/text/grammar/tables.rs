//! The tables of a compiled grammar.
//!
//! All numbers are little-endian. A header of [`HEADER`] bytes, then a record of 4 bytes for each state and one more that ends
//! the last, then words of 4 bytes:
//!
//! ```text
//! header   "FGR1" or "FGR2", n_states u16, start u16, n_words u32, depth u16, readings u16, longest u32
//! state    first word u24, flags u8: 1 accepts, 2 has a head, the rest the frames that it needs at least
//! head     calls u8, counted edges u8, least count to accept u16
//! call     rule's first state u16, state after it u16; operation u16, limit u16
//! counted  low byte u8, high byte u8, next state u16; operation u16, limit u16
//! edge     low byte u8, high byte u8, next state u16
//! ```
//!
//! A state's words are its head, if it has one, its calls, its counted edges and its edges. Tables of version 2 have values behind
//! the words: a number of them, then 12 bytes for each. Their readings are known, and agree on values.
//!
//! ```text
//! values   n_values u32
//! value    rule's first state u16, action u8 (0 seconds, 1 time), 0 u8, least u32, most u32
//! ```

use super::error::GrammarError;
#[cfg(feature = "values")]
use crate::text::values::{Action, Value};

/// Bytes of the header.
pub const HEADER: usize = 20;

/// Deepest nesting that tables may ask for, in frames.
pub const MAX_DEPTH: usize = 64;

const ACCEPTS: u8 = 1;
const HAS_HEAD: u8 = 2;
const NEED_SHIFT: u8 = 2;

/// The operation of an edge on the count of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// Leaves it.
    Keep,
    /// Counts one more, which must not be more than the limit.
    Up(u16),
    /// Goes on only where it is at least the limit.
    AtLeast(u16),
    /// No operation of this format, which [`Grammar::open`] refuses.
    Unknown,
}

impl Count {
    fn read([op, op_high, low, high]: [u8; 4]) -> Count {
        let limit = u16::from_le_bytes([low, high]);
        match (op, op_high) {
            (0, 0) => Count::Keep,
            (1, 0) => Count::Up(limit),
            (2, 0) => Count::AtLeast(limit),
            _ => Count::Unknown,
        }
    }

    /// The count after the edge, if that may be taken.
    pub(super) fn apply(self, count: u16) -> Option<u16> {
        match self {
            Count::Keep => Some(count),
            Count::Up(limit) => count.checked_add(1).filter(|&count| count <= limit),
            Count::AtLeast(limit) => (count >= limit).then_some(count),
            Count::Unknown => None,
        }
    }
}

/// A transition from a state to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) by: By,
    /// The state after it.
    pub(super) then: u16,
    pub(super) count: Count,
}

/// The part of a text that a step consumes.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    /// A byte from the first to the second.
    Byte([u8; 2]),
    /// Any text of the rule that begins in this state.
    Rule(u16),
}

/// A state, and the steps from it that are left.
#[derive(Clone, Copy, Debug)]
pub(super) struct State<'t> {
    flags: u8,
    least: u16,
    /// Calls that are left, then counted edges: both have a second word, the operation on the count.
    calls: u8,
    counted: u8,
    words: &'t [[u8; 4]],
}

impl State<'_> {
    const NONE: State<'static> = State { flags: 0, least: 0, calls: 0, counted: 0, words: &[] };

    /// True if a rule may end here with this count.
    pub(super) fn may_end(&self, count: u16) -> bool {
        self.flags & ACCEPTS != 0 && count >= self.least
    }

    /// True if every word was read as part of a step.
    fn is_done(&self) -> bool {
        self.calls == 0 && self.counted == 0 && self.words.is_empty()
    }
}

impl Iterator for State<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let (&[a, b, c, d], mut rest) = self.words.split_first()?;
        let (is_call, mut count) = (self.calls > 0, Count::Keep);
        if is_call || self.counted > 0 {
            let (&operation, after) = rest.split_first()?;
            (count, rest) = (Count::read(operation), after);
            let left = if is_call { &mut self.calls } else { &mut self.counted };
            *left = left.saturating_sub(1);
        }
        self.words = rest;
        let by = if is_call { By::Rule(u16::from_le_bytes([a, b])) } else { By::Byte([a, b]) };
        Some(Step { by, then: u16::from_le_bytes([c, d]), count })
    }
}

/// A compiled grammar, whose tables stay where the caller has them.
#[derive(Clone, Copy, Debug)]
pub struct Grammar<'t> {
    states: &'t [[u8; 4]],
    words: &'t [[u8; 4]],
    start: u16,
    depth: u16,
    readings: u16,
    longest: u32,
    /// The place of values in the tables, and values.
    #[cfg(feature = "values")]
    values: (usize, &'t [[u8; 12]]),
}

impl<'t> Grammar<'t> {
    /// Reads `tables`, whose every number is checked.
    ///
    /// # Errors
    /// [`GrammarError`]: they are not the tables of a grammar, or of one that nests too deep.
    pub fn open(tables: &'t [u8]) -> Result<Grammar<'t>, GrammarError> {
        let (header, rest) = tables.split_first_chunk::<HEADER>().ok_or(GrammarError::UnknownFormat)?;
        let (words, tail) = header.as_chunks::<4>();
        let &[magic, [n0, n1, s0, s1], n_words, [d0, d1, r0, r1], longest] = words else {
            return Err(GrammarError::UnknownFormat);
        };
        if !tail.is_empty() {
            return Err(GrammarError::UnknownFormat);
        }
        let (n_states, start) = (u16::from_le_bytes([n0, n1]), u16::from_le_bytes([s0, s1]));
        let (depth, readings) = (u16::from_le_bytes([d0, d1]), u16::from_le_bytes([r0, r1]));
        let n_records = usize::from(n_states) + 1;
        let n_words = u32::from_le_bytes(n_words);
        let end = (n_records as u64 + u64::from(n_words)) * 4 + HEADER as u64;
        let need = end + values_bytes(magic, tables, end)?;
        if need != tables.len() as u64 {
            let need = usize::try_from(need).unwrap_or(usize::MAX);
            return Err(GrammarError::Length { need, have: tables.len() });
        }
        if usize::from(depth) > MAX_DEPTH {
            return Err(GrammarError::TooDeep { need: depth.into(), have: MAX_DEPTH });
        }
        let (rest, _) = rest.as_chunks::<4>();
        let (states, words) = rest.split_at_checked(n_records).ok_or(GrammarError::UnknownFormat)?;
        let (words, values) = words.split_at_checked(n_words as usize).ok_or(GrammarError::UnknownFormat)?;
        #[cfg(not(feature = "values"))]
        let _ = values;
        let longest = u32::from_le_bytes(longest);
        let grammar = Grammar {
            states,
            words,
            start,
            depth,
            readings,
            longest,
            #[cfg(feature = "values")]
            values: (end as usize + 4, values.get(1..).unwrap_or_default().as_flattened().as_chunks().0),
        };
        grammar.check(n_states)?;
        #[cfg(feature = "values")]
        grammar.check_values(n_states)?;
        Ok(grammar)
    }

    fn check(&self, n_states: u16) -> Result<(), GrammarError> {
        if self.start >= n_states {
            return Err(GrammarError::OutOfRange { offset: 6 });
        }
        let mut first = 0;
        for (index, record) in self.states.iter().enumerate() {
            let offset = HEADER + 4 * index;
            let next = first_word(*record);
            let is_last = index == usize::from(n_states);
            if next < first || is_last && next != self.words.len() || index == 0 && next != 0 {
                return Err(GrammarError::OutOfRange { offset });
            }
            first = next;
            if is_last {
                break;
            }
            if !self.is_state(index, n_states) {
                return Err(GrammarError::OutOfRange { offset });
            }
        }
        Ok(())
    }

    #[cfg(feature = "values")]
    fn check_values(&self, n_states: u16) -> Result<(), GrammarError> {
        let (first, values) = self.values;
        if values.len() > usize::from(u8::MAX) || !values.is_empty() && self.readings == 0 {
            return Err(GrammarError::OutOfRange { offset: 14 });
        }
        for (index, record) in values.iter().enumerate() {
            let &[low, high, ..] = record;
            if u16::from_le_bytes([low, high]) >= n_states || read_value(record).is_none() {
                return Err(GrammarError::OutOfRange { offset: first + size_of_val(record) * index });
            }
        }
        Ok(())
    }

    /// True if a state's words are steps to other states.
    fn is_state(&self, index: usize, n_states: u16) -> bool {
        let Some(mut state) = self.parse(index) else { return false };
        let is_step = |step: Step| {
            let takes = match step.by {
                By::Byte([low, high]) => low <= high,
                By::Rule(rule) => rule < n_states,
            };
            takes && step.then < n_states && step.count != Count::Unknown
        };
        state.all(is_step) && state.is_done()
    }

    fn parse(&self, index: usize) -> Option<State<'t>> {
        let (&record, &end) = (self.states.get(index)?, self.states.get(index + 1)?);
        let (flags, words) = (record[3], self.words.get(first_word(record)..first_word(end))?);
        if flags & HAS_HEAD == 0 {
            return Some(State { flags, words, ..State::NONE });
        }
        let (&[calls, counted, a, b], words) = words.split_first()?;
        Some(State { flags, least: u16::from_le_bytes([a, b]), calls, counted, words })
    }

    /// State `index`; without any edge if there is none.
    pub(super) fn state(&self, index: u16) -> State<'t> {
        self.parse(index.into()).unwrap_or(State::NONE)
    }

    /// Frames that a text needs at least from state `index` on to the end of its rule.
    pub(super) fn need(&self, index: u16) -> u16 {
        self.states.get(usize::from(index)).map_or(0, |record| u16::from(record[3] >> NEED_SHIFT))
    }

    /// The state that texts begin in.
    pub(super) fn start(&self) -> u16 {
        self.start
    }

    /// The number of the value whose rule begins in state `rule`, from 1; 0 if it is none.
    pub(super) fn number_of_value(&self, rule: u16) -> u8 {
        #[cfg(feature = "values")]
        {
            let at = self.values.1.iter().position(|&[low, high, ..]| u16::from_le_bytes([low, high]) == rule);
            at.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0)
        }
        #[cfg(not(feature = "values"))]
        {
            let _ = rule;
            0
        }
    }

    /// The values that texts have, in the order of their numbers.
    #[cfg(feature = "values")]
    pub fn values(&self) -> impl Iterator<Item = Value> + use<'t> {
        self.values.1.iter().filter_map(read_value)
    }

    /// Frames that rules within rules take at most.
    #[must_use]
    pub fn depth(&self) -> u16 {
        self.depth
    }

    /// Readings that the compiler has proved to be enough, or 0 where it could not.
    #[must_use]
    pub fn readings(&self) -> u16 {
        self.readings
    }

    /// Tokens of the longest answer, at most: as many as the longest text has bytes, unless the file says that fewer
    /// do. `None` where texts may be of any length.
    #[must_use]
    pub fn longest(&self) -> Option<u32> {
        (self.longest != 0).then_some(self.longest)
    }

    /// The same grammar, whose answers are known to take no more than `tokens` tokens of a vocabulary.
    #[must_use]
    pub(crate) fn with_room(self, tokens: u32) -> Self {
        Grammar { longest: tokens, ..self }
    }

    /// Number of states.
    #[must_use]
    pub fn n_states(&self) -> usize {
        self.states.len() - 1
    }
}

fn first_word([a, b, c, _]: [u8; 4]) -> usize {
    u32::from_le_bytes([a, b, c, 0]) as usize
}

/// Bytes of the values of `tables` in the format `magic`, which begin at `end`.
fn values_bytes(magic: [u8; 4], tables: &[u8], end: u64) -> Result<u64, GrammarError> {
    match &magic {
        b"FGR1" => Ok(0),
        #[cfg(feature = "values")]
        b"FGR2" => {
            let rest = usize::try_from(end).ok().and_then(|end| tables.get(end..)).and_then(|rest| rest.first_chunk());
            let n = rest.map_or(0, |&n| u32::from_le_bytes(n));
            Ok(4 + 12 * u64::from(n))
        }
        #[cfg(not(feature = "values"))]
        b"FGR2" => {
            let _ = (tables, end);
            Err(GrammarError::Values)
        }
        _ => Err(GrammarError::UnknownFormat),
    }
}

/// The value of a record; `None` if it is none.
#[cfg(feature = "values")]
fn read_value(&[_, _, action, zero, a, b, c, d, e, f, g, h]: &[u8; 12]) -> Option<Value> {
    let action = match (action, zero) {
        (0, 0) => Action::Seconds,
        (1, 0) => Action::Time,
        _ => return None,
    };
    let value = Value { action, least: u32::from_le_bytes([a, b, c, d]), most: u32::from_le_bytes([e, f, g, h]) };
    (value.least <= value.most && value.most <= Value::any(action).most).then_some(value)
}
