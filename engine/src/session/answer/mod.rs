//! Answers: from a prompt to text, piece by piece.
//!
//! [`Session::answer`] encodes a prompt, and the [`Answer`] feeds it, picks tokens, verifies drafts and ends where it should.
//! Memory beyond the session's lies in a [`Conversation`]: that goes on from answer to answer, and its memory is the caller's.

mod begin;
mod conversation;
#[cfg(feature = "chat-pieces")]
mod earlier;
#[cfg(feature = "probabilities")]
mod held;
mod lane;
mod next;
mod options;
mod pass;
mod stats;
mod text;
mod tokens;
#[cfg(feature = "values")]
mod values;

pub use conversation::{Buffers, Conversation};
pub use lane::Lane;
pub use next::{Answer, Token};
pub use options::AnswerOptions;
pub use stats::{AnswerEnd, AnswerStats};
