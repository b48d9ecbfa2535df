//! Schemas as lists of alternatives: keywords that combine schemas become lists, and negation moves inwards.

use foldhash::{HashMap, HashMapExt};
use std::rc::Rc;

use super::alternative::{Alternative, Conjunction, Literal, Names, types};
use super::doc::{Doc, Id, Val};
use crate::dfa::Dfa;
use crate::pattern;
use crate::refused::Refused;

/// Most alternatives of a value.
const MAX_ALTERNATIVES: usize = 1024;

/// From more alternatives than this, those that no value satisfies are removed. Otherwise each condition of a list, such as one for
/// each value of a member, would double their number.
const MANY_ALTERNATIVES: usize = 16;

/// Most steps of a schema's expansion.
const MAX_STEPS: usize = 600_000;

/// Expands schemas.
pub(super) struct Expander {
    pub(super) doc: Doc,
    steps: usize,
    /// Schemas that are being applied, each within the one before.
    trail: Vec<Literal>,
    patterns: HashMap<(Rc<str>, bool), Rc<Dfa>>,
    names: HashMap<Rc<str>, Rc<Names>>,
    /// Cached results of [`Expander::is_never`].
    never: HashMap<(Conjunction, usize), bool>,
    /// True while [`Expander::is_never`] expands. It is not called again then: a schema that refers to itself would have no end.
    is_looking: bool,
}

pub(super) type Alternatives = Vec<Alternative>;

impl Expander {
    pub(super) fn new(doc: Doc) -> Expander {
        let (patterns, names, never) = (HashMap::new(), HashMap::new(), HashMap::new());
        Expander { doc, steps: 0, trail: Vec::new(), patterns, names, never, is_looking: false }
    }

    /// The alternatives of values that are valid by all of `conjunction`.
    pub(super) fn expand(&mut self, conjunction: &[Literal]) -> Result<Alternatives, Refused> {
        let mut alternatives = vec![Alternative::all()];
        for &literal in conjunction {
            alternatives = self.apply(alternatives, literal)?;
        }
        Ok(alternatives)
    }

    pub(super) fn refuse<T>(&self, schema: Id, keyword: &str, reason: &str) -> Result<T, Refused> {
        Err(Refused::keyword(keyword, self.doc.path(schema), reason))
    }

    /// Those of `alternatives` that are valid by each of `schemas`, or by none of them, as `literal` says.
    fn apply_all(
        &mut self,
        alternatives: Alternatives,
        schemas: &[Id],
        literal: fn(Id) -> Literal,
    ) -> Result<Alternatives, Refused> {
        schemas.iter().try_fold(alternatives, |rest, &schema| self.apply(rest, literal(schema)))
    }

    /// Those of `alternatives` that are valid by `literal` too.
    pub(super) fn apply(&mut self, alternatives: Alternatives, literal: Literal) -> Result<Alternatives, Refused> {
        let Literal { schema, negated } = literal;
        self.steps += alternatives.len() + 1;
        if self.steps > MAX_STEPS || self.trail.len() > 500 {
            return self.refuse(schema, "allOf", "the schemas combine in more ways than are supported");
        }
        if alternatives.is_empty() {
            return Ok(alternatives);
        }
        let members = match self.doc.val(schema) {
            Val::Bool(all) => return Ok(if all == negated { Vec::new() } else { alternatives }),
            Val::Object(members) => members,
            _ => return self.refuse(schema, "type", "a schema must be an object or a boolean, this is not supported"),
        };
        if self.trail.contains(&literal) {
            return self.refuse(schema, "$ref", "a schema that refers to itself at once is not supported");
        }
        self.trail.push(literal);
        let refs_alone = self.doc.refs_alone && members.iter().any(|(key, _)| &**key == "$ref");
        let members: Vec<(Rc<str>, Id)> =
            members.iter().filter(|(key, _)| !refs_alone || &**key == "$ref").cloned().collect();
        let n_before = alternatives.len();
        let result = if negated {
            self.violating(alternatives, schema, &members)
        } else {
            self.satisfying(alternatives, schema, &members)
        };
        self.trail.pop();
        let mut result = result?;
        result.retain(|alternative| alternative.types != 0);
        if result.len() > MANY_ALTERNATIVES.max(n_before) && !self.is_looking {
            result.retain(|alternative| !self.is_empty(alternative, 2));
        }
        if result.len() > MAX_ALTERNATIVES {
            let (combining, _) =
                members.iter().find(|(key, _)| is_combining(key)).cloned().unwrap_or(("type".into(), 0));
            return self.refuse(schema, &combining, "there are more alternatives than are supported");
        }
        Ok(result)
    }

    /// The parts of `alternatives` that satisfy every keyword of the schema.
    fn satisfying(
        &mut self,
        alternatives: Alternatives,
        schema: Id,
        members: &[(Rc<str>, Id)],
    ) -> Result<Alternatives, Refused> {
        let mut alternatives = alternatives;
        for &(ref key, value) in members.iter().filter(|(key, _)| !is_combining(key)) {
            alternatives = self.restrict(alternatives, schema, key, value)?;
        }
        for &(ref key, value) in members.iter().filter(|(key, _)| is_combining(key)) {
            alternatives = self.combine(alternatives, schema, key, value)?;
        }
        Ok(alternatives)
    }

    /// The parts of `alternatives` that violate at least one keyword of the schema.
    fn violating(
        &mut self,
        alternatives: Alternatives,
        schema: Id,
        members: &[(Rc<str>, Id)],
    ) -> Result<Alternatives, Refused> {
        let mut found = Vec::new();
        for &(ref key, value) in members {
            found.extend(if is_combining(key) {
                self.combine_not(alternatives.clone(), schema, key, value)?
            } else {
                self.restrict_not(alternatives.clone(), schema, key, value)?
            });
        }
        Ok(found)
    }

    fn combine(
        &mut self,
        alternatives: Alternatives,
        schema: Id,
        key: &str,
        value: Id,
    ) -> Result<Alternatives, Refused> {
        match key {
            "$ref" => {
                let target = self.target(schema, value)?;
                self.apply(alternatives, Literal::is(target))
            }
            "not" => self.apply(alternatives, Literal::not(value)),
            "allOf" => {
                let list = self.list(schema, key, value)?;
                self.apply_all(alternatives, &list, Literal::is)
            }
            "anyOf" => {
                let mut found = Vec::new();
                for &part in self.list(schema, key, value)?.iter() {
                    found.extend(self.apply(alternatives.clone(), Literal::is(part))?);
                }
                Ok(found)
            }
            "oneOf" => {
                let list = self.list(schema, key, value)?;
                self.one_of(alternatives, &list)
            }
            "if" => {
                let [then, otherwise] = self.branches(schema);
                let yes = self.apply(alternatives.clone(), Literal::is(value))?;
                let mut found = self.apply(yes, Literal::is(then))?;
                let no = self.apply(alternatives, Literal::not(value))?;
                found.extend(self.apply(no, Literal::is(otherwise))?);
                Ok(found)
            }
            _ => {
                let parts = self.dependencies(schema, key, value)?;
                self.apply_all(alternatives, &parts, Literal::is)
            }
        }
    }

    fn combine_not(
        &mut self,
        alternatives: Alternatives,
        schema: Id,
        key: &str,
        value: Id,
    ) -> Result<Alternatives, Refused> {
        match key {
            "$ref" => {
                let target = self.target(schema, value)?;
                self.apply(alternatives, Literal::not(target))
            }
            "not" => self.apply(alternatives, Literal::is(value)),
            "anyOf" => {
                let list = self.list(schema, key, value)?;
                self.apply_all(alternatives, &list, Literal::not)
            }
            "oneOf" => {
                let list = self.list(schema, key, value)?;
                let mut found = self.apply_all(alternatives.clone(), &list, Literal::not)?;
                for (at, &first) in list.iter().enumerate() {
                    let first = self.apply(alternatives.clone(), Literal::is(first))?;
                    for &second in &list[at + 1..] {
                        found.extend(self.apply(first.clone(), Literal::is(second))?);
                    }
                }
                Ok(found)
            }
            "if" => {
                let [then, otherwise] = self.branches(schema);
                let yes = self.apply(alternatives.clone(), Literal::is(value))?;
                let mut found = self.apply(yes, Literal::not(then))?;
                let no = self.apply(alternatives, Literal::not(value))?;
                found.extend(self.apply(no, Literal::not(otherwise))?);
                Ok(found)
            }
            _ => {
                let parts = if key == "allOf" {
                    self.list(schema, key, value)?.to_vec()
                } else {
                    self.dependencies(schema, key, value)?
                };
                let mut found = Vec::new();
                for part in parts {
                    found.extend(self.apply(alternatives.clone(), Literal::not(part))?);
                }
                Ok(found)
            }
        }
    }

    /// Those that are valid by exactly one of `list`.
    fn one_of(&mut self, alternatives: Alternatives, list: &[Id]) -> Result<Alternatives, Refused> {
        let mut each = Vec::new();
        for &part in list {
            each.push(self.apply(alternatives.clone(), Literal::is(part))?);
        }
        let mut overlaps = vec![Vec::new(); list.len()];
        for first in 0..list.len() {
            for second in first + 1..list.len() {
                let both = self.apply(each[first].clone(), Literal::is(list[second]))?;
                if !both.iter().all(|both| self.is_empty(both, 4)) {
                    overlaps[first].push(list[second]);
                    overlaps[second].push(list[first]);
                }
            }
        }
        let mut found = Vec::new();
        for (own, others) in each.into_iter().zip(overlaps) {
            found.extend(self.apply_all(own, &others, Literal::not)?);
        }
        Ok(found)
    }

    fn target(&self, schema: Id, value: Id) -> Result<Id, Refused> {
        let Val::Str(reference) = self.doc.val(value) else {
            return self.refuse(schema, "$ref", "a reference that is no text is not supported");
        };
        let Some(target) = self.doc.target(&reference) else {
            return self.refuse(schema, "$ref", &format!("\"{reference}\" is not part of the schema"));
        };
        Ok(target)
    }

    pub(super) fn list(&self, schema: Id, key: &str, value: Id) -> Result<Rc<[Id]>, Refused> {
        match self.doc.val(value) {
            Val::Array(list) => Ok(list),
            _ => self.refuse(schema, key, "it must be a list"),
        }
    }

    fn branches(&mut self, schema: Id) -> [Id; 2] {
        let all = self.doc.boolean(true);
        ["then", "else"].map(|key| self.doc.member(schema, key).unwrap_or(all))
    }

    /// Schemas that say what `dependencies` does: without a member, or with it and with what it needs.
    fn dependencies(&mut self, schema: Id, key: &str, value: Id) -> Result<Vec<Id>, Refused> {
        let Val::Object(members) = self.doc.val(value) else {
            return self.refuse(schema, key, "it must be an object");
        };
        let mut parts = Vec::new();
        for (name, needed) in members.iter() {
            let never = self.doc.boolean(false);
            let named = self.doc.object(&[(name, never)]);
            let without = self.doc.object(&[("properties", named)]);
            let needed = match self.doc.val(*needed) {
                Val::Array(_) => self.doc.object(&[("required", *needed)]),
                Val::Str(_) => {
                    let list = self.doc.array(&[*needed]);
                    self.doc.object(&[("required", list)])
                }
                _ => *needed,
            };
            let (name, object) = (self.doc.string(name), self.doc.string("object"));
            let required = self.doc.array(&[name]);
            let has = self.doc.object(&[("type", object), ("required", required)]);
            let both = self.doc.array(&[has, needed]);
            let with = self.doc.object(&[("allOf", both)]);
            let either = self.doc.array(&[without, with]);
            parts.push(self.doc.object(&[("anyOf", either)]));
        }
        Ok(parts)
    }

    /// The texts that match `pattern`: in every dialect, or in any.
    pub(super) fn pattern(&mut self, schema: Id, pattern: &Rc<str>, wide: bool) -> Result<Rc<Dfa>, Refused> {
        if let Some(dfa) = self.patterns.get(&(pattern.clone(), wide)) {
            return Ok(dfa.clone());
        }
        let dfa = pattern::matching(pattern, wide)
            .map_err(|reason| Refused::keyword("pattern", self.doc.path(schema), format!("\"{pattern}\": {reason}")))?;
        let dfa = Rc::new(dfa);
        self.patterns.insert((pattern.clone(), wide), dfa.clone());
        Ok(dfa)
    }

    /// Names that match `pattern`.
    pub(super) fn names(&mut self, schema: Id, pattern: &Rc<str>) -> Result<Rc<Names>, Refused> {
        if let Some(names) = self.names.get(pattern) {
            return Ok(names.clone());
        }
        let narrow = (*self.pattern(schema, pattern, false)?).clone();
        let wide = (*self.pattern(schema, pattern, true)?).clone();
        let names = Rc::new(Names { narrow, wide });
        self.names.insert(pattern.clone(), names.clone());
        Ok(names)
    }

    /// True if no value surely satisfies `alternative`; looks into members and items `depth` levels deep.
    pub(super) fn is_empty(&mut self, alternative: &Alternative, depth: usize) -> bool {
        let has = |bit: u8| alternative.types & bit != 0;
        if has(types::NULL | types::TRUE | types::FALSE) {
            return false;
        }
        let mut empty = |literals: &[Literal]| depth > 0 && self.is_never(literals, depth - 1);
        if has(types::NUMBER) && !alternative.numbers.is_empty()
            || has(types::STRING) && !alternative.strings.is_empty()
        {
            return false;
        }
        if has(types::ARRAY) {
            let arrays = &alternative.arrays;
            let is_short = arrays.max.is_some_and(|max| max < arrays.min);
            let mut needed = 0..arrays.min.min(arrays.longest());
            if !is_short && !needed.any(|at| empty(&arrays.item(at))) {
                return false;
            }
        }
        if has(types::OBJECT) {
            let objects = &alternative.objects;
            let is_small = objects.max.is_some_and(|max| max < objects.min.max(objects.required.len()));
            if !is_small && !objects.required.iter().any(|name| empty(&objects.member(name))) {
                return false;
            }
        }
        true
    }

    fn is_never(&mut self, conjunction: &[Literal], depth: usize) -> bool {
        let mut sorted = conjunction.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let key = (sorted, depth);
        if let Some(&known) = self.never.get(&key) {
            return known;
        }
        let trail = core::mem::take(&mut self.trail);
        let was_looking = core::mem::replace(&mut self.is_looking, true);
        let expanded = self.expand(&key.0);
        (self.trail, self.is_looking) = (trail, was_looking);
        let Ok(alternatives) = expanded else { return false };
        let is_never = alternatives.iter().all(|alternative| self.is_empty(alternative, depth));
        self.never.insert(key, is_never);
        is_never
    }
}

/// Keywords whose schemas are about the same value.
fn is_combining(key: &str) -> bool {
    matches!(
        key,
        "$ref" | "allOf" | "anyOf" | "oneOf" | "not" | "if" | "dependencies" | "dependentSchemas" | "dependentRequired"
    )
}
