//! The longest text of a grammar.

use super::nfa::Count;
use super::tables::Node;

/// A state with a count.
type Place = (u16, u16);

/// Most places that are looked at.
const MAX_PLACES: usize = 1 << 20;

/// Greatest limit of repeats for which the longest text is found. A string with `minLength` alone is counted up to 65535, and may be
/// taken as of any length.
const MAX_REPEATS: u16 = 32_767;

/// The length of the longest text from a place to the end of its rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    /// It is being found: to come back here is to go on for ever.
    Open,
    /// No text ends from here.
    Never,
    Bytes(u32),
}

/// The lengths that are known, by state and count.
struct Lengths {
    by_state: Vec<Vec<Option<Length>>>,
    n_places: usize,
}

impl Lengths {
    fn get(&self, (state, count): Place) -> Option<Length> {
        *self.by_state[usize::from(state)].get(usize::from(count))?
    }

    /// Sets the length from a place on; false if there are too many places.
    fn set(&mut self, (state, count): Place, length: Length) -> bool {
        let by_count = &mut self.by_state[usize::from(state)];
        if by_count.len() <= usize::from(count) {
            self.n_places += usize::from(count) + 1 - by_count.len();
            by_count.resize(usize::from(count) + 1, None);
        }
        by_count[usize::from(count)] = Some(length);
        self.n_places <= MAX_PLACES
    }

    /// The bytes of the longest text from `place` on, if one ends.
    fn bytes(&self, place: Place) -> Option<u32> {
        match self.get(place) {
            Some(Length::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }
}

/// Bytes of the longest text from state `first` on; `None` if texts may be of any length, or are too many or too long to tell.
pub(super) fn longest(nodes: &[Node], first: u16) -> Option<u32> {
    if nodes.iter().any(repeats_too_often) {
        return None;
    }
    let mut lengths = Lengths { by_state: vec![Vec::new(); nodes.len()], n_places: 0 };
    let mut path: Vec<(Place, bool)> = vec![((first, 0), false)];
    while let Some((place, is_known)) = path.pop() {
        if is_known {
            let length = combine(nodes, place, &lengths)?;
            lengths.set(place, length);
            continue;
        }
        match lengths.get(place) {
            // A loop, even of what never ends: `None` is always safe.
            Some(Length::Open) => return None,
            Some(_) => continue,
            None => {}
        }
        if !lengths.set(place, Length::Open) {
            return None;
        }
        path.push((place, true));
        let node = &nodes[usize::from(place.0)];
        for (to, count) in edges(node, place.1) {
            path.push(((to, count), false));
        }
        for (rule, then, count) in calls(node, place.1) {
            path.push(((rule, 0), false));
            path.push(((then, count), false));
        }
    }
    lengths.bytes((first, 0))
}

fn repeats_too_often(node: &Node) -> bool {
    let mut ops = node.counted.iter().map(|edge| edge.3).chain(node.calls.iter().map(|call| call.2));
    ops.any(|op| matches!(op, Count::Up(limit) if limit > MAX_REPEATS))
}

/// The length from `place` on, of those of the places after it; `None` if it is too great.
fn combine(nodes: &[Node], place: Place, lengths: &Lengths) -> Option<Length> {
    let node = &nodes[usize::from(place.0)];
    let mut most = node.accepts.filter(|&least| place.1 >= least).map(|_| 0u32);
    for to in edges(node, place.1) {
        if let Some(rest) = lengths.bytes(to) {
            most = most.max(Some(rest.checked_add(1)?));
        }
    }
    for (rule, then, count) in calls(node, place.1) {
        if let (Some(called), Some(rest)) = (lengths.bytes((rule, 0)), lengths.bytes((then, count))) {
            most = most.max(Some(called.checked_add(rest)?));
        }
    }
    Some(most.map_or(Length::Never, Length::Bytes))
}

/// The places after `node` by a byte.
fn edges(node: &Node, count: u16) -> impl Iterator<Item = Place> {
    let counted = node.counted.iter().filter_map(move |&(_, _, to, op)| Some((to, apply(op, count)?)));
    node.edges.iter().map(move |&(_, _, to)| (to, count)).chain(counted)
}

/// The rules that `node` calls, with the places after them.
fn calls(node: &Node, count: u16) -> impl Iterator<Item = (u16, u16, u16)> {
    node.calls.iter().filter_map(move |&(rule, then, op)| Some((rule, then, apply(op, count)?)))
}

/// The count after an edge, if that may be taken.
pub(super) fn apply(op: Count, count: u16) -> Option<u16> {
    match op {
        Count::Keep => Some(count),
        Count::Up(limit) => count.checked_add(1).filter(|&count| count <= limit),
        Count::AtLeast(limit) => (count >= limit).then_some(count),
    }
}
