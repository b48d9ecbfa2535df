//! Numbers and strings that an alternative allows, as automata.

use core::cmp::Ordering;
use std::rc::Rc;

use super::alternative::{Arrays, Conjunction, Limit, Numbers, Objects, Strings};
use crate::dfa::{Dfa, TooLarge};
use crate::number::{self, Decimal};

impl Numbers {
    /// Allows only these, as they are spelled.
    pub(super) fn restrict(&mut self, texts: &[Rc<str>]) {
        let same = |a: &str, b: &str| a == b || Decimal::parse(a).is_some_and(|a| Decimal::parse(b) == Some(a));
        match &mut self.among {
            None => self.among = Some(texts.to_vec()),
            Some(own) => own.retain(|own| texts.iter().any(|text| same(own, text))),
        }
    }

    fn allows(&self, value: &Decimal) -> bool {
        let above = |(limit, exclusive): &Limit| match value.cmp(limit) {
            Ordering::Less => false,
            Ordering::Equal => !exclusive,
            Ordering::Greater => true,
        };
        let below = |(limit, exclusive): &Limit| match value.cmp(limit) {
            Ordering::Greater => false,
            Ordering::Equal => !exclusive,
            Ordering::Less => true,
        };
        let divides = |divisor: &Decimal| number::multiples(divisor).is_some_and(|dfa| dfa.contains(&value.text()));
        self.whole.is_none_or(|whole| whole == value.is_integer())
            && self.min.iter().all(above)
            && self.max.iter().all(below)
            && self.divisors.iter().all(divides)
            && !self.not.contains(value)
    }

    /// The spellings of all numbers.
    pub(super) fn all(&self) -> Result<Dfa, TooLarge> {
        if let Some(among) = &self.among {
            let mut words = Vec::new();
            for text in among {
                if let Some(value) = Decimal::parse(text).filter(|value| self.allows(value)) {
                    // A number such as 1.0 is whole by its value, but is not spelled as an integer.
                    let plain = value.text();
                    if self.whole != Some(true) || **text == *plain {
                        words.push(text.to_string());
                    }
                    words.push(plain);
                }
            }
            return Dfa::words(words.iter().map(String::as_str));
        }
        let is_free = self.min.is_empty() && self.max.is_empty() && self.divisors.is_empty() && self.not.is_empty();
        let mut dfa = match self.whole {
            Some(true) => number::integers(),
            Some(false) => number::decimals(false).and(&number::fractions())?,
            None if is_free => return Ok(number::decimals(true)),
            None if self.max.is_empty() && self.divisors.is_empty() && self.not.is_empty() => {
                if let Some(dfa) = self.positive()? {
                    return Ok(dfa);
                }
                number::decimals(false)
            }
            None => number::decimals(false),
        };
        if is_free {
            return Ok(dfa);
        }
        let orders =
            |outer: Ordering, exclusive: bool| if exclusive { vec![outer] } else { vec![outer, Ordering::Equal] };
        for (limit, exclusive) in &self.min {
            dfa = dfa.and(&number::compared(limit, &orders(Ordering::Greater, *exclusive)))?;
        }
        for (limit, exclusive) in &self.max {
            dfa = dfa.and(&number::compared(limit, &orders(Ordering::Less, *exclusive)))?;
        }
        for divisor in &self.divisors {
            // It was looked at when the keyword was read.
            dfa = number::multiples(divisor).map_or(Ok(dfa.clone()), |multiples| dfa.and(&multiples))?;
        }
        for value in &self.not {
            dfa = number::without(&dfa, value)?;
        }
        // Minus zero compares as less than zero by its spelling.
        Ok(dfa.minus(&number::negative_zero())?.minimal())
    }

    /// The spellings with exponents too, where the only limit is zero.
    fn positive(&self) -> Result<Option<Dfa>, TooLarge> {
        let zero = Decimal::parse("0");
        let [(limit, false)] = self.min.as_slice() else { return Ok(None) };
        if Some(limit) != zero.as_ref() {
            return Ok(None);
        }
        Ok(Some(number::decimals(true).minus(&number::negative())?.minimal()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all().is_ok_and(|dfa| dfa.is_empty())
    }
}

impl Strings {
    /// All texts.
    pub(super) fn all(&self) -> Result<Dfa, TooLarge> {
        match &self.dfa {
            None if self.min == 0 && self.max.is_none() => Ok(Dfa::any()),
            None => Dfa::of_length(self.min, self.max),
            Some(dfa) if self.min == 0 && self.max.is_none() => Ok((**dfa).clone()),
            Some(dfa) => dfa.with_length(self.min, self.max),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match &self.dfa {
            None => self.max.is_some_and(|max| max < self.min),
            Some(dfa) if dfa.is_empty() => true,
            Some(_) if self.min == 0 && self.max.is_none() => false,
            Some(_) => self.all().is_ok_and(|dfa| dfa.is_empty()),
        }
    }
}

impl Arrays {
    /// Items that some schema says something about by their place.
    pub(super) fn longest(&self) -> usize {
        self.items.iter().map(|items| items.first.len()).max().unwrap_or(0)
    }

    /// The restrictions on item `at`.
    pub(super) fn item(&self, at: usize) -> Conjunction {
        self.items
            .iter()
            .filter_map(|items| items.first.get(at).copied().or(items.rest.filter(|_| at >= items.first.len())))
            .collect()
    }
}

impl Objects {
    /// The restrictions on member `name`.
    pub(super) fn member(&self, name: &str) -> Conjunction {
        self.members.iter().flat_map(|members| members.of(name)).collect()
    }
}
