//! The probability that answers must have: what a file asks for, and what it says in place of those that have less.

use crate::flash::{Flash, Source};
use crate::gguf::{Array, Gguf, Str, Value, ValueType};

use super::error::TextError;

/// The least probability of answers.
///
/// | key | value |
/// |---|---|
/// | `flashlet.min_prob` | `f32`, 0 to 1: the probability that any answer must have; 0 if absent |
/// | `flashlet.min_prob.rules` | strings of 1 to 64 bytes, at most 64: answers that contain one of them need more |
/// | `flashlet.min_prob.rules.prob` | `f32` for each of them, 0 to 1: the probability that those answers must have |
/// | `flashlet.unsure` | string of at most 1024 bytes: the text in place of an answer that has less; none if absent |
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    min_prob: f32,
    /// Texts, and the probability of answers that contain them.
    rules: Option<[Array; 2]>,
    unsure: Option<Str>,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Threshold {
    /// All keys begin so.
    pub const PREFIX: &'static str = "flashlet.";
    /// The name of the key of the probability that any answer must have.
    pub const MIN_PROB_NAME: &'static str = "min_prob";
    /// The name of the key of the rules' texts.
    pub const RULES_NAME: &'static str = "min_prob.rules";
    /// The name of the key of the rules' probabilities.
    pub const PROBS_NAME: &'static str = "min_prob.rules.prob";
    /// The name of the key of the text in place of an answer.
    pub const UNSURE_NAME: &'static str = "unsure";
    /// Most rules.
    pub const MAX_RULES: usize = 64;
    /// Most bytes of a rule's text.
    pub const MAX_RULE_BYTES: usize = 64;
    /// Most bytes of the text in place of an answer.
    pub const MAX_UNSURE_BYTES: usize = 1024;

    /// The threshold that the file of `gguf` asks for; one of 0 if it asks for none.
    ///
    /// # Errors
    /// [`TextError::UnusableThreshold`] for a value that is none of the above; flash failures.
    pub async fn read<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<Self, TextError> {
        let mut values = [None; 4];
        let names = [Self::MIN_PROB_NAME, Self::RULES_NAME, Self::PROBS_NAME, Self::UNSURE_NAME];
        gguf.find_all(source, [Self::PREFIX, ""], &names, &mut values, &mut |_| true).await?;
        let [min_prob, rules, probs, unsure] = values;
        let rules = match (rules, probs) {
            (None, None) => None,
            (Some(Value::Array(rules)), _) if rules.elem != ValueType::Str || rules.len > Self::MAX_RULES as u64 => {
                return Err(TextError::UnusableThreshold(Self::RULES_NAME));
            }
            (Some(Value::Array(rules)), Some(Value::Array(probs))) if probs.len == rules.len => Some([rules, probs]),
            (Some(Value::Array(_)), _) => return Err(TextError::UnusableThreshold(Self::PROBS_NAME)),
            _ => return Err(TextError::UnusableThreshold(Self::RULES_NAME)),
        };
        let threshold = Threshold {
            min_prob: min_prob
                .map_or(Some(0.0), probability)
                .ok_or(TextError::UnusableThreshold(Self::MIN_PROB_NAME))?,
            rules,
            unsure: match unsure {
                None => None,
                Some(Value::Str(text)) if text.len <= Self::MAX_UNSURE_BYTES as u64 => Some(text),
                Some(_) => return Err(TextError::UnusableThreshold(Self::UNSURE_NAME)),
            },
        };
        // Every rule is read once.
        threshold.need(source, &[]).await?;
        Ok(threshold)
    }

    /// The same threshold with another probability for all answers; with 0 also without rules.
    #[must_use]
    pub(crate) fn with_min_prob(self, min_prob: f32) -> Threshold {
        if min_prob <= 0.0 { Threshold { min_prob: 0.0, rules: None, ..self } } else { Threshold { min_prob, ..self } }
    }

    /// The probability that any answer must have.
    #[must_use]
    pub fn min_prob(&self) -> f32 {
        self.min_prob
    }

    /// Rules for answers that must have more.
    #[must_use]
    pub fn n_rules(&self) -> u64 {
        self.rules.map_or(0, |[rules, _]| rules.len)
    }

    /// True if there are answers that it refuses.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.n_rules() > 0 || self.min_prob > 0.0 || self.min_prob.is_nan()
    }

    /// The place of the text that comes in place of an answer.
    pub(crate) fn unsure(&self) -> Option<Str> {
        self.unsure
    }

    /// The probability that the answer `text` must have: the greatest that is asked for.
    pub(crate) async fn need<F: Flash>(&self, source: &mut Source<'_, F>, text: &[u8]) -> Result<f32, TextError> {
        let mut need = self.min_prob;
        let Some([rules, probs]) = self.rules else { return Ok(need) };
        let (mut rules, mut probs) = (rules.strings(), probs.scalars());
        let mut room = [0; Self::MAX_RULE_BYTES];
        while let Some((place, rule)) = rules.next_prefix(source, &mut room).await? {
            if rule.is_empty() || rule.len() as u64 != place.len {
                return Err(TextError::UnusableThreshold(Self::RULES_NAME));
            }
            let prob = probs.next(source).await?.and_then(probability);
            let prob = prob.ok_or(TextError::UnusableThreshold(Self::PROBS_NAME))?;
            if prob > need && (0..text.len()).any(|at| text.get(at..).is_some_and(|rest| rest.starts_with(rule))) {
                need = prob;
            }
        }
        Ok(need)
    }
}

/// A value that is a probability.
fn probability(value: Value) -> Option<f32> {
    match value {
        Value::F32(value) if (0.0..=1.0).contains(&value) => Some(value),
        _ => None,
    }
}
