//! Sets of values that a schema allows, each told by what its values of every type must be.

use std::rc::Rc;

use flashlet::text::values::Value;

use super::doc::Id;
use crate::dfa::Dfa;
use crate::number::Decimal;
use crate::refused::Refused;

/// A schema, or what is not valid by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Literal {
    pub(super) schema: Id,
    pub(super) negated: bool,
}

impl Literal {
    pub(super) fn is(schema: Id) -> Literal {
        Literal { schema, negated: false }
    }

    pub(super) fn not(schema: Id) -> Literal {
        Literal { schema, negated: true }
    }

    pub(super) fn opposite(self) -> Literal {
        Literal { negated: !self.negated, ..self }
    }
}

/// Values that are valid by all of them. Sorted, each once.
pub(super) type Conjunction = Vec<Literal>;

/// Types of values, one bit each.
pub(super) mod types {
    pub(in super::super) const NULL: u8 = 1;
    pub(in super::super) const FALSE: u8 = 2;
    pub(in super::super) const TRUE: u8 = 4;
    pub(in super::super) const NUMBER: u8 = 8;
    pub(in super::super) const STRING: u8 = 16;
    pub(in super::super) const ARRAY: u8 = 32;
    pub(in super::super) const OBJECT: u8 = 64;
    pub(in super::super) const ALL: u8 = 127;
    /// Types of one value, with its text.
    pub(in super::super) const CONSTANTS: [(u8, &str); 3] = [(NULL, "null"), (FALSE, "false"), (TRUE, "true")];
}

/// A limit of numbers; true if it is not allowed itself.
pub(super) type Limit = (Decimal, bool);

/// Restrictions on numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// Whole ones only, or none of them.
    pub(super) whole: Option<bool>,
    pub(super) min: Vec<Limit>,
    pub(super) max: Vec<Limit>,
    pub(super) divisors: Vec<Decimal>,
    /// These only, as they are spelled.
    pub(super) among: Option<Vec<Rc<str>>>,
    pub(super) not: Vec<Decimal>,
}

/// Restrictions on strings.
#[derive(Clone, Debug, Default)]
pub(super) struct Strings {
    pub(super) dfa: Option<Rc<Dfa>>,
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    /// The value that the string, with its quotes, is marked as.
    pub(super) value: Option<Value>,
}

impl Strings {
    /// Allows only what `dfa` does too.
    pub(super) fn restrict(&mut self, dfa: Rc<Dfa>) -> Result<(), Refused> {
        self.dfa = Some(match &self.dfa {
            None => dfa,
            Some(own) if *own == dfa => dfa,
            Some(own) => Rc::new(own.and(&dfa)?.minimal()),
        });
        Ok(())
    }
}

/// One schema's restrictions on items: on the first ones, and on the others.
#[derive(Clone, Debug)]
pub(super) struct Items {
    pub(super) first: Rc<[Literal]>,
    pub(super) rest: Option<Literal>,
}

/// Restrictions on arrays.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrays {
    pub(super) items: Vec<Items>,
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    /// Items of which there must be one at or behind an index.
    pub(super) some: Vec<(usize, Literal)>,
}

/// Names that match a pattern, in every dialect of patterns and in any.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) narrow: Dfa,
    pub(super) wide: Dfa,
}

/// One schema's restrictions on members: on those with names, with names that match, and on the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    pub(super) named: Rc<[(Rc<str>, Literal)]>,
    pub(super) matching: Rc<[(Rc<Names>, Literal)]>,
    pub(super) rest: Option<Literal>,
}

impl Members {
    /// The restrictions on the value of member `name`.
    pub(super) fn of(&self, name: &str) -> Conjunction {
        let named = self.named.iter().filter(|(own, _)| &**own == name).map(|&(_, literal)| literal);
        let matching =
            self.matching.iter().filter(|(names, _)| names.narrow.contains(name)).map(|&(_, literal)| literal);
        let found: Conjunction = named.chain(matching).collect();
        if found.is_empty() { self.rest.into_iter().collect() } else { found }
    }
}

/// Restrictions on objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    pub(super) members: Vec<Members>,
    pub(super) required: Vec<Rc<str>>,
    pub(super) names: Vec<Literal>,
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    /// Members of which there must be one: names, and what the value is.
    pub(super) some: Vec<(Rc<Dfa>, Literal)>,
}

/// Values of some types, each of which is what its type's values must be.
#[derive(Clone, Debug)]
pub(super) struct Alternative {
    pub(super) types: u8,
    pub(super) numbers: Numbers,
    pub(super) strings: Strings,
    pub(super) arrays: Arrays,
    pub(super) objects: Objects,
}

impl Alternative {
    /// All values.
    pub(super) fn all() -> Alternative {
        Alternative {
            types: types::ALL,
            numbers: Numbers::default(),
            strings: Strings::default(),
            arrays: Arrays::default(),
            objects: Objects::default(),
        }
    }
}
