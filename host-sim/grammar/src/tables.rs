//! The engine's tables, byte by byte.

use flashlet::text::grammar::{Grammar, MAX_DEPTH};
use flashlet::text::values::{Action, Value};

use super::compiled::Compiled;
use super::nfa::Count;
use super::refused::Refused;

/// Most words of all edges: they are numbered with 24 bits.
const MAX_WORDS: usize = 1 << 20;

/// A state of the tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) edges: Vec<(u8, u8, u16)>,
    pub(super) counted: Vec<(u8, u8, u16, Count)>,
    pub(super) calls: Vec<(u16, u16, Count)>,
    pub(super) accepts: Option<u16>,
    /// The value that a rule is, where this is its first state.
    pub(super) value: Option<Value>,
}

/// Figures of a grammar, for the header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) depth: u16,
    /// Readings that are enough; 0 if that is not known.
    pub(super) readings: u16,
    /// Bytes of the longest text; `None` if there is none, or if it is not known.
    pub(super) longest: Option<u32>,
}

/// A value in tables.
type Record = [u8; 12];

/// The record of the `value` whose rule begins in state `first`.
fn record(first: u16, value: &Value) -> Record {
    let mut record = [0; 12];
    record[..2].copy_from_slice(&first.to_le_bytes());
    record[2] = match value.action {
        Action::Seconds => 0,
        Action::Time => 1,
    };
    record[4..8].copy_from_slice(&value.least.to_le_bytes());
    record[8..].copy_from_slice(&value.most.to_le_bytes());
    record
}

/// The bytes of tables. `needs` has the frames that each state needs.
pub(super) fn bytes(nodes: &[Node], first: u16, needs: &[u8], figures: Figures) -> Result<Compiled, Refused> {
    let Figures { depth, readings, longest } = figures;
    let (mut records, mut words): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    let count_word = |count: Count| {
        let (op, limit) = match count {
            Count::Keep => (0, 0),
            Count::Up(limit) => (1, limit),
            Count::AtLeast(limit) => (2, limit),
        };
        let [low, high] = limit.to_le_bytes();
        [op, 0, low, high]
    };
    let pair = |a: u16, b: u16| {
        let ([a0, a1], [b0, b1]) = (a.to_le_bytes(), b.to_le_bytes());
        [a0, a1, b0, b1]
    };
    for (node, &need) in nodes.iter().zip(needs) {
        let has_head =
            !node.calls.is_empty() || !node.counted.is_empty() || node.accepts.is_some_and(|least| least > 0);
        let flags = need << 2 | u8::from(has_head) << 1 | u8::from(node.accepts.is_some());
        let at = words.len() / 4;
        if at > MAX_WORDS || node.calls.len() > 255 || node.counted.len() > 255 {
            return Err(Refused::too_large());
        }
        let at = (at as u32).to_le_bytes();
        records.extend([at[0], at[1], at[2], flags]);
        if has_head {
            let [low, high] = node.accepts.unwrap_or(0).to_le_bytes();
            words.extend([node.calls.len() as u8, node.counted.len() as u8, low, high]);
        }
        for &(rule, then, count) in &node.calls {
            words.extend(pair(rule, then));
            words.extend(count_word(count));
        }
        for &(low, high, to, count) in &node.counted {
            words.extend([low, high, to.to_le_bytes()[0], to.to_le_bytes()[1]]);
            words.extend(count_word(count));
        }
        for &(low, high, to) in &node.edges {
            words.extend([low, high, to.to_le_bytes()[0], to.to_le_bytes()[1]]);
        }
    }
    let at = ((words.len() / 4) as u32).to_le_bytes();
    records.extend([at[0], at[1], at[2], 0]);
    let values: Vec<u8> =
        (0u16..).zip(nodes).filter_map(|(at, node)| Some(record(at, &node.value?))).flatten().collect();
    let mut tables = if values.is_empty() { *b"FGR1" } else { *b"FGR2" }.to_vec();
    tables.extend(pair(nodes.len() as u16, first));
    tables.extend(((words.len() / 4) as u32).to_le_bytes());
    tables.extend(pair(depth, readings));
    tables.extend(longest.unwrap_or(0).to_le_bytes());
    tables.extend(records);
    tables.extend(words);
    if !values.is_empty() {
        tables.extend(((values.len() / size_of::<Record>()) as u32).to_le_bytes());
        tables.extend(values);
    }
    debug_assert!(usize::from(depth) <= MAX_DEPTH);
    Grammar::open(&tables).map_err(|error| Refused::new(error.to_string()))?;
    Ok(Compiled { tables, room: None })
}
