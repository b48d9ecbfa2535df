//! Sets of texts as deterministic automata over their UTF-8 bytes.

use super::blocks::{Blocks, Predecessors};
use foldhash::{HashMap, HashMapExt};

/// Most states of an automaton, and of what is made on the way to it.
pub(crate) const MAX_STATES: usize = 20_000;

/// An automaton would have more than [`MAX_STATES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// A deterministic automaton over bytes. State 0 is dead: it accepts nothing and leads nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Dfa {
    /// Bytes that no state tells apart have one class.
    classes: [u8; 256],
    n_classes: usize,
    /// The state after each state and class.
    next: Vec<u16>,
    accepting: Vec<bool>,
    start: u16,
}

/// The way in which a product of two automata accepts.
#[derive(Clone, Copy, Debug)]
enum Keep {
    Both,
    Either,
    OnlyFirst,
}

impl Dfa {
    /// The automaton of states whose next ones are given for every byte. State 0 must be dead.
    pub(crate) fn from_rows(rows: &[[u16; 256]], accepting: Vec<bool>, start: u16) -> Dfa {
        let mut columns: HashMap<Vec<u16>, u8> = HashMap::new();
        let mut classes = [0; 256];
        let mut of_class: Vec<usize> = Vec::new();
        for byte in 0..256 {
            let column: Vec<u16> = rows.iter().map(|row| row[byte]).collect();
            let class = *columns.entry(column).or_insert_with(|| {
                of_class.push(byte);
                (of_class.len() - 1) as u8
            });
            classes[byte] = class;
        }
        let n_classes = of_class.len();
        let next = rows.iter().flat_map(|row| of_class.iter().map(|&byte| row[byte])).collect();
        Dfa { classes, n_classes, next, accepting, start }
    }

    /// All texts.
    pub(crate) fn any() -> Dfa {
        // 1: between characters; 2 to 4: one to three more bytes; 5 to 8: after E0, ED, F0, F4.
        let mut rows = vec![[0u16; 256]; 9];
        let mut set = |state: usize, bytes: core::ops::RangeInclusive<usize>, to: u16| rows[state][bytes].fill(to);
        set(1, 0..=0x7F, 1);
        set(1, 0xC2..=0xDF, 2);
        set(1, 0xE1..=0xEF, 3);
        set(1, 0xE0..=0xE0, 5);
        set(1, 0xED..=0xED, 6);
        set(1, 0xF1..=0xF3, 4);
        set(1, 0xF0..=0xF0, 7);
        set(1, 0xF4..=0xF4, 8);
        set(2, 0x80..=0xBF, 1);
        set(3, 0x80..=0xBF, 2);
        set(4, 0x80..=0xBF, 3);
        set(5, 0xA0..=0xBF, 2);
        set(6, 0x80..=0x9F, 2);
        set(7, 0x90..=0xBF, 3);
        set(8, 0x80..=0x8F, 3);
        let mut accepting = vec![false; 9];
        accepting[1] = true;
        Dfa::from_rows(&rows, accepting, 1)
    }

    /// Exactly these texts.
    pub(crate) fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Dfa, TooLarge> {
        let (mut rows, mut accepting) = (vec![[0u16; 256]; 2], vec![false; 2]);
        for word in words {
            let mut at = 1;
            for byte in word.bytes() {
                if rows[at][usize::from(byte)] == 0 {
                    rows[at][usize::from(byte)] = u16::try_from(rows.len()).map_err(|_| TooLarge)?;
                    rows.push([0; 256]);
                    accepting.push(false);
                    if rows.len() > MAX_STATES {
                        return Err(TooLarge);
                    }
                }
                at = rows[at][usize::from(byte)].into();
            }
            accepting[at] = true;
        }
        Ok(Dfa::from_rows(&rows, accepting, 1))
    }

    /// Texts of `min` to `max` characters.
    pub(crate) fn of_length(min: usize, max: Option<usize>) -> Result<Dfa, TooLarge> {
        Dfa::any().with_length(min, max)
    }

    pub(crate) fn start(&self) -> u16 {
        self.start
    }

    pub(crate) fn n_states(&self) -> usize {
        self.accepting.len()
    }

    pub(crate) fn is_accepting(&self, state: u16) -> bool {
        self.accepting[usize::from(state)]
    }

    pub(crate) fn next(&self, state: u16, byte: u8) -> u16 {
        self.next[usize::from(state) * self.n_classes + usize::from(self.classes[usize::from(byte)])]
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        self.is_accepting(text.bytes().fold(self.start, |state, byte| self.next(state, byte)))
    }

    /// True if no text is accepted.
    pub(crate) fn is_empty(&self) -> bool {
        !self.live(&self.predecessors())[usize::from(self.start)]
    }

    pub(crate) fn and(&self, other: &Dfa) -> Result<Dfa, TooLarge> {
        self.product(other, Keep::Both)
    }

    pub(crate) fn or(&self, other: &Dfa) -> Result<Dfa, TooLarge> {
        self.product(other, Keep::Either)
    }

    pub(crate) fn minus(&self, other: &Dfa) -> Result<Dfa, TooLarge> {
        self.product(other, Keep::OnlyFirst)
    }

    /// All other texts.
    pub(crate) fn not(&self) -> Result<Dfa, TooLarge> {
        Dfa::any().minus(self)
    }

    fn product(&self, other: &Dfa, keep: Keep) -> Result<Dfa, TooLarge> {
        let accepts = |a: u16, b: u16| match (keep, self.is_accepting(a), other.is_accepting(b)) {
            (Keep::Both, a, b) => a && b,
            (Keep::Either, a, b) => a || b,
            (Keep::OnlyFirst, a, b) => a && !b,
        };
        let is_dead = |a: u16, b: u16| match keep {
            Keep::Both => a == 0 || b == 0,
            Keep::Either => a == 0 && b == 0,
            Keep::OnlyFirst => a == 0,
        };
        explore(
            (self.start, other.start),
            |&(a, b)| accepts(a, b),
            |&(a, b), byte| {
                let pair = (self.next(a, byte), other.next(b, byte));
                (!is_dead(pair.0, pair.1)).then_some(pair)
            },
            &self.both_classes(other),
        )
    }

    /// One byte of each class that either automaton tells apart, and the class of each byte.
    fn both_classes(&self, other: &Dfa) -> Classes {
        Classes::new(|byte| (self.classes[usize::from(byte)], other.classes[usize::from(byte)]))
    }

    /// The texts that have `min` to `max` characters.
    pub(crate) fn with_length(&self, min: usize, max: Option<usize>) -> Result<Dfa, TooLarge> {
        let last = max.unwrap_or(min);
        let classes = Classes::new(|byte| (self.classes[usize::from(byte)], u8::from(begins_character(byte))));
        let dfa = explore(
            (self.start, 0),
            |&(state, n)| self.is_accepting(state) && n >= min,
            |&(state, n), byte| {
                let to = self.next(state, byte);
                let n = n + usize::from(begins_character(byte));
                let is_within = to != 0 && (n <= last || max.is_none());
                is_within.then_some((to, n.min(last)))
            },
            &classes,
        )?;
        Ok(dfa.minimal())
    }

    /// For each state, true if it leads to an accepting one.
    fn live(&self, before: &Predecessors) -> Vec<bool> {
        let mut live = self.accepting.clone();
        let mut waiting: Vec<usize> = (0..live.len()).filter(|&state| live[state]).collect();
        while let Some(to) = waiting.pop() {
            for class in 0..self.n_classes {
                for &from in before.of(to, class) {
                    if !core::mem::replace(&mut live[usize::from(from)], true) {
                        waiting.push(from.into());
                    }
                }
            }
        }
        live
    }

    /// The predecessors of each state.
    fn predecessors(&self) -> Predecessors {
        let places = self.n_states() * self.n_classes;
        let place = |index: usize| usize::from(self.next[index]) * self.n_classes + index % self.n_classes;
        let mut first = vec![0u32; places + 1];
        (0..places).for_each(|index| first[place(index) + 1] += 1);
        (0..places).for_each(|index| first[index + 1] += first[index]);
        let (mut ends, mut from) = (first.clone(), vec![0; places]);
        for index in 0..places {
            let end = &mut ends[place(index)];
            from[*end as usize] = (index / self.n_classes) as u16;
            *end += 1;
        }
        Predecessors { n_classes: self.n_classes, first, from }
    }

    /// The same set with the fewest states.
    pub(crate) fn minimal(&self) -> Dfa {
        let before = self.predecessors();
        let live = self.live(&before);
        let mut blocks = Blocks::new((0..self.n_states()).map(|state| match live[state] {
            false => 0,
            true => 1 + usize::from(self.accepting[state]),
        }));
        blocks.refine(&before);
        // The new number of each state: blocks are numbered in the order of their first states, and 0 is for states that are not live.
        let mut numbers: HashMap<usize, u16> = HashMap::new();
        let group: Vec<u16> = (0..self.n_states())
            .map(|state| {
                let next = numbers.len() as u16 + 1;
                if live[state] { *numbers.entry(blocks.of(state)).or_insert(next) } else { 0 }
            })
            .collect();
        let n_groups = numbers.len();
        let n = n_groups + 1;
        let (mut rows, mut accepting) = (vec![[0u16; 256]; n], vec![false; n]);
        for state in 0..group.len() {
            let at = usize::from(group[state]);
            if at != 0 {
                accepting[at] = self.accepting[state];
                for byte in 0..=255u8 {
                    rows[at][usize::from(byte)] = group[usize::from(self.next(state as u16, byte))];
                }
            }
        }
        Dfa::from_rows(&rows, accepting, group[usize::from(self.start)])
    }

    /// The fewest characters from each state to an accepting one, if more of them are always possible too: every number of
    /// characters beyond the fewest ends in some accepting state.
    pub(crate) fn least_characters(&self) -> Option<Vec<Option<usize>>> {
        let n = self.n_states();
        let live = self.live(&self.predecessors());
        let mut least: Vec<Option<usize>> = vec![None; n];
        // True if some accepting state is exactly `characters` away.
        let mut at = self.same_character(&self.accepting);
        for characters in 0..=n + 1 {
            let grows = (0..n).all(|state| least[state].is_none() || at[state]);
            if !grows {
                return None;
            }
            for state in 0..n {
                if at[state] && least[state].is_none() {
                    least[state] = Some(characters);
                }
            }
            let further = self.one_character_before(&at);
            if further == at {
                let all = (0..n).all(|state| !live[state] || least[state].is_some());
                return all.then_some(least);
            }
            at = further;
        }
        None
    }

    /// States that reach `set` by bytes that go on with a character.
    fn same_character(&self, set: &[bool]) -> Vec<bool> {
        let mut reach = set.to_vec();
        // A character has three such bytes at most.
        for _ in 0..3 {
            for state in 1..reach.len() {
                reach[state] =
                    reach[state] || (0x80..=0xBFu8).any(|byte| reach[usize::from(self.next(state as u16, byte))]);
            }
        }
        reach
    }

    /// States from which a whole character leads to `set`.
    fn one_character_before(&self, set: &[bool]) -> Vec<bool> {
        let begins = |state: usize| {
            let mut bytes = (0..=255u8).filter(|&byte| begins_character(byte));
            state != 0 && bytes.any(|byte| set[usize::from(self.next(state as u16, byte))])
        };
        let before: Vec<bool> = (0..set.len()).map(begins).collect();
        self.same_character(&before)
    }
}

/// True for the first byte of a character.
pub(crate) fn begins_character(byte: u8) -> bool {
    !(0x80..=0xBF).contains(&byte)
}

/// Bytes that are told apart.
struct Classes {
    of_byte: [u8; 256],
    first: Vec<u8>,
}

impl Classes {
    fn new(key: impl Fn(u8) -> (u8, u8)) -> Classes {
        let (mut seen, mut of_byte, mut first) = (HashMap::new(), [0; 256], Vec::new());
        for byte in 0..=255u8 {
            of_byte[usize::from(byte)] = *seen.entry(key(byte)).or_insert_with(|| {
                first.push(byte);
                (first.len() - 1) as u8
            });
        }
        Classes { of_byte, first }
    }
}

/// The automaton of the states that are reached from `start`.
fn explore<S: Clone + Eq + core::hash::Hash>(
    start: S,
    accepts: impl Fn(&S) -> bool,
    next: impl Fn(&S, u8) -> Option<S>,
    classes: &Classes,
) -> Result<Dfa, TooLarge> {
    let n_classes = classes.first.len();
    let mut index: HashMap<S, u16> = HashMap::from_iter([(start.clone(), 1)]);
    let mut states = vec![start];
    let (mut table, mut accepting) = (vec![0u16; n_classes], vec![false]);
    let mut at = 0;
    while at < states.len() {
        let state = states[at].clone();
        accepting.push(accepts(&state));
        for &byte in &classes.first {
            let Some(to) = next(&state, byte) else {
                table.push(0);
                continue;
            };
            let n = states.len() + 1;
            let id = *index.entry(to.clone()).or_insert(n as u16);
            if usize::from(id) == n {
                if n > MAX_STATES {
                    return Err(TooLarge);
                }
                states.push(to);
            }
            table.push(id);
        }
        at += 1;
    }
    Ok(Dfa { classes: classes.of_byte, n_classes, next: table, accepting, start: 1 })
}
