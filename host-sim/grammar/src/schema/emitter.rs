//! The automaton of a schema, while it is made: a rule for each set of schemas that a value must be valid by.

use super::alternative::Conjunction;
use super::doc::{Doc, Val};
use super::expand::Expander;
use crate::frame::Notation;
use crate::nfa::{Count, Nfa, StateId};
use crate::refused::Refused;
use foldhash::{HashMap, HashMapExt};

/// Most rules.
const MAX_RULES: usize = 20_000;

/// Makes the automaton.
pub(super) struct Emitter {
    pub(super) expander: Expander,
    pub(super) nfa: Nfa,
    pub(super) rules: HashMap<Conjunction, StateId>,
    pub(super) waiting: Vec<(Conjunction, StateId)>,
    pub(super) numbers: HashMap<String, StateId>,
    /// The rule that is being filled has several alternatives.
    pub(super) has_alternatives: bool,
}

impl Emitter {
    pub(super) fn new(doc: Doc, notation: Notation) -> Emitter {
        Emitter {
            expander: Expander::new(doc),
            nfa: Nfa::new(notation),
            rules: HashMap::new(),
            waiting: Vec::new(),
            numbers: HashMap::new(),
            has_alternatives: false,
        }
    }

    /// The rule of values that are valid by all of `conjunction`.
    pub(super) fn rule(&mut self, conjunction: Conjunction) -> Result<StateId, Refused> {
        let mut kept: Conjunction = Vec::new();
        for literal in conjunction {
            let is_all = self.expander.doc.val(literal.schema) == Val::Bool(!literal.negated);
            if !is_all && !kept.contains(&literal) {
                kept.push(literal);
            }
        }
        if let Some(&rule) = self.rules.get(&kept) {
            return Ok(rule);
        }
        if self.rules.len() >= MAX_RULES {
            return Err(Refused::too_large());
        }
        let rule = self.nfa.state()?;
        self.rules.insert(kept.clone(), rule);
        self.waiting.push((kept, rule));
        Ok(rule)
    }

    /// A comma and what may stand behind it: the state to go on from.
    pub(super) fn after_comma(&mut self, from: StateId, count: Count) -> Result<StateId, Refused> {
        let [comma, next] = [self.nfa.state()?, self.nfa.state()?];
        self.nfa.counted(from, b',', comma, count);
        self.nfa.jump(comma, next);
        self.nfa.space(comma, next);
        Ok(next)
    }
}
