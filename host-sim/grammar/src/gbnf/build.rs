//! From the rules of GBNF to the automaton.

use flashlet::text::values::Value;
use foldhash::{HashMap, HashMapExt};

use super::part::Part;
use crate::dfa::Dfa;
use crate::frame::Notation;
use crate::nfa::{Count, END, Nfa, StateId};
use crate::pattern;
use crate::refused::Refused;

/// Rules of at most this size are copied to where their names stand.
const MAX_INLINE: usize = 40;

/// Most copies of a repeated part; more repetitions are counted.
const MAX_COPIES: usize = 16;

/// The automaton of `rules`, and the state in which the first begins.
pub(super) fn build(rules: &[(Part, Option<Value>)]) -> Result<(Nfa, StateId), Refused> {
    let (rules, marks): (Vec<Part>, Vec<Option<Value>>) = rules.iter().cloned().unzip();
    let (rules, mut nfa) = (rules.as_slice(), Nfa::new(Notation::Json));
    let starts = rules.iter().map(|_| nfa.state()).collect::<Result<Vec<_>, _>>()?;
    let order = named_first(rules);
    let sizes = sizes(rules, &marks, &order);
    let nullable = nullable(rules, &order);
    for (&rule, mark) in starts.iter().zip(&marks) {
        nfa.values.extend(mark.map(|value| (rule, value)));
    }
    let mut builder = Builder { nfa, rules, starts, sizes, nullable, classes: HashMap::new() };
    for (at, rule) in rules.iter().enumerate() {
        let start = builder.part(rule, END)?;
        builder.nfa.jump(builder.starts[at], start);
    }
    let root = match marks[0] {
        Some(_) => builder.part(&Part::Rule(0), END)?,
        None => builder.starts[0],
    };
    Ok((builder.nfa, root))
}

struct Builder<'r> {
    nfa: Nfa,
    rules: &'r [Part],
    starts: Vec<StateId>,
    /// Parts of each rule with those of the rules that it names, where that is a finite number.
    sizes: Vec<Option<usize>>,
    nullable: Vec<bool>,
    classes: HashMap<(Vec<(char, char)>, bool), Dfa>,
}

impl Builder<'_> {
    /// The state before `part`, behind which comes `then`.
    fn part(&mut self, part: &Part, then: StateId) -> Result<StateId, Refused> {
        match part {
            Part::Literal(text) => self.nfa.text(text, then),
            Part::Class(ranges, negated) => {
                let key = (ranges.clone(), *negated);
                if !self.classes.contains_key(&key) {
                    let dfa = pattern::characters(ranges, *negated).map_err(Refused::new)?;
                    self.classes.insert(key.clone(), dfa);
                }
                self.nfa.plain(&self.classes[&key], then)
            }
            &Part::Rule(rule) => {
                let rules = self.rules;
                if self.sizes[rule].is_some_and(|size| size <= MAX_INLINE) {
                    return self.part(&rules[rule], then);
                }
                let from = self.nfa.state()?;
                self.nfa.call(from, self.starts[rule], then);
                Ok(from)
            }
            Part::Sequence(parts) => parts.iter().rev().try_fold(then, |then, part| self.part(part, then)),
            Part::Alternatives(parts) => {
                let from = self.nfa.state()?;
                for part in parts {
                    let start = self.part(part, then)?;
                    self.nfa.jump(from, start);
                }
                Ok(from)
            }
            Part::Repeated(part, min, max) => self.repeated(part, *min, *max, then),
        }
    }

    fn repeated(&mut self, part: &Part, min: usize, max: Option<usize>, then: StateId) -> Result<StateId, Refused> {
        let min = if is_nullable(part, &self.nullable) { 0 } else { min };
        if min.max(max.unwrap_or(0)) > MAX_COPIES && max != Some(0) {
            return self.counted(part, min, max, then);
        }
        let mut to = then;
        match max {
            None => {
                let again = self.nfa.state()?;
                let start = self.part(part, again)?;
                self.nfa.jump(again, start);
                self.nfa.jump(again, then);
                to = again;
            }
            Some(max) => {
                for _ in min..max {
                    let start = self.part(part, to)?;
                    let from = self.nfa.state()?;
                    self.nfa.jump(from, start);
                    self.nfa.jump(from, then);
                    to = from;
                }
            }
        }
        for _ in 0..min {
            to = self.part(part, to)?;
        }
        Ok(to)
    }

    /// A rule that calls what repeats, and counts.
    fn counted(&mut self, part: &Part, min: usize, max: Option<usize>, then: StateId) -> Result<StateId, Refused> {
        let then = match max {
            Some(_) => then,
            // The least number of repetitions, then any number of more.
            None => self.repeated(part, 0, None, then)?,
        };
        let most = max.unwrap_or(min);
        let [body, rule, from] = [self.nfa.state()?, self.nfa.state()?, self.nfa.state()?];
        let start = self.part(part, END)?;
        self.nfa.jump(body, start);
        self.nfa.at(rule).calls.push((body, rule, Count::Up(most as u16)));
        self.nfa.at(rule).accepts = Some(min as u16);
        // Never a jump: the rule that it would be part of may count too.
        self.nfa.at(from).calls.push((rule, then, Count::Keep));
        Ok(from)
    }
}

/// The rules that `part` names.
fn named(part: &Part, visit: &mut dyn FnMut(usize)) {
    match part {
        Part::Literal(_) | Part::Class(..) => {}
        Part::Rule(rule) => visit(*rule),
        Part::Sequence(parts) | Part::Alternatives(parts) => parts.iter().for_each(|part| named(part, visit)),
        Part::Repeated(part, ..) => named(part, visit),
    }
}

/// All rules in an order in which each comes after the rules that it names, as far as there are no cycles.
fn named_first(rules: &[Part]) -> Vec<usize> {
    let (mut order, mut seen) = (Vec::with_capacity(rules.len()), vec![false; rules.len()]);
    for root in 0..rules.len() {
        // The path of a depth-first search: rules, each with the named rules that are left to visit. Not a recursion, as the path may be as
        // long as there are rules.
        let mut path: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut next = Some(root);
        loop {
            if let Some(rule) = next.filter(|&rule| !core::mem::replace(&mut seen[rule], true)) {
                let mut names = Vec::new();
                named(&rules[rule], &mut |name| names.push(name));
                path.push((rule, names));
            }
            let Some((rule, names)) = path.last_mut() else { break };
            next = names.pop();
            if next.is_none() {
                order.push(*rule);
                path.pop();
            }
        }
    }
    order
}

/// Parts of each rule, in an `order` in which named rules come first; values are never put where their names stand.
fn sizes(rules: &[Part], marks: &[Option<Value>], order: &[usize]) -> Vec<Option<usize>> {
    fn of(part: &Part, sizes: &[Option<usize>]) -> Option<usize> {
        match part {
            Part::Literal(text) => Some(text.len()),
            Part::Class(..) => Some(1),
            // A name is a part too, so that no long chain of names is followed.
            Part::Rule(rule) => Some(sizes[*rule]?.saturating_add(1)),
            Part::Sequence(parts) | Part::Alternatives(parts) => {
                parts.iter().try_fold(1usize, |sum, part| Some(sum.saturating_add(of(part, sizes)?)))
            }
            Part::Repeated(part, min, max) => {
                Some(of(part, sizes)?.saturating_mul((*min).max(max.unwrap_or(1)).clamp(1, MAX_COPIES)))
            }
        }
    }
    let mut sizes = vec![None; rules.len()];
    for &at in order.iter().filter(|&&at| marks[at].is_none()) {
        sizes[at] = of(&rules[at], &sizes);
    }
    sizes
}

fn is_nullable(part: &Part, nullable: &[bool]) -> bool {
    match part {
        Part::Literal(text) => text.is_empty(),
        Part::Class(..) => false,
        Part::Rule(rule) => nullable[*rule],
        Part::Sequence(parts) => parts.iter().all(|part| is_nullable(part, nullable)),
        Part::Alternatives(parts) => parts.iter().any(|part| is_nullable(part, nullable)),
        Part::Repeated(part, min, _) => *min == 0 || is_nullable(part, nullable),
    }
}

/// The rules that have the empty text. Only rules that contain themselves need to be looked at more than once.
fn nullable(rules: &[Part], order: &[usize]) -> Vec<bool> {
    let mut nullable = vec![false; rules.len()];
    loop {
        let mut changes = false;
        for &at in order {
            let is_new = !nullable[at] && is_nullable(&rules[at], &nullable);
            nullable[at] |= is_new;
            changes |= is_new;
        }
        if !changes {
            return nullable;
        }
    }
}
