//! Keywords that restrict values of a type, and what does not fulfil them.

use std::rc::Rc;

use super::alternative::{Alternative, Items, Literal, Members, types};
use super::doc::{Id, Val};
use super::expand::{Alternatives, Expander};
use super::restriction::Restriction;
use crate::dfa::Dfa;
use crate::formats;
use crate::mark;
use crate::number::Decimal;
use crate::pattern;
use crate::refused::Refused;

/// Keywords that restrict values in ways that no automaton of this kind follows.
const UNSUPPORTED: [&str; 8] = [
    "unevaluatedProperties",
    "unevaluatedItems",
    "$dynamicRef",
    "$recursiveRef",
    "minContains",
    "maxContains",
    "extends",
    "disallow",
];

/// Keyword of strings that are values. To others it is an annotation.
const VALUE: &str = "x-flashlet-value";

impl Expander {
    /// Those of `alternatives` that a keyword allows; one that is not known allows all.
    pub(super) fn restrict(
        &mut self,
        alternatives: Alternatives,
        schema: Id,
        key: &str,
        value: Id,
    ) -> Result<Alternatives, Refused> {
        let mut alternatives = alternatives;
        match key {
            "enum" => {
                let list = self.list(schema, key, value)?;
                return self.among(alternatives, &list);
            }
            "const" => return self.among(alternatives, &[value]),
            "type" => {
                let (mask, whole) = self.types(schema, value)?;
                for alternative in &mut alternatives {
                    alternative.types &= mask;
                    if whole {
                        only_whole(alternative, true);
                    }
                }
            }
            _ => {
                if let Some(restriction) = self.restriction(schema, key, value)? {
                    for alternative in &mut alternatives {
                        restriction.apply(alternative)?;
                    }
                }
            }
        }
        Ok(alternatives)
    }

    /// Those of `alternatives` that a keyword does not allow.
    pub(super) fn restrict_not(
        &mut self,
        alternatives: Alternatives,
        schema: Id,
        key: &str,
        value: Id,
    ) -> Result<Alternatives, Refused> {
        let mut alternatives = alternatives;
        match key {
            "enum" => {
                let list = self.list(schema, key, value)?;
                self.not_among(alternatives, &list)
            }
            "const" => self.not_among(alternatives, &[value]),
            "type" => {
                let (mask, whole) = self.types(schema, value)?;
                for alternative in &mut alternatives {
                    let numbers = alternative.types & types::NUMBER;
                    alternative.types &= !mask;
                    if whole {
                        alternative.types |= numbers;
                        only_whole(alternative, false);
                    }
                }
                Ok(alternatives)
            }
            _ => {
                let mut found = Vec::new();
                for violation in self.violations(schema, key, value)? {
                    let mut part = alternatives.clone();
                    for alternative in &mut part {
                        alternative.types &= violation.types();
                        violation.apply(alternative)?;
                    }
                    found.extend(part);
                }
                Ok(found)
            }
        }
    }

    /// The types that are named, and whether numbers are to be whole.
    fn types(&self, schema: Id, value: Id) -> Result<(u8, bool), Refused> {
        let names = match self.doc.val(value) {
            Val::Array(list) => list.to_vec(),
            _ => vec![value],
        };
        let (mut mask, mut whole, mut any) = (0, false, false);
        for name in names {
            let Val::Str(name) = self.doc.val(name) else {
                return self.refuse(schema, "type", "a type that is no text is not supported");
            };
            mask |= match &*name {
                "null" => types::NULL,
                "boolean" => types::TRUE | types::FALSE,
                "number" => types::NUMBER,
                "integer" => types::NUMBER,
                "string" => types::STRING,
                "array" => types::ARRAY,
                "object" => types::OBJECT,
                "any" => types::ALL,
                _ => return self.refuse(schema, "type", &format!("type \"{name}\" is not supported")),
            };
            (whole, any) = (whole || &*name == "integer", any || matches!(&*name, "number" | "any"));
        }
        Ok((mask, whole && !any))
    }

    /// Those that are one of `list`.
    fn among(&mut self, alternatives: Alternatives, list: &[Id]) -> Result<Alternatives, Refused> {
        let (mut mask, mut numbers, mut words, mut others) = (0, Vec::new(), Vec::new(), Vec::new());
        for &id in list {
            match self.doc.val(id) {
                Val::Null => mask |= types::NULL,
                Val::Bool(value) => mask |= if value { types::TRUE } else { types::FALSE },
                Val::Number(text) => numbers.push(text),
                Val::Str(text) => words.push(text),
                Val::Array(_) | Val::Object(_) => others.push(id),
            }
        }
        mask |= if numbers.is_empty() { 0 } else { types::NUMBER } | if words.is_empty() { 0 } else { types::STRING };
        let words = Rc::new(Dfa::words(words.iter().map(|word| &**word))?);
        let mut found = Vec::new();
        for id in others {
            let schema = self.constant(id);
            found.extend(self.apply(alternatives.clone(), Literal::is(schema))?);
        }
        for mut alternative in alternatives {
            alternative.types &= mask;
            if alternative.types & types::STRING != 0 {
                alternative.strings.restrict(words.clone())?;
            }
            if alternative.types & types::NUMBER != 0 {
                alternative.numbers.restrict(&numbers);
            }
            found.push(alternative);
        }
        Ok(found)
    }

    fn not_among(&mut self, alternatives: Alternatives, list: &[Id]) -> Result<Alternatives, Refused> {
        let (mut alternatives, mut words) = (alternatives, Vec::new());
        for &id in list {
            match self.doc.val(id) {
                Val::Null => alternatives.iter_mut().for_each(|alternative| alternative.types &= !types::NULL),
                Val::Bool(value) => {
                    let bit = if value { types::TRUE } else { types::FALSE };
                    alternatives.iter_mut().for_each(|alternative| alternative.types &= !bit);
                }
                Val::Number(text) => {
                    let Some(value) = Decimal::parse(&text) else {
                        return Err(Refused::keyword("enum", self.doc.path(id), "such a number is not supported"));
                    };
                    alternatives.iter_mut().for_each(|alternative| alternative.numbers.not.push(value.clone()));
                }
                Val::Str(text) => words.push(text),
                Val::Array(_) | Val::Object(_) => {
                    let schema = self.constant(id);
                    alternatives = self.apply(alternatives, Literal::not(schema))?;
                }
            }
        }
        if !words.is_empty() {
            let others = Rc::new(Dfa::words(words.iter().map(|word| &**word))?.not()?);
            for alternative in &mut alternatives {
                alternative.strings.restrict(others.clone())?;
            }
        }
        Ok(alternatives)
    }

    /// A schema of just the array or object `id`.
    fn constant(&mut self, id: Id) -> Id {
        let never = self.doc.boolean(false);
        match self.doc.val(id) {
            Val::Array(items) => {
                let parts: Vec<Id> = items.iter().map(|&item| self.doc.object(&[("const", item)])).collect();
                let (name, parts) = (self.doc.string("array"), self.doc.array(&parts));
                let n = self.doc.keep(Val::Number(items.len().to_string().into()));
                self.doc.object(&[("type", name), ("minItems", n), ("prefixItems", parts), ("items", never)])
            }
            Val::Object(members) => {
                let name = self.doc.string("object");
                let mut properties: Vec<(Rc<str>, Id)> = Vec::new();
                let mut required = Vec::new();
                for (name, value) in members.iter() {
                    properties.push((name.clone(), self.doc.object(&[("const", *value)])));
                    required.push(self.doc.string(name));
                }
                let (properties, required) = (self.doc.keep(Val::Object(properties.into())), self.doc.array(&required));
                self.doc.object(&[
                    ("type", name),
                    ("properties", properties),
                    ("required", required),
                    ("additionalProperties", never),
                ])
            }
            _ => self.doc.object(&[("const", id)]),
        }
    }

    fn number(&self, schema: Id, key: &str, value: Id) -> Result<Decimal, Refused> {
        if let Val::Number(text) = self.doc.val(value)
            && let Some(value) = Decimal::parse(&text)
        {
            return Ok(value);
        }
        self.refuse(schema, key, "it must be a number of at most 400 digits")
    }

    fn size(&self, schema: Id, key: &str, value: Id) -> Result<usize, Refused> {
        match self.number(schema, key, value)?.to_usize() {
            Some(size) => Ok(size),
            None => self.refuse(schema, key, "it must be a whole number from 0 to 999999999"),
        }
    }

    fn text(&self, schema: Id, key: &str, value: Id) -> Result<Rc<str>, Refused> {
        match self.doc.val(value) {
            Val::Str(text) => Ok(text),
            _ => self.refuse(schema, key, "it must be a text"),
        }
    }

    /// A limit: in early drafts a boolean beside it says whether it is left out.
    fn limit(&self, schema: Id, key: &str, value: Id) -> Result<Option<Restriction>, Refused> {
        if matches!(self.doc.val(value), Val::Bool(_)) {
            return Ok(None);
        }
        let value = self.number(schema, key, value)?;
        let exclusive = |other: &str| {
            let beside = self.doc.member(schema, other).map(|id| self.doc.val(id));
            key == other || beside == Some(Val::Bool(true))
        };
        Ok(Some(match key {
            "minimum" | "exclusiveMinimum" => Restriction::Min(value, exclusive("exclusiveMinimum")),
            _ => Restriction::Max(value, exclusive("exclusiveMaximum")),
        }))
    }

    /// The restriction that a keyword puts on values of one type.
    fn restriction(&mut self, schema: Id, key: &str, value: Id) -> Result<Option<Restriction>, Refused> {
        Ok(Some(match key {
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => return self.limit(schema, key, value),
            "multipleOf" | "divisibleBy" => {
                let divisor = self.number(schema, key, value)?;
                if crate::number::multiples(&divisor).is_none() {
                    return self.refuse(
                        schema,
                        key,
                        "only positive numbers of at most three digits that count, and 1000, are supported",
                    );
                }
                Restriction::Divisor(divisor)
            }
            "minLength" => Restriction::MinLength(self.size(schema, key, value)?),
            "maxLength" => Restriction::MaxLength(self.size(schema, key, value)?),
            "pattern" => {
                let text = self.text(schema, key, value)?;
                Restriction::Text(self.pattern(schema, &text, false)?)
            }
            "format" => match self.format(schema, value)? {
                Some(dfa) => Restriction::Text(dfa),
                None => return Ok(None),
            },
            VALUE => match mark::parse(&self.text(schema, key, value)?) {
                Ok(value) => Restriction::Value(value),
                Err(reason) => return self.refuse(schema, key, &reason),
            },
            "minItems" => Restriction::MinItems(self.size(schema, key, value)?),
            "maxItems" => Restriction::MaxItems(self.size(schema, key, value)?),
            // One of the two stands for both.
            "items" | "prefixItems" => {
                return self.items(schema, key, value).map(|items| items.map(Restriction::Items));
            }
            "contains" => Restriction::SomeItem(0, Literal::is(value)),
            "uniqueItems" if self.doc.val(value) == Val::Bool(true) => {
                let max = self.doc.member(schema, "maxItems").map(|max| self.size(schema, "maxItems", max));
                if max.transpose()?.is_none_or(|max| max > 1) {
                    return self.refuse(schema, key, "it is supported only with \"maxItems\" of 0 or 1");
                }
                return Ok(None);
            }
            "properties" | "patternProperties" | "additionalProperties" => {
                // The first of them stands for all.
                let all = ["properties", "patternProperties", "additionalProperties"];
                let first = all.into_iter().find(|key| self.doc.member(schema, key).is_some());
                if first != Some(key) {
                    return Ok(None);
                }
                Restriction::Members(self.members(schema)?)
            }
            "required" => {
                // In draft 3 it is a boolean of the member itself.
                if matches!(self.doc.val(value), Val::Bool(_)) {
                    return Ok(None);
                }
                let list = self.list(schema, key, value)?;
                let names = list.iter().map(|&name| self.text(schema, key, name));
                Restriction::Required(names.collect::<Result<_, _>>()?)
            }
            "propertyNames" => Restriction::Names(Literal::is(value)),
            "minProperties" => Restriction::MinMembers(self.size(schema, key, value)?),
            "maxProperties" => Restriction::MaxMembers(self.size(schema, key, value)?),
            _ if UNSUPPORTED.contains(&key) => return self.refuse(schema, key, "it is not supported"),
            _ => return Ok(None),
        }))
    }

    fn format(&mut self, schema: Id, value: Id) -> Result<Option<Rc<Dfa>>, Refused> {
        let Val::Str(name) = self.doc.val(value) else { return Ok(None) };
        match formats::expression(&name) {
            Some(expression) => self.pattern(schema, &expression.as_str().into(), false).map(Some),
            None if &*name == "regex" => {
                // Any text that is surely an expression: one without a character that means something.
                Ok(pattern::matching(r"^[^\\^$.|?*+(){}\[\]]*$", false).ok().map(Rc::new))
            }
            None => Ok(None),
        }
    }

    /// The schema's restrictions on items.
    fn items(&mut self, schema: Id, key: &str, value: Id) -> Result<Option<Items>, Refused> {
        let list = |id: Id| match self.doc.val(id) {
            Val::Array(list) => Some(list),
            _ => None,
        };
        let literals = |list: &[Id]| list.iter().map(|&id| Literal::is(id)).collect::<Vec<_>>().into();
        if let Some(first) = list(value) {
            let rest = if key == "prefixItems" { "items" } else { "additionalItems" };
            let rest = self.doc.member(schema, rest).filter(|&id| list(id).is_none()).map(Literal::is);
            return Ok(Some(Items { first: literals(&first), rest }));
        }
        if self.doc.member(schema, "prefixItems").is_some() {
            return Ok(None);
        }
        Ok(Some(Items { first: Rc::new([]), rest: Some(Literal::is(value)) }))
    }

    /// The schema's restrictions on members.
    fn members(&mut self, schema: Id) -> Result<Members, Refused> {
        let object = |id: Option<Id>| match id.map(|id| self.doc.val(id)) {
            Some(Val::Object(members)) => members.to_vec(),
            _ => Vec::new(),
        };
        let named = object(self.doc.member(schema, "properties"));
        let patterns = object(self.doc.member(schema, "patternProperties"));
        let named: Vec<_> = named.into_iter().map(|(name, id)| (name, Literal::is(id))).collect();
        let mut matching = Vec::new();
        for (pattern, id) in patterns {
            matching.push((self.names(schema, &pattern)?, Literal::is(id)));
        }
        let rest = self.doc.member(schema, "additionalProperties").map(Literal::is);
        Ok(Members { named: named.into(), matching: matching.into(), rest })
    }

    /// Ways not to fulfil a keyword, each of values of one type.
    fn violations(&mut self, schema: Id, key: &str, value: Id) -> Result<Vec<Restriction>, Refused> {
        let never = Literal::is(self.doc.boolean(false));
        let Some(restriction) = self.restriction(schema, key, value)? else { return Ok(Vec::new()) };
        Ok(match restriction {
            Restriction::Min(value, exclusive) => vec![Restriction::Max(value, !exclusive)],
            Restriction::Max(value, exclusive) => vec![Restriction::Min(value, !exclusive)],
            Restriction::MinLength(n) => n.checked_sub(1).map(Restriction::MaxLength).into_iter().collect(),
            Restriction::MaxLength(n) => vec![Restriction::MinLength(n + 1)],
            Restriction::MinItems(n) => n.checked_sub(1).map(Restriction::MaxItems).into_iter().collect(),
            Restriction::MaxItems(n) => vec![Restriction::MinItems(n + 1)],
            Restriction::MinMembers(n) => n.checked_sub(1).map(Restriction::MaxMembers).into_iter().collect(),
            Restriction::MaxMembers(n) => vec![Restriction::MinMembers(n + 1)],
            Restriction::Text(_) if key == "pattern" => {
                let text = self.text(schema, key, value)?;
                vec![Restriction::Text(Rc::new(self.pattern(schema, &text, true)?.not()?))]
            }
            Restriction::Required(names) => {
                let without = |name| Members { named: Rc::new([(name, never)]), ..Members::default() };
                names.into_iter().map(|name| Restriction::Members(without(name))).collect()
            }
            Restriction::Items(Items { first, rest }) => {
                let all = Literal::is(self.doc.boolean(true));
                let wrong = |at: usize| {
                    let mut items = vec![all; at];
                    items.push(first[at].opposite());
                    Restriction::Item(at + 1, Items { first: items.into(), rest: None })
                };
                let rest = rest.map(|rest| Restriction::SomeItem(first.len(), rest.opposite()));
                (0..first.len()).map(wrong).chain(rest).collect()
            }
            Restriction::SomeItem(_, item) => {
                vec![Restriction::Items(Items { first: Rc::new([]), rest: Some(item.opposite()) })]
            }
            Restriction::Members(members) => Restriction::members_not(&members)?,
            Restriction::Value(_) => Vec::new(),
            Restriction::Names(names) => {
                let dfa = self.texts(names.opposite())?;
                vec![Restriction::SomeMember(Rc::new(dfa), Literal::is(self.doc.boolean(true)))]
            }
            _ => return self.refuse(schema, key, "the negation of it is not supported"),
        })
    }

    /// The strings that are valid by `literal`.
    pub(super) fn texts(&mut self, literal: Literal) -> Result<Dfa, Refused> {
        let mut texts = Dfa::words([])?;
        for alternative in self.expand(&[literal])? {
            if alternative.types & types::STRING != 0 {
                texts = texts.or(&alternative.strings.all()?)?;
            }
        }
        Ok(texts.minimal())
    }
}

fn only_whole(alternative: &mut Alternative, whole: bool) {
    match alternative.numbers.whole {
        Some(own) if own != whole => alternative.types &= !types::NUMBER,
        _ => alternative.numbers.whole = Some(whole),
    }
}
