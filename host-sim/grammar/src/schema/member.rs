//! The values of an object's members.

use std::rc::Rc;

use super::alternative::{Alternative, Conjunction, types};
use super::emitter::Emitter;
use crate::frame::Notation;
use crate::nfa::StateId;
use crate::refused::Refused;

/// The values that a member may have.
#[derive(Clone)]
pub(super) enum Values {
    /// Those of a rule, which is called.
    Rule(StateId),
    /// A few short texts, such as constants. They are emitted in place and not as a rule that is called, so that alternatives which
    /// differ only in such a value have one reading up to it.
    Few(Rc<[Alternative]>),
}

impl Values {
    /// The values that are valid by all of `conjunction`.
    pub(super) fn of(emitter: &mut Emitter, conjunction: Conjunction) -> Result<Values, Refused> {
        if emitter.has_alternatives && emitter.nfa.notation == Notation::Json {
            let alternatives = emitter.expander.expand(&conjunction)?;
            if alternatives.iter().all(is_short) {
                return Ok(Values::Few(alternatives.into()));
            }
        }
        emitter.rule(conjunction).map(Values::Rule)
    }

    /// Adds the values between two states.
    pub(super) fn emit(&self, emitter: &mut Emitter, before: StateId, then: StateId) -> Result<(), Refused> {
        let alternatives = match self {
            Values::Rule(rule) => {
                emitter.nfa.call(before, *rule, then);
                return Ok(());
            }
            Values::Few(alternatives) => alternatives,
        };
        for Alternative { types, strings, numbers, .. } in alternatives.iter() {
            let nfa = &mut emitter.nfa;
            if let Some(dfa) = strings.dfa.as_ref().filter(|_| types & types::STRING != 0) {
                let inside = nfa.quoted(dfa, then)?;
                let start = nfa.text("\"", inside)?;
                nfa.jump(before, start);
            }
            if types & types::NUMBER != 0 {
                let start = nfa.plain(&numbers.all()?, then)?;
                nfa.jump(before, start);
            }
            emitter.constants(*types, before, then)?;
        }
        Ok(())
    }
}

/// True if values are constants, or strings of a small automaton.
fn is_short(alternative: &Alternative) -> bool {
    const MAX_STATES: usize = 64;
    let Alternative { types, strings, numbers, .. } = alternative;
    let is_small = strings.dfa.as_ref().is_some_and(|dfa| dfa.n_states() <= MAX_STATES);
    let are_few = is_small && strings.min == 0 && strings.max.is_none() && strings.value.is_none();
    types & (types::ARRAY | types::OBJECT) == 0
        && (types & types::STRING == 0 || are_few)
        && (types & types::NUMBER == 0 || numbers.among.is_some())
}
