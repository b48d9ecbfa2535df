//! Proofs about values: where one begins and ends is never in doubt, and there is room for it.

use flashlet::text::Converter;
use flashlet::text::grammar::MAX_READINGS;
use foldhash::HashSet;

use super::longest::longest;
use super::readings;
use super::refused::Refused;
use super::tables::Node;

/// Checks that the engine can find the values in every text of the automaton `nodes` from state `start`. Returns the most readings of a
/// text, 1 if `readings` is 1.
///
/// # Errors
/// [`Refused`]: a value is within or right behind another, or too long, or readings of a text may not agree on values.
pub(super) fn check(nodes: &[Node], start: u16, readings: u16) -> Result<u16, Refused> {
    let values = (0u16..).zip(nodes).filter(|(_, node)| node.value.is_some()).map(|(at, _)| at);
    let follows = followed_by_values(nodes);
    for first in values {
        if has_values(nodes, first) {
            return Err(Refused::new("a value within a value is not supported"));
        }
        if follows[usize::from(first)] {
            return Err(Refused::new("a value right behind a value is not supported"));
        }
        if longest(nodes, first).is_none_or(|bytes| bytes as usize > Converter::MOST_SAID) {
            let most = Converter::MOST_SAID;
            return Err(Refused::new(format!("a value may have {most} bytes at most: limit what repeats")));
        }
    }
    if readings == 1 {
        return Ok(1);
    }
    match readings::agree(nodes, start)? {
        most @ 0..=MAX_READINGS => Ok(most as u16),
        most => Err(Refused::new(format!("a text can be read in {most} ways, {MAX_READINGS} are supported"))),
    }
}

/// The states behind `node`.
fn next(node: &Node) -> impl Iterator<Item = u16> {
    let counted = node.counted.iter().map(|edge| edge.2);
    node.edges.iter().map(|edge| edge.2).chain(counted).chain(node.calls.iter().map(|call| call.1))
}

/// True if the rule that begins in state `first` calls values.
fn has_values(nodes: &[Node], first: u16) -> bool {
    let (mut seen, mut waiting) = (HashSet::from_iter([first]), vec![first]);
    while let Some(at) = waiting.pop() {
        let node = &nodes[usize::from(at)];
        for to in next(node).chain(node.calls.iter().map(|call| call.0)) {
            if seen.insert(to) {
                if nodes[usize::from(to)].value.is_some() {
                    return true;
                }
                waiting.push(to);
            }
        }
    }
    false
}

/// For each state, true if a value may come right behind its rule.
fn followed_by_values(nodes: &[Node]) -> Vec<bool> {
    let mut begins = vec![false; nodes.len()];
    fixpoint(&mut begins, |begins, at| {
        let is_value = |&(rule, _, _): &_| nodes[usize::from(rule)].value.is_some() || begins[usize::from(rule)];
        if nodes[at].calls.iter().any(is_value) { vec![at] } else { Vec::new() }
    });
    let mut follows = vec![false; nodes.len()];
    fixpoint(&mut follows, |follows, at| {
        let node = &nodes[at];
        let inside = next(node).filter(|_| follows[at]).map(usize::from);
        let may_follow = |then: usize| begins[then] || nodes[then].accepts.is_some() && follows[then];
        let rules = node.calls.iter().filter(|call| may_follow(call.1.into())).map(|call| call.0.into());
        inside.chain(rules).collect()
    });
    follows
}

/// Sets the places that `more` finds for each place, until there are no others.
fn fixpoint(set: &mut [bool], more: impl Fn(&[bool], usize) -> Vec<usize>) {
    let mut changes = true;
    while core::mem::take(&mut changes) {
        for at in 0..set.len() {
            for found in more(set, at) {
                changes |= !core::mem::replace(&mut set[found], true);
            }
        }
    }
}
