//! Objects: members with names in one order, then others.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt};
use std::rc::Rc;

use super::alternative::{Conjunction, Literal, Members, Objects};
use super::doc::Val;
use super::emitter::Emitter;
use super::member::Values;
use crate::dfa::Dfa;
use crate::frame::Notation;
use crate::nfa::{Count, END, StateId};
use crate::refused::Refused;

/// Most required names that may come in any order among the unlisted members: more than these keep the order of `required`.
const MAX_FREE: usize = 4;

/// Most members that may be counted.
const MAX_MEMBERS: usize = 512;

/// Most ways to make an object whose members must include one of a kind.
const MAX_WITNESSES: usize = 64;

/// A set of unlisted names whose values must satisfy the same schemas.
struct Class {
    /// `None`: any.
    names: Option<Dfa>,
    value: Conjunction,
    /// The values by `value`, once they are needed: to find them takes time.
    values: Option<Values>,
    /// A member of this class makes the object invalid by a `not`, as is needed.
    is_witness: bool,
}

/// The members of an object so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Seen {
    /// The required names that come among the others, as bits.
    free: usize,
    /// Members with listed names, those of `free` too.
    named: usize,
    /// Members with other names.
    others: usize,
    /// True if one of them is the witness.
    has_witness: bool,
}

/// The automaton of one alternative's objects.
pub(super) struct ObjectEmitter<'e> {
    emitter: &'e mut Emitter,
    min: usize,
    max: Option<usize>,
    /// Names in their order, their values, and whether they are required.
    named: Vec<(Rc<str>, Values, bool)>,
    /// Required names that come among the others.
    free: Vec<(Rc<str>, Values)>,
    classes: Vec<Class>,
    /// A member of a class with `is_witness` is required.
    needs_witness: bool,
    /// The state after an unlisted member.
    behind: HashMap<Seen, StateId>,
    /// The state before the name of one.
    before: HashMap<Seen, StateId>,
}

impl ObjectEmitter<'_> {
    /// Adds the objects of `objects` to `rule`. `order` has the names that have a place.
    pub(super) fn emit(
        emitter: &mut Emitter,
        objects: &Objects,
        order: &[Rc<str>],
        rule: StateId,
    ) -> Result<(), Refused> {
        let mut waiting = vec![objects.clone()];
        let mut n = 0;
        while let Some(mut objects) = waiting.pop() {
            n += 1;
            if n > MAX_WITNESSES {
                return Err(Refused::new(format!(
                    "keyword \"not\": at most {MAX_WITNESSES} ways to be invalid by a member are supported"
                )));
            }
            if objects.some.len() > 1 {
                return Err(Refused::new("keyword \"not\": only one member that must be invalid is supported"));
            }
            let witness = objects.some.pop();
            if let Some((names, value)) = &witness {
                let others = objects.required.iter().filter(|name| !order.contains(name));
                for name in order.iter().chain(others).filter(|name| names.contains(name)) {
                    waiting.push(with_member(&objects, name, *value));
                }
            }
            build(emitter, &objects, witness, order, rule)?;
        }
        Ok(())
    }

    fn open(&mut self, rule: StateId) -> Result<(), Refused> {
        let start = self.emitter.nfa.state()?;
        self.emitter.nfa.edge(rule, b'{', start);
        let most = self.capped(self.max.unwrap_or(self.min));
        let n = self.named.len();
        // Behind a member, and before the name of one, by the next name's place and how many came.
        let (mut behind, mut before) = (Vec::new(), Vec::new());
        for _ in 0..(n + 1) * (most + 1) {
            behind.push(self.emitter.nfa.state()?);
            before.push(self.emitter.nfa.state()?);
        }
        let at = |next: usize, count: usize| next * (most + 1) + count;
        let last_required = self.named.iter().rposition(|named| named.2).map_or(0, |last| last + 1);
        for next in 0..=n {
            for count in 0..=most {
                let (own, name) = (behind[at(next, count)], before[at(next, count)]);
                let comma = self.emitter.after_comma(own, Count::Keep)?;
                self.emitter.nfa.jump(comma, name);
                if next >= last_required && self.may_close(Seen { named: count, ..Seen::default() }) {
                    self.emitter.nfa.edge(own, b'}', END);
                }
                let one_more = self.capped(count + 1);
                if let Some((text, value, required)) = self.named.get(next).cloned() {
                    if one_more <= most {
                        let member = self.member(&text, &value, behind[at(next + 1, one_more)])?;
                        self.emitter.nfa.jump(name, member);
                    }
                    if !required {
                        self.emitter.nfa.jump(name, before[at(next + 1, count)]);
                    }
                } else {
                    let seen = Seen { named: count, has_witness: !self.needs_witness, ..Seen::default() };
                    let others = self.others(seen)?;
                    self.emitter.nfa.jump(name, others);
                }
            }
        }
        self.emitter.nfa.jump(start, before[0]);
        if last_required == 0 && self.min == 0 && self.may_close(Seen::default()) {
            self.emitter.nfa.edge(start, b'}', END);
        }
        Ok(())
    }

    /// True if an object may end after these members.
    fn may_close(&self, seen: Seen) -> bool {
        // Names of others may be alike.
        let surely = seen.named + seen.others.min(1);
        seen.free + 1 == 1 << self.free.len()
            && (seen.has_witness || !self.needs_witness)
            && (self.min <= 1 || surely >= self.min)
    }

    /// A member `name`, with the quote in front: what comes behind it is `then`.
    fn member(&mut self, name: &str, value: &Values, then: StateId) -> Result<StateId, Refused> {
        let colon = self.colon(value, then)?;
        if self.emitter.nfa.notation == Notation::Json {
            let text = serde_json::Value::from(name).to_string();
            return self.emitter.nfa.text(&text, colon);
        }
        if name.is_empty() || name.contains(Notation::MARKS) {
            return Err(Refused::new(format!("the name {name:?} is not supported where names have no quotes")));
        }
        self.emitter.nfa.text(name, colon)
    }

    /// The state behind a name.
    fn colon(&mut self, value: &Values, then: StateId) -> Result<StateId, Refused> {
        let nfa = &mut self.emitter.nfa;
        let [colon, space, before] = [nfa.state()?, nfa.state()?, nfa.state()?];
        nfa.edge(colon, b':', space);
        nfa.space(space, before);
        nfa.jump(space, before);
        value.emit(self.emitter, before, then)?;
        Ok(colon)
    }

    /// The state before the name of one of the others.
    fn others(&mut self, seen: Seen) -> Result<StateId, Refused> {
        if let Some(&state) = self.before.get(&seen) {
            return Ok(state);
        }
        let before = self.emitter.nfa.state()?;
        self.before.insert(seen, before);
        if self.max.is_some_and(|max| seen.named + seen.others >= max) {
            return Ok(before);
        }
        for at in 0..self.free.len() {
            if seen.free & 1 << at == 0 {
                let (name, value) = self.free[at].clone();
                let named = self.capped(seen.named + 1);
                let then = self.behind(Seen { free: seen.free | 1 << at, named, ..seen })?;
                let member = self.member(&name, &value, then)?;
                self.emitter.nfa.jump(before, member);
            }
        }
        for at in 0..self.classes.len() {
            let is_witness = self.classes[at].is_witness;
            if is_witness && seen.has_witness && self.needs_witness {
                continue;
            }
            let others = if self.max.is_some() { seen.others + 1 } else { usize::from(self.min > 1) };
            let then = self.behind(Seen { others, has_witness: seen.has_witness || is_witness, ..seen })?;
            let values = self.values_of_class(at)?;
            let colon = self.colon(&values, then)?;
            let names = self.classes[at].names.clone();
            self.emitter.nfa.name(names.as_ref(), before, colon)?;
        }
        Ok(before)
    }

    fn values_of_class(&mut self, at: usize) -> Result<Values, Refused> {
        let class = &mut self.classes[at];
        if let Some(known) = &class.values {
            return Ok(known.clone());
        }
        let values = Values::of(self.emitter, class.value.clone())?;
        class.values = Some(values.clone());
        Ok(values)
    }

    /// The count to remember after `named` listed members: without a `maxProperties`, counts above `minProperties` are all alike.
    fn capped(&self, named: usize) -> usize {
        match self.max {
            Some(_) => named,
            None if self.min > 1 => named.min(self.min),
            None => 0,
        }
    }

    /// The state behind one of the others.
    fn behind(&mut self, seen: Seen) -> Result<StateId, Refused> {
        if let Some(&state) = self.behind.get(&seen) {
            return Ok(state);
        }
        let state = self.emitter.nfa.state()?;
        self.behind.insert(seen, state);
        if self.may_close(seen) {
            self.emitter.nfa.edge(state, b'}', END);
        }
        let comma = self.emitter.after_comma(state, Count::Keep)?;
        let before = self.others(seen)?;
        self.emitter.nfa.jump(comma, before);
        Ok(state)
    }
}

/// Objects with a member `name` that is valid by `value` too.
fn with_member(objects: &Objects, name: &Rc<str>, value: Literal) -> Objects {
    let mut objects = objects.clone();
    if !objects.required.contains(name) {
        objects.required.push(name.clone());
    }
    objects.members.push(Members { named: Rc::new([(name.clone(), value)]), ..Members::default() });
    objects
}

/// Adds the objects of `objects`; with a `witness`, at least one unlisted member must be it.
fn build(
    emitter: &mut Emitter,
    objects: &Objects,
    witness: Option<(Rc<Dfa>, Literal)>,
    order: &[Rc<str>],
    rule: StateId,
) -> Result<(), Refused> {
    let names = allowed_names(emitter, objects)?;
    let allowed = |name: &str| names.as_ref().is_none_or(|names| names.contains(name));
    let unplaced: Vec<Rc<str>> = objects.required.iter().filter(|name| !order.contains(name)).cloned().collect();
    let placed: Vec<&str> = order.iter().chain(&unplaced).map(|name| &**name).collect();
    let classes = classes(emitter, objects, witness.as_ref(), &placed, names.as_ref())?;
    let is_free = unplaced.len() <= MAX_FREE && !classes.is_empty();
    let (mut named, mut free) = (Vec::new(), Vec::new());
    for (name, is_placed) in order.iter().map(|name| (name, true)).chain(unplaced.iter().map(|name| (name, false))) {
        let required = objects.required.contains(name);
        let value = objects.member(name);
        if !allowed(name) || is_never(emitter, &value) {
            if required {
                return Ok(());
            }
            continue;
        }
        let value = Values::of(emitter, value)?;
        if is_placed || !is_free {
            named.push((name.clone(), value, required));
        } else {
            free.push((name.clone(), value));
        }
    }
    let needs_witness = witness.is_some();
    if !has_counts(objects, named.len() + free.len(), !classes.is_empty())? {
        return Ok(());
    }
    let mut object = ObjectEmitter {
        emitter,
        min: objects.min,
        max: objects.max,
        named,
        free,
        classes,
        needs_witness,
        behind: HashMap::new(),
        before: HashMap::new(),
    };
    object.open(rule)
}

/// The names that members may have; `None`: any.
fn allowed_names(emitter: &mut Emitter, objects: &Objects) -> Result<Option<Dfa>, Refused> {
    let mut names: Option<Dfa> = None;
    for &literal in &objects.names {
        let texts = emitter.expander.texts(literal)?;
        names = Some(match names {
            None => texts,
            Some(own) => own.and(&texts)?,
        });
    }
    Ok(names)
}

/// False if no object has as many members as it must. Members may have `listed` names, and others if it `has_others`.
fn has_counts(objects: &Objects, listed: usize, has_others: bool) -> Result<bool, Refused> {
    let Objects { min, max, .. } = *objects;
    // Members without a listed name may all have the same name, so they count as one.
    if min > listed + 1 && has_others && max.is_none_or(|max| max >= min) {
        let reason =
            "keyword \"minProperties\": at most one more than the number of names that the schema lists is supported";
        return Err(Refused::new(reason));
    }
    if max.is_some_and(|max| max < min) {
        return Ok(false);
    }
    for (keyword, count) in [("minProperties", Some(min)), ("maxProperties", max)] {
        if count.is_some_and(|count| count > MAX_MEMBERS) {
            return Err(Refused::new(format!("keyword \"{keyword}\": at most {MAX_MEMBERS} are supported")));
        }
    }
    Ok(true)
}

fn is_never(emitter: &Emitter, conjunction: &[Literal]) -> bool {
    conjunction.iter().any(|literal| emitter.expander.doc.val(literal.schema) == Val::Bool(literal.negated))
}

/// The classes of names that are not `placed`.
fn classes(
    emitter: &Emitter,
    objects: &Objects,
    witness: Option<&(Rc<Dfa>, Literal)>,
    placed: &[&str],
    names: Option<&Dfa>,
) -> Result<Vec<Class>, Refused> {
    // A name that only a condition mentions, such as `not` or `dependentRequired`, is a class of its own.
    let named = objects.members.iter().flat_map(|members| members.named.iter().map(|(name, _)| &**name));
    let own: BTreeSet<&str> = named.filter(|name| !placed.contains(name)).collect();
    let known: BTreeSet<&str> = placed.iter().copied().chain(own.iter().copied()).collect();
    let has_no_others =
        |members: &Members| members.matching.is_empty() && members.rest.is_some_and(|rest| is_never(emitter, &[rest]));
    let mut parts = match objects.members.iter().any(has_no_others) {
        true => Vec::new(),
        false => others(objects, &known, names)?,
    };
    for name in own.into_iter().filter(|name| names.is_none_or(|names| names.contains(name))) {
        parts.push((Some(Dfa::words([name])?), objects.member(name)));
    }
    parts.retain(|(_, value)| !is_never(emitter, value));
    let mut classes: Vec<Class> = Vec::new();
    for (dfa, value) in parts {
        if let Some((names, literal)) = witness {
            let with = dfa.as_ref().unwrap_or(&Dfa::any()).and(names)?;
            if !with.is_empty() {
                let value = value.iter().copied().chain([*literal]).collect();
                classes.push(Class { names: Some(with), value, values: None, is_witness: true });
            }
        }
        if dfa.as_ref().is_none_or(|dfa| !dfa.is_empty()) {
            classes.push(Class { names: dfa, value, values: None, is_witness: false });
        }
    }
    Ok(classes)
}

/// The names that are not `known`, in sets by what their values must be. `None` is the set of all names.
fn others(
    objects: &Objects,
    known: &BTreeSet<&str>,
    names: Option<&Dfa>,
) -> Result<Vec<(Option<Dfa>, Conjunction)>, Refused> {
    let has_patterns = objects.members.iter().any(|members| !members.matching.is_empty());
    if known.is_empty() && names.is_none() && !has_patterns {
        return Ok(vec![(None, objects.members.iter().filter_map(|members| members.rest).collect())]);
    }
    let mut all = Dfa::any();
    if let Some(names) = names {
        all = all.and(names)?;
    }
    if !known.is_empty() {
        all = all.minus(&Dfa::words(known.iter().copied())?)?;
    }
    let mut parts: Vec<(Dfa, Conjunction)> = vec![(all, Vec::new())];
    for members in &objects.members {
        let mut next: Vec<(Dfa, Conjunction, bool)> =
            parts.into_iter().map(|(dfa, value)| (dfa, value, false)).collect();
        for (names, literal) in members.matching.iter() {
            let mut split = Vec::new();
            for (dfa, value, found) in next {
                let with = dfa.and(&names.narrow)?;
                if !with.is_empty() {
                    split.push((with.minimal(), value.iter().copied().chain([*literal]).collect(), true));
                }
                let without = dfa.minus(&names.wide)?;
                if !without.is_empty() {
                    split.push((without.minimal(), value, found));
                }
            }
            if split.len() > 256 {
                return Err(Refused::new("keyword \"patternProperties\": so many patterns are not supported"));
            }
            next = split;
        }
        parts = next
            .into_iter()
            .map(|(dfa, value, found)| {
                let rest = members.rest.filter(|_| !found);
                (dfa, value.into_iter().chain(rest).collect())
            })
            .collect();
    }
    Ok(parts.into_iter().map(|(dfa, value)| (Some(dfa), value)).collect())
}
