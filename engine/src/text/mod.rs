//! From text to tokens and back, and from logits to the next token.
//!
//! - [`TokenizerSpec`]: what a file says of its vocabulary, checked. [`Tokenizer`]: its index in
//!   the arena, `encode` and `decode`. The strings stay in flash.
//! - [`Detokenizer`]: bytes of tokens in, whole characters out.
//! - [`Sampler`]: takes logits tile by tile and picks a token.
//! - [`Drafter`]: guesses the next tokens, for one pass to verify.
//! - [`ChatTemplate`]: a file's chat template. It is either a known one, recognised by its fingerprint ([`ChatFormat`]), or any, by
//!   the pieces that a packed file carries ([`ChatPieces`]).
//! - `Threshold`: the probability that answers must have, with the feature `probabilities`.
//! - `grammar`: texts that a compiled grammar allows, with the feature of that name.
//! - `values`: what was said, such as `half past six`, turned into numbers, with the feature of that name.

#[cfg(feature = "grammar")]
mod carried;
pub(crate) mod chat;
#[cfg(feature = "values")]
mod converter;
mod decode;
mod detokenize;
#[cfg(feature = "drafts")]
mod draft;
#[cfg(feature = "chat-pieces")]
mod earlier;
mod error;
mod exp_sum;
mod fingerprint;
#[cfg(feature = "grammar")]
mod follower;
#[cfg(feature = "grammar")]
pub mod grammar;
mod index;
#[cfg(feature = "chat-pieces")]
mod marker;
#[cfg(feature = "chat-pieces")]
mod markup;
mod merge;
#[cfg(feature = "chat-pieces")]
mod pieces;
#[cfg(feature = "bpe")]
mod pretokenize;
mod random;
pub(crate) mod sampler;
mod spec;
mod special;
mod steps;
mod tables;
mod template;
#[cfg(test)]
mod tests;
#[cfg(feature = "probabilities")]
mod threshold;
mod tokenizer;
#[cfg(feature = "chat-pieces")]
mod turn_text;
#[cfg(feature = "bpe")]
mod unicode;
#[cfg(feature = "bpe")]
mod unicode_tables;
#[cfg(feature = "values")]
pub mod values;
#[cfg(feature = "grammar")]
mod vocabulary;
mod word;

#[cfg(feature = "grammar")]
pub use carried::CarriedGrammar;
pub(crate) use chat::Piece;
pub use chat::{ChatFormat, Pieces, Turn};
#[cfg(all(test, feature = "values"))]
pub(crate) use converter::tests::tables as tables_of_a_value;
#[cfg(feature = "values")]
pub use converter::{Converter, Step};
pub use detokenize::Detokenizer;
#[cfg(feature = "drafts")]
pub use draft::{Drafter, MAX_DRAFT};
pub use error::{Key, TextError};
#[cfg(feature = "probabilities")]
pub(crate) use exp_sum::ExpSum;
pub(crate) use fingerprint::Fnv;
#[cfg(feature = "grammar")]
pub use follower::Follower;
#[cfg(feature = "chat-pieces")]
pub use marker::MarkerKind;
#[cfg(feature = "chat-pieces")]
pub use markup::{Content, Markup, Segment, Trims};
#[cfg(feature = "chat-pieces")]
pub use pieces::ChatPieces;
#[cfg(feature = "bpe")]
pub use pretokenize::PreTokenizer;
pub(crate) use sampler::SamplerConfig;
pub use sampler::{MAX_CANDIDATES, MAX_RECENT, Sampler};
pub use spec::{TokenizerKind, TokenizerSpec};
pub use template::ChatTemplate;
#[cfg(feature = "probabilities")]
pub use threshold::Threshold;
pub use tokenizer::{Encode, Tokenizer};
#[cfg(feature = "grammar")]
pub(crate) use vocabulary::{Span, Vocabulary};
