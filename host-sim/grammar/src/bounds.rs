//! Bounds of compiled grammars: frames that a text needs, and readings that it may have.

use flashlet::text::grammar::MAX_DEPTH;
use foldhash::HashSet;

use super::compiled::Compiled;
use super::longest::longest;
use super::nfa::Count;
use super::refused::Refused;
use super::tables::{Figures, Node, bytes};
use super::values;

/// Frames that a state can say it needs.
const MAX_NEED: u8 = 63;

/// Frames of the innermost value, and of what it consists of. Each level around it has one.
const FRAMES_OF_INNERMOST: u16 = 2;

/// The most levels to which rules that contain themselves may nest.
pub const MOST_DEPTH: u16 = MAX_DEPTH as u16 - FRAMES_OF_INNERMOST;

/// A set of bytes.
type Bytes = [u64; 4];

/// Finds the bounds of the automaton `nodes`, and makes its tables.
pub(super) fn emit(nodes: &[Node], first: u16, depth: u16) -> Result<Compiled, Refused> {
    check_beginnings(nodes)?;
    let needs = needs(nodes);
    let need = needs[usize::from(first)];
    let depth = match deepest(nodes, first) {
        Some(deepest) if usize::from(deepest) <= MAX_DEPTH => deepest,
        Some(deepest) => {
            return Err(Refused::new(format!("rules nest {deepest} deep, {MAX_DEPTH} are supported")));
        }
        None => depth.min(MOST_DEPTH) + FRAMES_OF_INNERMOST,
    };
    if u16::from(need) > depth {
        return Err(Refused::new(format!("the shortest text nests {need} deep, {depth} are supported")));
    }
    let mut readings = u16::from(is_deterministic(nodes));
    if nodes.iter().any(|node| node.value.is_some()) {
        readings = values::check(nodes, first, readings)?;
    }
    let figures = Figures { depth, readings, longest: longest(nodes, first) };
    bytes(nodes, first, &needs, figures)
}

/// Refuses rules that begin with themselves.
fn check_beginnings(nodes: &[Node]) -> Result<(), Refused> {
    // 0: not seen, 1: on the way, 2: done.
    let mut seen = vec![0u8; nodes.len()];
    for root in 0..nodes.len() {
        let mut path = vec![(root, 0)];
        if seen[root] != 0 {
            continue;
        }
        seen[root] = 1;
        while let Some((at, n)) = path.pop() {
            let Some(&(rule, _, _)) = nodes[at].calls.get(n) else {
                seen[at] = 2;
                continue;
            };
            path.push((at, n + 1));
            match seen[usize::from(rule)] {
                0 => {
                    seen[usize::from(rule)] = 1;
                    path.push((rule.into(), 0));
                }
                1 => return Err(Refused::new("a rule begins with itself: left recursion is not supported")),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Frames that a text needs at least from each state to the end of its rule.
fn needs(nodes: &[Node]) -> Vec<u8> {
    let mut needs = vec![MAX_NEED; nodes.len()];
    loop {
        let mut changes = false;
        for at in (0..nodes.len()).rev() {
            let node = &nodes[at];
            let of = |state: u16| needs[usize::from(state)];
            let called = |&(rule, _, _): &(u16, u16, Count)| (of(rule) + 1).min(MAX_NEED);
            let by_end = match node.accepts {
                Some(0) => 0,
                Some(_) => node.calls.iter().map(called).max().unwrap_or(0),
                None => MAX_NEED,
            };
            let by_edges = node.edges.iter().map(|edge| of(edge.2)).chain(node.counted.iter().map(|edge| of(edge.2)));
            let by_calls = node.calls.iter().map(|call| called(call).max(of(call.1)));
            let need = by_edges.chain(by_calls).min().unwrap_or(MAX_NEED).min(by_end);
            changes |= need != needs[at];
            needs[at] = need;
        }
        if !changes {
            return needs;
        }
    }
}

/// The most frames of any text from state `first`, if rules do not contain themselves.
fn deepest(nodes: &[Node], first: u16) -> Option<u16> {
    // Frames within a rule are those of the deepest call in any of its states. Rules are visited depth first.
    fn visit(nodes: &[Node], rule: u16, level: usize, done: &mut [Option<Option<u16>>]) -> Option<u16> {
        if level > 4 * MAX_DEPTH {
            return None;
        }
        if let Some(known) = done[usize::from(rule)] {
            return known;
        }
        // On the way: to come back here is to contain oneself.
        done[usize::from(rule)] = Some(None);
        let (mut seen, mut waiting, mut most) = (HashSet::from_iter([rule]), vec![rule], 0);
        while let Some(at) = waiting.pop() {
            let node = &nodes[usize::from(at)];
            for &(called, _, _) in &node.calls {
                most = most.max(visit(nodes, called, level + 1, done)? + 1);
            }
            let next = node.edges.iter().map(|edge| edge.2).chain(node.counted.iter().map(|edge| edge.2));
            let next = next.chain(node.calls.iter().map(|call| call.1));
            waiting.extend(next.filter(|&to| seen.insert(to)));
        }
        done[usize::from(rule)] = Some(Some(most));
        Some(most)
    }
    visit(nodes, first, 0, &mut vec![None; nodes.len()])
}

/// True if no byte can ever be read in two ways.
fn is_deterministic(nodes: &[Node]) -> bool {
    let firsts = firsts(nodes);
    let follows = follows(nodes, &firsts);
    nodes.iter().zip(&follows).all(|(node, follow)| {
        let mut seen: Bytes = [0; 4];
        let mut is_new = |set: Bytes| {
            let overlaps = (0..4).any(|i| seen[i] & set[i] != 0);
            (0..4).for_each(|i| seen[i] |= set[i]);
            !overlaps
        };
        node.edges.iter().all(|&(low, high, _)| is_new(range(low, high)))
            && node.counted.iter().all(|&(low, high, _, _)| is_new(range(low, high)))
            && node.calls.iter().all(|&(rule, _, _)| is_new(firsts[usize::from(rule)]))
            && (node.accepts.is_none() || is_new(*follow))
    })
}

fn range(low: u8, high: u8) -> Bytes {
    let mut set = [0; 4];
    (low..=high).for_each(|byte| set[usize::from(byte / 64)] |= 1u64 << (byte % 64));
    set
}

fn add(set: &mut Bytes, other: &Bytes) -> bool {
    let before = *set;
    (0..4).for_each(|i| set[i] |= other[i]);
    *set != before
}

/// The bytes that a rule's text may go on with in each state.
fn firsts(nodes: &[Node]) -> Vec<Bytes> {
    let mut firsts: Vec<Bytes> = vec![[0; 4]; nodes.len()];
    for (first, node) in firsts.iter_mut().zip(nodes) {
        node.edges.iter().for_each(|&(low, high, _)| _ = add(first, &range(low, high)));
        node.counted.iter().for_each(|&(low, high, _, _)| _ = add(first, &range(low, high)));
    }
    loop {
        let mut changes = false;
        for at in (0..nodes.len()).rev() {
            for &(rule, _, _) in &nodes[at].calls {
                let other = firsts[usize::from(rule)];
                changes |= add(&mut firsts[at], &other);
            }
        }
        if !changes {
            return firsts;
        }
    }
}

/// The bytes that may come after the rule of each state.
fn follows(nodes: &[Node], firsts: &[Bytes]) -> Vec<Bytes> {
    let mut follows: Vec<Bytes> = vec![[0; 4]; nodes.len()];
    loop {
        let mut changes = false;
        for (at, node) in nodes.iter().enumerate() {
            let own = follows[at];
            let next = node.edges.iter().map(|edge| edge.2).chain(node.counted.iter().map(|edge| edge.2));
            for to in next.chain(node.calls.iter().map(|call| call.1)) {
                changes |= add(&mut follows[usize::from(to)], &own);
            }
            for &(rule, then, _) in &node.calls {
                let then = usize::from(then);
                changes |= add(&mut follows[usize::from(rule)], &firsts[then]);
                if nodes[then].accepts.is_some() {
                    let after = follows[then];
                    changes |= add(&mut follows[usize::from(rule)], &after);
                }
            }
        }
        if !changes {
            return follows;
        }
    }
}
