//! The options of an answer.

/// Settings of an answer: its greatest length, stop strings and figures.
#[derive(Clone, Copy, Debug)]
pub struct AnswerOptions<'s> {
    /// The most tokens.
    pub tokens: u32,
    /// Strings before which the answer ends, wherever tokens divide them.
    pub stop: &'s [&'s str],
    /// The answer goes on after tokens that end one.
    pub ignore_end: bool,
    /// The prompt is a turn of a chat: it closes the answer before it, so the token that ended that is not fed, and the answer is a
    /// text of its own, where the space that some models put in front is dropped.
    pub chat: bool,
    /// The answer's logits are hashed.
    pub hash: bool,
    /// The probabilities of the answer and of its tokens are computed, as they are for an answer that must have one.
    #[cfg(feature = "probabilities")]
    pub logprobs: bool,
    /// The probability that the answer must have, in place of the file's `flashlet.min_prob`, beside the file's rules; 0 for
    /// none at all, not even by a rule. An answer that must have one is held back until it is whole, and comes as one token.
    #[cfg(feature = "probabilities")]
    pub min_prob: Option<f32>,
    /// A clock, in nanoseconds, for the statistics and for drafts, which weigh what they cost. One that stands still is no error.
    pub now: fn() -> u64,
}

impl Default for AnswerOptions<'_> {
    /// At most 256 tokens that continue the prompt, up to the model's end, without hash and clock.
    fn default() -> Self {
        AnswerOptions {
            tokens: 256,
            stop: &[],
            ignore_end: false,
            chat: false,
            hash: false,
            #[cfg(feature = "probabilities")]
            logprobs: false,
            #[cfg(feature = "probabilities")]
            min_prob: None,
            now: || 0,
        }
    }
}
