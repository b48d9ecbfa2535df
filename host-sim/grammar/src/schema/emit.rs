//! From alternatives to the automaton: a rule for each set of schemas that a value must be valid by.

use std::rc::Rc;

use super::alternative::{Alternative, Arrays, Literal, Numbers, types};
use super::doc::{Doc, Id, Val};
use super::emitter::Emitter;
use super::object::ObjectEmitter;
use crate::compile::compile;
use crate::compiled::Compiled;
use crate::frame::{Frame, Kind, Notation};
use crate::nfa::{Count, END, StateId};
use crate::refused::Refused;

/// Most items of arrays whose items differ by their place.
const MAX_PLACES: usize = 4096;

/// Compiles the JSON texts of a schema's values.
pub(super) fn emit(doc: Doc, depth: u16) -> Result<Compiled, Refused> {
    let root = Literal::is(doc.root);
    let mut emitter = Emitter::new(doc, Notation::Json);
    let start = emitter.rule(vec![root])?;
    emitter.fill_all()?;
    compile(emitter.nfa, start, depth)
}

/// Compiles texts of one or more values in a frame, each of one of `kinds`.
pub(super) fn emit_framed(doc: Doc, kinds: &[Kind], frame: &Frame, depth: u16) -> Result<Compiled, Refused> {
    let mut emitter = Emitter::new(doc, frame.notation);
    let mut rules = Vec::new();
    for kind in kinds {
        let unknown = || Refused::new(format!("\"{}\" is not part of the schema", kind.schema));
        let schema = emitter.expander.doc.target(&kind.schema).ok_or_else(unknown)?;
        rules.push((kind.head.as_str(), emitter.rule(vec![Literal::is(schema)])?));
    }
    emitter.fill_all()?;
    let start = emitter.framed(&rules, frame)?;
    compile(emitter.nfa, start, depth)
}

impl Emitter {
    fn fill_all(&mut self) -> Result<(), Refused> {
        while let Some((conjunction, rule)) = self.waiting.pop() {
            self.fill(&conjunction, rule)?;
        }
        Ok(())
    }

    /// The state before values of one of `rules` in a frame, each with the text in front of it.
    fn framed(&mut self, rules: &[(&str, StateId)], frame: &Frame) -> Result<StateId, Refused> {
        let [behind, head] = [self.nfa.state()?, self.nfa.state()?];
        self.nfa.jump(behind, END);
        if let Some(end) = frame.end {
            let end = self.nfa.text(end, END)?;
            self.nfa.jump(behind, end);
        }
        let after = self.nfa.text(frame.after, behind)?;
        for &(text, rule) in rules {
            let value = self.nfa.state()?;
            self.nfa.call(value, rule, after);
            let own = self.nfa.text(text, value)?;
            self.nfa.jump(head, own);
        }
        let first = self.nfa.text(frame.before, head)?;
        if let Some(between) = frame.between {
            let more = self.nfa.text(between, first)?;
            self.nfa.jump(behind, more);
        }
        Ok(first)
    }

    fn fill(&mut self, conjunction: &[Literal], rule: StateId) -> Result<(), Refused> {
        let alternatives = self.expander.expand(conjunction)?;
        let mut order = Vec::new();
        for &literal in conjunction {
            self.names_in(literal.schema, &mut order, &mut Vec::new());
        }
        if self.nfa.notation == Notation::Escaped {
            order.sort_by_key(|name| name.to_lowercase());
        }
        self.has_alternatives = alternatives.len() > 1;
        let mut constants = 0;
        for alternative in &alternatives {
            constants |= alternative.types;
            self.values(alternative, &order, rule)?;
        }
        self.constants(constants, rule, END)
    }

    /// Adds the values of those of `types` that have one value each, between two states.
    pub(super) fn constants(&mut self, types: u8, before: StateId, then: StateId) -> Result<(), Refused> {
        for (_, text) in types::CONSTANTS.into_iter().filter(|(bit, _)| types & bit != 0) {
            let start = self.nfa.text(text, then)?;
            self.nfa.jump(before, start);
        }
        Ok(())
    }

    fn values(&mut self, alternative: &Alternative, order: &[Rc<str>], rule: StateId) -> Result<(), Refused> {
        let Alternative { types, numbers, strings, arrays, objects } = alternative;
        if types & types::NUMBER != 0 {
            let start = self.number(numbers)?;
            self.nfa.jump(rule, start);
        }
        if types & types::STRING != 0 {
            let start = self.nfa.string(strings.dfa.as_deref(), strings.min, strings.max)?;
            match strings.value {
                Some(_) if self.nfa.notation != Notation::Json => {
                    let reason = "keyword \"x-flashlet-value\": not supported where strings have no quotes of JSON";
                    return Err(Refused::new(reason));
                }
                Some(value) => {
                    let marked = self.nfa.state()?;
                    self.nfa.jump(marked, start);
                    self.nfa.values.insert(marked, value);
                    self.nfa.call(rule, marked, END);
                }
                None => self.nfa.jump(rule, start),
            }
        }
        if types & types::ARRAY != 0 {
            self.array(arrays, rule)?;
        }
        if types & types::OBJECT != 0 {
            ObjectEmitter::emit(self, objects, order, rule)?;
        }
        Ok(())
    }

    fn number(&mut self, numbers: &Numbers) -> Result<StateId, Refused> {
        let key = format!("{numbers:?}");
        if let Some(&rule) = self.numbers.get(&key) {
            return Ok(rule);
        }
        let rule = self.nfa.plain(&numbers.all()?, END)?;
        self.numbers.insert(key, rule);
        Ok(rule)
    }

    fn array(&mut self, arrays: &Arrays, rule: StateId) -> Result<(), Refused> {
        let inside = self.nfa.state()?;
        self.nfa.edge(rule, b'[', inside);
        if arrays.max.is_some_and(|max| max < arrays.min) {
            return Ok(());
        }
        match arrays.some.as_slice() {
            [] if arrays.longest() == 0 => self.list(arrays, inside),
            [] => self.places(arrays, None, inside),
            &[(at, item)] => self.places(arrays, Some((at, item)), inside),
            _ => Err(Refused::new("keyword \"contains\": more than one of them is not supported")),
        }
    }

    /// Items that are all alike, counted.
    fn list(&mut self, arrays: &Arrays, inside: StateId) -> Result<(), Refused> {
        const LARGEST: usize = u16::MAX as usize;
        if arrays.min == 0 {
            self.nfa.edge(inside, b']', END);
        }
        if arrays.max == Some(0) {
            return Ok(());
        }
        if arrays.min > LARGEST {
            return Err(Refused::new("keyword \"minItems\": more than 65535 are not supported"));
        }
        let item = self.rule(arrays.item(0))?;
        let behind = self.nfa.state()?;
        self.nfa.call(inside, item, behind);
        let (least, most) = (arrays.min.saturating_sub(1), arrays.max.map(|max| (max - 1).min(LARGEST)));
        let up = match most {
            None if least == 0 => Count::Keep,
            most => Count::Up(most.unwrap_or(LARGEST) as u16),
        };
        let close = if least == 0 { Count::Keep } else { Count::AtLeast(least as u16) };
        self.nfa.counted(behind, b']', END, close);
        if most != Some(0) {
            let next = self.after_comma(behind, up)?;
            self.nfa.call(next, item, behind);
        }
        Ok(())
    }

    /// Items that differ by their place, or of which one must be `some`.
    fn places(&mut self, arrays: &Arrays, some: Option<(usize, Literal)>, inside: StateId) -> Result<(), Refused> {
        let fixed = arrays.longest().max(arrays.min).max(arrays.max.unwrap_or(0));
        let n = fixed.max(some.map_or(0, |(at, _)| at)) + usize::from(arrays.max.is_none());
        if n > MAX_PLACES {
            let reason = format!("at most {MAX_PLACES} items are supported where items differ by their place");
            return Err(Refused::new(format!("keyword \"maxItems\": {reason}")));
        }
        // After some items: without the one that must be there, and with it.
        let mut after = Vec::new();
        for _ in 0..=n {
            after.push([self.nfa.state()?, self.nfa.state()?]);
        }
        after[0][usize::from(some.is_none())] = inside;
        for at in 0..=n {
            for found in [0, 1] {
                let from = after[at][found];
                if found == 1 && at >= arrays.min {
                    self.nfa.edge(from, b']', END);
                }
                let next = if at < n { at + 1 } else { at };
                if arrays.max.is_some_and(|max| next > max || at == n) {
                    continue;
                }
                let before = if at == 0 { from } else { self.after_comma(from, Count::Keep)? };
                let item = arrays.item(at);
                if let Some((_, literal)) = some.filter(|(first, _)| found == 0 && at >= *first) {
                    let rule = self.rule(item.iter().copied().chain([literal]).collect())?;
                    self.nfa.call(before, rule, after[next][1]);
                }
                let rule = self.rule(item)?;
                self.nfa.call(before, rule, after[next][found]);
            }
        }
        Ok(())
    }

    /// The names of members that the schema and those that it consists of speak of, in the order in which they come.
    fn names_in(&self, schema: Id, order: &mut Vec<Rc<str>>, seen: &mut Vec<Id>) {
        if seen.contains(&schema) || seen.len() > 2000 {
            return;
        }
        seen.push(schema);
        let doc = &self.expander.doc;
        if let Some(Val::Object(members)) = doc.member(schema, "properties").map(|id| doc.val(id)) {
            for (name, _) in members.iter() {
                if !order.contains(name) {
                    order.push(name.clone());
                }
            }
        }
        if let Some(Val::Str(reference)) = doc.member(schema, "$ref").map(|id| doc.val(id))
            && let Some(target) = doc.target(&reference)
        {
            self.names_in(target, order, seen);
        }
        for key in ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"] {
            match doc.member(schema, key).map(|id| (id, doc.val(id))) {
                Some((_, Val::Array(list))) => list.iter().for_each(|&part| self.names_in(part, order, seen)),
                Some((id, Val::Object(_))) => self.names_in(id, order, seen),
                _ => {}
            }
        }
        for key in ["dependencies", "dependentSchemas"] {
            if let Some(Val::Object(members)) = doc.member(schema, key).map(|id| doc.val(id)) {
                members.iter().for_each(|&(_, part)| self.names_in(part, order, seen));
            }
        }
        if let Some(Val::Array(list)) = doc.member(schema, "enum").map(|id| doc.val(id)) {
            list.iter().for_each(|&value| self.names_of(value, order));
        }
        if let Some(value) = doc.member(schema, "const") {
            self.names_of(value, order);
        }
    }

    fn names_of(&self, value: Id, order: &mut Vec<Rc<str>>) {
        if let Val::Object(members) = self.expander.doc.val(value) {
            for (name, _) in members.iter() {
                if !order.contains(name) {
                    order.push(name.clone());
                }
            }
        }
    }
}
