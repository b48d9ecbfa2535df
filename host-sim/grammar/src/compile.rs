//! From the automaton with jumps to the engine's tables.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt};

use flashlet::text::values::Value;

use super::bounds;
use super::compiled::Compiled;
use super::nfa::{Count, END, Nfa, StateId};
use super::refused::Refused;
use super::tables::Node;

/// Most states of the tables.
const MAX_STATES: usize = u16::MAX as usize - 1;

/// Most states of the automaton with jumps in all states of the tables together.
const MAX_WORK: usize = 8_000_000;

/// Place of a state in its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    Inside,
    /// The beginning, which is not the end.
    First,
    /// The beginning of a value.
    FirstOfValue(Value),
}

/// States of the automaton with jumps that a text may be in, and where in a rule they are.
type Set = (Vec<StateId>, Place);

/// The tables' states, while they are made.
struct Subsets<'n> {
    nfa: &'n Nfa,
    index: HashMap<Set, u16>,
    sets: Vec<Set>,
    work: usize,
    /// For each state, true if the rule that begins there may be empty.
    nullable: HashMap<StateId, bool>,
}

/// Makes the tables of the texts of the rule that begins in `start`. Rules that contain themselves nest up to `depth` deep.
///
/// # Errors
/// [`Refused`]: they are too large, or a rule begins with itself.
pub(super) fn compile(mut nfa: Nfa, start: StateId, depth: u16) -> Result<Compiled, Refused> {
    nfa.trim();
    let mut subsets = Subsets { nfa: &nfa, index: HashMap::new(), sets: Vec::new(), work: 0, nullable: HashMap::new() };
    let first = subsets.id(([start].into(), Place::Inside))?;
    let mut nodes = Vec::new();
    while nodes.len() < subsets.sets.len() {
        let set = subsets.sets[nodes.len()].clone();
        nodes.push(subsets.node(&set)?);
    }
    if nodes[usize::from(first)].accepts.is_none() && is_dead(&nodes[usize::from(first)]) {
        return Err(Refused::new(
            "no text is valid: the schema or grammar contradicts itself or asks for numbers of more than 20 digits, which is not supported",
        ));
    }
    let (nodes, first) = merge(nodes, first);
    bounds::emit(&nodes, first, depth)
}

fn is_dead(node: &Node) -> bool {
    node.edges.is_empty() && node.counted.is_empty() && node.calls.is_empty()
}

impl Subsets<'_> {
    /// The state of `set`, whose jumps are followed.
    fn id(&mut self, (states, place): Set) -> Result<u16, Refused> {
        let mut states = self.nfa.closure(states);
        // The end of a called rule is the caller's next state.
        let mut extended = states.clone();
        for &state in &states {
            let calls = self.nfa.states[state as usize].calls.clone();
            for (rule, then, count) in calls {
                if count == Count::Keep && self.is_nullable(rule, 0) {
                    extended.push(then);
                }
            }
        }
        if extended.len() > states.len() {
            let more = self.nfa.closure(extended);
            if more != states {
                return self.id((more, place));
            }
            states = more;
        }
        self.work += states.len() + 1;
        if self.work > MAX_WORK {
            return Err(Refused::too_large());
        }
        let n = self.sets.len();
        let set = (states, place);
        if let Some(&id) = self.index.get(&set) {
            return Ok(id);
        }
        if n >= MAX_STATES {
            return Err(Refused::too_large());
        }
        self.index.insert(set.clone(), n as u16);
        self.sets.push(set);
        Ok(n as u16)
    }

    fn is_nullable(&mut self, rule: StateId, depth: usize) -> bool {
        if let Some(&known) = self.nullable.get(&rule) {
            return known;
        }
        self.nullable.insert(rule, false);
        let mut result = false;
        for state in self.nfa.closure([rule]) {
            let state = &self.nfa.states[state as usize];
            result |= state.accepts == Some(0);
            for (called, then, _) in state.calls.clone() {
                result |= depth < 200 && self.is_nullable(called, depth + 1) && self.is_nullable(then, depth + 1);
            }
        }
        self.nullable.insert(rule, result);
        result
    }

    fn node(&mut self, (states, place): &Set) -> Result<Node, Refused> {
        let nfa = self.nfa;
        let accepts = states.iter().filter_map(|&state| nfa.states[state as usize].accepts).min();
        let value = match place {
            Place::FirstOfValue(value) => Some(*value),
            _ => None,
        };
        let accepts = accepts.filter(|&least| *place == Place::Inside || least > 0);
        let mut node = Node { accepts, value, ..Node::default() };
        let mut by_count: BTreeMap<Count, Vec<(u8, u8, StateId)>> = BTreeMap::new();
        let mut by_rule: BTreeMap<(Count, StateId), Vec<StateId>> = BTreeMap::new();
        for &state in states {
            let state = &nfa.states[state as usize];
            for &(low, high, to, count) in &state.edges {
                by_count.entry(count).or_default().push((low, high, to));
            }
            for &(rule, then, count) in &state.calls {
                by_rule.entry((count, rule)).or_default().push(then);
            }
        }
        for (count, edges) in by_count {
            for (low, high, to) in disjoint(&edges) {
                self.work += to.len();
                let to = self.id((to, Place::Inside))?;
                match count {
                    Count::Keep => node.edges.push((low, high, to)),
                    _ => node.counted.push((low, high, to, count)),
                }
            }
        }
        join(&mut node.edges);
        // Rules that lead to the same state are called as one, but for values.
        let mut by_next: BTreeMap<(Count, u16), Vec<StateId>> = BTreeMap::new();
        for ((count, rule), then) in by_rule {
            let then = self.id((then, Place::Inside))?;
            match nfa.values.get(&rule) {
                Some(_) if self.is_nullable(rule, 0) => {
                    return Err(Refused::new("a value that may be empty is not supported"));
                }
                Some(&value) => node.calls.push((self.id((vec![rule], Place::FirstOfValue(value)))?, then, count)),
                None => by_next.entry((count, then)).or_default().push(rule),
            }
        }
        for ((count, then), rules) in by_next {
            let rule = self.id((rules, Place::First))?;
            if !self.sets[usize::from(rule)].0.iter().all(|&state| state == END) {
                node.calls.push((rule, then, count));
            }
        }
        Ok(node)
    }
}

/// Edges split so that no two of them overlap, with all states that a byte leads to.
fn disjoint(edges: &[(u8, u8, StateId)]) -> Vec<(u8, u8, Vec<StateId>)> {
    if let [(low, high, to)] = *edges {
        return vec![(low, high, vec![to])];
    }
    let mut cuts: Vec<u16> = edges.iter().flat_map(|&(low, high, _)| [u16::from(low), u16::from(high) + 1]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut parts: Vec<(u8, u8, Vec<StateId>)> =
        cuts.windows(2).map(|cut| (cut[0] as u8, (cut[1] - 1) as u8, Vec::new())).collect();
    for &(low, high, to) in edges {
        let first = cuts.partition_point(|&cut| cut < u16::from(low));
        for part in parts[first..].iter_mut().take_while(|part| part.1 <= high) {
            part.2.push(to);
        }
    }
    parts.retain(|part| !part.2.is_empty());
    parts
}

/// Joins neighbouring edges with one target.
fn join(edges: &mut Vec<(u8, u8, u16)>) {
    let mut joined: Vec<(u8, u8, u16)> = Vec::with_capacity(edges.len());
    for &edge in edges.iter() {
        match joined.last_mut() {
            Some(last) if last.2 == edge.2 && u16::from(last.1) + 1 == u16::from(edge.0) => last.1 = edge.1,
            _ => joined.push(edge),
        }
    }
    *edges = joined;
}

/// Merges states that lead to the same states, until there are none.
fn merge(nodes: Vec<Node>, first: u16) -> (Vec<Node>, u16) {
    let (mut nodes, mut first) = (nodes, first);
    loop {
        let mut seen = HashMap::new();
        let mut place = vec![0u16; nodes.len()];
        let mut kept = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            let key = (node.edges.clone(), node.counted.clone(), node.calls.clone(), node.accepts, node.value);
            place[at] = *seen.entry(key).or_insert_with(|| {
                kept.push(at);
                (kept.len() - 1) as u16
            });
        }
        if kept.len() == nodes.len() {
            return (nodes, first);
        }
        let moved = |node: &Node| {
            let to = |at: u16| place[usize::from(at)];
            let mut node = node.clone();
            node.edges.iter_mut().for_each(|edge| edge.2 = to(edge.2));
            node.counted.iter_mut().for_each(|edge| edge.2 = to(edge.2));
            node.calls.iter_mut().for_each(|call| (call.0, call.1) = (to(call.0), to(call.1)));
            join(&mut node.edges);
            node
        };
        nodes = kept.iter().map(|&at| moved(&nodes[at])).collect();
        first = place[usize::from(first)];
    }
}
