//! The longest text of a grammar.

use std::collections::HashMap;

use super::nfa::Count;
use super::tables::Node;

/// A state with a count.
type Place = (u16, u16);

/// Most places that are looked at.
const MAX_PLACES: usize = 1 << 20;

/// The length of the longest text from a place to the end of its rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    /// It is being found: to come back here is to go on for ever.
    Open,
    /// No text ends from here.
    Never,
    Bytes(u32),
}

/// Bytes of the longest text from state `first` on; `None` if texts may be of any length, or are too many to tell.
pub(super) fn longest(nodes: &[Node], first: u16) -> Option<u32> {
    let mut lengths: HashMap<Place, Length> = HashMap::new();
    let mut path: Vec<(Place, bool)> = vec![((first, 0), false)];
    while let Some((place, is_known)) = path.pop() {
        if is_known {
            let length = combine(nodes, place, &lengths)?;
            lengths.insert(place, length);
            continue;
        }
        match lengths.get(&place) {
            // A loop, even of what never ends: `None` is always safe.
            Some(Length::Open) => return None,
            Some(_) => continue,
            None => {}
        }
        if lengths.len() >= MAX_PLACES {
            return None;
        }
        lengths.insert(place, Length::Open);
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
    match lengths.get(&(first, 0)) {
        Some(Length::Bytes(bytes)) => Some(*bytes),
        _ => None,
    }
}

/// The length from `place` on, of those of the places after it; `None` if it is too great.
fn combine(nodes: &[Node], place: Place, lengths: &HashMap<Place, Length>) -> Option<Length> {
    let node = &nodes[usize::from(place.0)];
    let of = |place: Place| match lengths.get(&place) {
        Some(Length::Bytes(bytes)) => Some(*bytes),
        _ => None,
    };
    let mut most = node.accepts.filter(|&least| place.1 >= least).map(|_| 0u32);
    for (to, count) in edges(node, place.1) {
        if let Some(rest) = of((to, count)) {
            most = most.max(Some(rest.checked_add(1)?));
        }
    }
    for (rule, then, count) in calls(node, place.1) {
        if let (Some(called), Some(rest)) = (of((rule, 0)), of((then, count))) {
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
