//! The figures of an answer.

use crate::session::hash::LogitsHash;

/// The reason why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum AnswerEnd {
    /// The model ended it.
    Eos,
    /// It has as many tokens as were asked for.
    Length,
    /// The context is full.
    Context,
    /// A stop string came.
    Stop,
    /// It was less probable than it must be: another text came in its place.
    Unsure,
    /// It said a value that is out of range or cannot be read: the text ends in front of that, or, of an answer that must have a
    /// probability, another text came in place of the whole.
    Value,
}

/// The figures of an answer. Times are in nanoseconds of [`AnswerOptions::now`](super::AnswerOptions::now).
#[derive(Clone, Copy, Debug)]
pub struct AnswerStats {
    /// Tokens of the prompt that the session was to be fed.
    pub prompt_tokens: usize,
    /// Tokens of the answer so far.
    pub tokens: usize,
    /// The reason why the answer ended, if it has.
    pub end: Option<AnswerEnd>,
    /// The hash of the logits of all tokens so far, if [`AnswerOptions::hash`](super::AnswerOptions::hash) asks for it.
    pub hash: Option<LogitsHash>,
    /// The logarithm of the answer's probability so far, the sum of those of its tokens: of the raw logits, before grammar,
    /// penalties, temperature and truncation. `None` if nobody asks for it.
    #[cfg(feature = "probabilities")]
    pub logprob: Option<f32>,
    /// Time of the passes over the prompt.
    pub prefill_time: u64,
    /// Time of the passes over tokens of the answer.
    pub decode_time: u64,
    /// Tokens that were guessed.
    pub drafted: usize,
    /// Those of them that were right.
    pub drafted_right: usize,
}

impl AnswerStats {
    /// The figures of an answer that has not begun.
    pub(super) const NONE: AnswerStats = AnswerStats {
        prompt_tokens: 0,
        tokens: 0,
        end: None,
        hash: None,
        #[cfg(feature = "probabilities")]
        logprob: None,
        prefill_time: 0,
        decode_time: 0,
        drafted: 0,
        drafted_right: 0,
    };
}
