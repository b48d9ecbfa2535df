//! Restrictions of values of one type.

use std::rc::Rc;

use flashlet::text::values::Value;

use super::alternative::{Alternative, Items, Literal, Members, types};
use crate::dfa::Dfa;
use crate::number::Decimal;
use crate::refused::Refused;

/// Restrictions on values of one type.
pub(super) enum Restriction {
    Min(Decimal, bool),
    Max(Decimal, bool),
    Divisor(Decimal),
    MinLength(usize),
    MaxLength(usize),
    Text(Rc<Dfa>),
    /// The mark of a string as a value, which allows the same strings.
    Value(Value),
    MinItems(usize),
    MaxItems(usize),
    Items(Items),
    /// So many items at least, and what they are.
    Item(usize, Items),
    SomeItem(usize, Literal),
    Members(Members),
    /// A member that is there, and what it is.
    Member(Rc<str>, Members),
    SomeMember(Rc<Dfa>, Literal),
    Required(Vec<Rc<str>>),
    Names(Literal),
    MinMembers(usize),
    MaxMembers(usize),
}

impl Restriction {
    /// The type that it is about.
    pub(super) fn types(&self) -> u8 {
        match self {
            Restriction::Min(..) | Restriction::Max(..) | Restriction::Divisor(_) => types::NUMBER,
            Restriction::MinLength(_) | Restriction::MaxLength(_) | Restriction::Text(_) | Restriction::Value(_) => {
                types::STRING
            }
            Restriction::MinItems(_)
            | Restriction::MaxItems(_)
            | Restriction::Items(_)
            | Restriction::Item(..)
            | Restriction::SomeItem(..) => types::ARRAY,
            _ => types::OBJECT,
        }
    }

    /// Restricts `alternative`'s values of that type.
    pub(super) fn apply(&self, alternative: &mut Alternative) -> Result<(), Refused> {
        let Alternative { numbers, strings, arrays, objects, .. } = alternative;
        let least = |max: &mut Option<usize>, n: usize| *max = Some(max.map_or(n, |max| max.min(n)));
        match self {
            Restriction::Min(value, exclusive) => numbers.min.push((value.clone(), *exclusive)),
            Restriction::Max(value, exclusive) => numbers.max.push((value.clone(), *exclusive)),
            Restriction::Divisor(value) => numbers.divisors.push(value.clone()),
            Restriction::MinLength(n) => strings.min = strings.min.max(*n),
            Restriction::MaxLength(n) => least(&mut strings.max, *n),
            Restriction::Text(dfa) => strings.restrict(dfa.clone())?,
            Restriction::Value(value) if strings.value.is_none_or(|own| own == *value) => strings.value = Some(*value),
            Restriction::Value(_) => return Err(Refused::new("a string that is two values is not supported")),
            Restriction::MinItems(n) => arrays.min = arrays.min.max(*n),
            Restriction::MaxItems(n) => least(&mut arrays.max, *n),
            Restriction::Items(items) => arrays.items.push(items.clone()),
            Restriction::Item(n, items) => {
                arrays.min = arrays.min.max(*n);
                arrays.items.push(items.clone());
            }
            Restriction::SomeItem(at, item) => arrays.some.push((*at, *item)),
            Restriction::Members(members) => objects.members.push(members.clone()),
            Restriction::Member(name, members) => {
                objects.required.push(name.clone());
                objects.members.push(members.clone());
            }
            Restriction::SomeMember(names, value) => objects.some.push((names.clone(), *value)),
            Restriction::Required(names) => {
                for name in names {
                    if !objects.required.contains(name) {
                        objects.required.push(name.clone());
                    }
                }
            }
            Restriction::Names(names) => objects.names.push(*names),
            Restriction::MinMembers(n) => objects.min = objects.min.max(*n),
            Restriction::MaxMembers(n) => least(&mut objects.max, *n),
        }
        Ok(())
    }

    /// Ways not to fulfil `members`.
    pub(super) fn members_not(members: &Members) -> Result<Vec<Restriction>, Refused> {
        let mut found = Vec::new();
        let mut others = Dfa::any().minus(&Dfa::words(members.named.iter().map(|(name, _)| &**name))?)?;
        for (name, literal) in members.named.iter() {
            let wrong = Members { named: Rc::new([(name.clone(), literal.opposite())]), ..Members::default() };
            found.push(Restriction::Member(name.clone(), wrong));
        }
        for (names, literal) in members.matching.iter() {
            found.push(Restriction::SomeMember(Rc::new(names.narrow.clone()), literal.opposite()));
            others = others.minus(&names.wide)?;
        }
        if let Some(rest) = members.rest {
            found.push(Restriction::SomeMember(Rc::new(others), rest.opposite()));
        }
        Ok(found)
    }
}
