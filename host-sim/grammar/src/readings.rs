//! All ways in which texts are read, where rules do not contain themselves: a proof that readings agree on values.

use std::collections::{BTreeSet, VecDeque};

use foldhash::HashSet;

use super::longest::apply;
use super::refused::Refused;
use super::tables::Node;

/// Most sets of readings that are looked at.
const MAX_SETS: usize = 100_000;

/// Deepest nesting that is looked at.
const MAX_DEPTH: usize = 64;

/// A rule that another one waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Frame {
    then: u16,
    count: u16,
    /// True within a value.
    is_value: bool,
}

/// A way to read a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Reading {
    state: u16,
    count: u16,
    frames: Vec<Frame>,
}

impl Reading {
    fn is_in_value(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.is_value)
    }
}

type Set = BTreeSet<Reading>;

/// Asserts that all readings of any text from state `first` agree on which of its bytes are part of a value; returns the most
/// readings of a text.
///
/// # Errors
/// [`Refused`]: there is a text of which they do not, or there are too many to tell.
pub(super) fn agree(nodes: &[Node], first: u16) -> Result<usize, Refused> {
    let start = Set::from([Reading { state: first, count: 0, frames: Vec::new() }]);
    let mut seen = HashSet::from_iter([start.clone()]);
    let mut waiting = VecDeque::from([(start, Vec::new())]);
    let mut most = 1;
    while let Some((set, text)) = waiting.pop_front() {
        for (byte, next) in after(nodes, &set)? {
            most = most.max(next.len());
            let with = |byte| [text.as_slice(), &[byte]].concat();
            if next.iter().any(Reading::is_in_value) && !next.iter().all(Reading::is_in_value) {
                let text = with(byte);
                let text = String::from_utf8_lossy(&text);
                return Err(Refused::new(format!("the end of `{text}` can be read as part of a value and as none")));
            }
            if seen.len() > MAX_SETS {
                return Err(too_many());
            }
            if seen.insert(next.clone()) {
                waiting.push_back((next, with(byte)));
            }
        }
    }
    Ok(most)
}

fn too_many() -> Refused {
    Refused::new("texts with values that can be read in so many ways, or nest without end, are not supported")
}

/// The sets of readings after a byte more, each with such a byte.
fn after(nodes: &[Node], set: &Set) -> Result<Vec<(u8, Set)>, Refused> {
    let mut edges: Vec<(u8, u8, Reading)> = Vec::new();
    let mut seen: HashSet<Reading> = set.iter().cloned().collect();
    let mut waiting: Vec<Reading> = set.iter().cloned().collect();
    while let Some(reading) = waiting.pop() {
        let node = &nodes[usize::from(reading.state)];
        let plain = node.edges.iter().map(|&(low, high, to)| (low, high, to, Some(reading.count)));
        let counted = node.counted.iter().map(|&(low, high, to, op)| (low, high, to, apply(op, reading.count)));
        for (low, high, state, count) in plain.chain(counted) {
            edges.extend(count.map(|count| (low, high, Reading { state, count, frames: reading.frames.clone() })));
        }
        let mut more = Vec::new();
        for &(rule, then, op) in &node.calls {
            let Some(count) = apply(op, reading.count) else { continue };
            let is_value = reading.is_in_value() || nodes[usize::from(rule)].value.is_some();
            let mut frames = reading.frames.clone();
            frames.push(Frame { then, count, is_value });
            more.push(Reading { state: rule, count: 0, frames });
        }
        if node.accepts.is_some_and(|least| reading.count >= least) {
            let mut frames = reading.frames;
            more.extend(frames.pop().map(|frame| Reading { state: frame.then, count: frame.count, frames }));
        }
        if more.iter().any(|reading| reading.frames.len() > MAX_DEPTH) || seen.len() > MAX_SETS {
            return Err(too_many());
        }
        waiting.extend(more.into_iter().filter(|reading| seen.insert(reading.clone())));
    }
    let cuts: BTreeSet<u8> =
        edges.iter().flat_map(|&(low, high, _)| [Some(low), high.checked_add(1)]).flatten().collect();
    let taking = |byte: u8| edges.iter().filter(move |edge| edge.0 <= byte && byte <= edge.1);
    let sets = cuts.into_iter().map(|byte| (byte, taking(byte).map(|edge| edge.2.clone()).collect::<Set>()));
    Ok(sets.filter(|(_, set)| !set.is_empty()).collect())
}
