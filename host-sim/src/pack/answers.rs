//! Demands on answers that a packed file carries.

use flashlet::text::{CarriedGrammar, Threshold};

use super::keys::{Entry, Keys};

/// Demands on answers that a packed file carries. Those that are left out stay as the file had them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answers<'o> {
    /// The tables of the grammar that they follow, as the engine reads them.
    pub grammar: Option<&'o [u8]>,
    /// Tokens of the longest answer by the grammar, where they are known to be fewer than its bytes.
    pub room: Option<u32>,
    /// The probability that any answer must have; 0 takes the demand away, with its rules.
    pub min_prob: Option<f32>,
    /// Texts, and the probability that answers which contain one must have.
    pub rules: &'o [(String, f32)],
    /// The text in place of an answer that is less probable.
    pub unsure: Option<&'o str>,
}

/// The key `name` of a threshold.
fn threshold(name: &str) -> String {
    format!("{}{name}", Threshold::PREFIX)
}

/// The key `name` of a grammar.
fn carried(name: &str) -> String {
    format!("{}{name}", CarriedGrammar::PREFIX)
}

impl Answers<'_> {
    /// True if the packed file has a grammar: this one, or that in the `entries` of the file's own.
    pub(super) fn has_grammar(&self, entries: &[Entry]) -> bool {
        let tables = carried(CarriedGrammar::TABLES_NAME);
        self.grammar.is_some() || entries.iter().any(|entry| entry.key == tables)
    }

    /// True if the file's own value of `key` is dropped, because one of these replaces it or takes it away.
    pub(super) fn replaces(&self, key: &str) -> bool {
        let none = self.min_prob == Some(0.0);
        match key.strip_prefix(Threshold::PREFIX) {
            Some(Threshold::MIN_PROB_NAME) => self.min_prob.is_some(),
            Some(Threshold::RULES_NAME | Threshold::PROBS_NAME) => none || !self.rules.is_empty(),
            Some(Threshold::UNSURE_NAME) => self.unsure.is_some(),
            _ => match key.strip_prefix(CarriedGrammar::PREFIX) {
                Some(CarriedGrammar::ROOM_NAME) => self.grammar.is_some() || self.room.is_some(),
                Some(_) => self.grammar.is_some(),
                None => false,
            },
        }
    }

    /// Adds the keys; returns the bytes that the grammar takes.
    pub(super) fn write(&self, keys: &mut Keys) -> u64 {
        let before = keys.bytes.len();
        if let Some(tables) = self.grammar {
            keys.u8s(&carried(CarriedGrammar::TABLES_NAME), tables);
        }
        if let Some(room) = self.room {
            keys.u32(&carried(CarriedGrammar::ROOM_NAME), room);
        }
        let grammar_bytes = (keys.bytes.len() - before) as u64;
        if let Some(min_prob) = self.min_prob.filter(|&min_prob| min_prob > 0.0) {
            keys.f32(&threshold(Threshold::MIN_PROB_NAME), min_prob);
        }
        if !self.rules.is_empty() {
            keys.texts(&threshold(Threshold::RULES_NAME), self.rules.iter().map(|(text, _)| text.as_str()));
            keys.f32s(&threshold(Threshold::PROBS_NAME), self.rules.iter().map(|&(_, prob)| prob));
        }
        if let Some(text) = self.unsure {
            keys.text(&threshold(Threshold::UNSURE_NAME), text);
        }
        grammar_bytes
    }
}
