//! Errors between text and tokens.

use core::fmt::{self, Display, Formatter};

use crate::flash::FlashError;
use crate::gguf::{GgufError, Name, NameAt};

#[cfg(feature = "grammar")]
use super::grammar::GrammarError;

/// A key of the tokenizer's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the key that it is named after")]
pub enum Key {
    Model,
    Pre,
    Tokens,
    Scores,
    TokenTypes,
    Merges,
    ChatTemplate,
}

impl Key {
    /// The key as it is spelled in a file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Key::Model => "tokenizer.ggml.model",
            Key::Pre => "tokenizer.ggml.pre",
            Key::Tokens => "tokenizer.ggml.tokens",
            Key::Scores => "tokenizer.ggml.scores",
            Key::TokenTypes => "tokenizer.ggml.token_type",
            Key::Merges => "tokenizer.ggml.merges",
            Key::ChatTemplate => "tokenizer.chat_template",
        }
    }
}

/// The beginning of the keys of a packed file's pieces of its chat template.
#[cfg(feature = "chat-pieces")]
pub(super) const PIECES_PREFIX: &str = "flashlet.chat.";

/// A vocabulary that cannot be used, or a text that cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TextError {
    /// The flash failed.
    Flash(FlashError),
    /// The file is not as the GGUF reader found it at first, or has a key twice.
    Gguf(GgufError),
    /// The file lacks a key.
    Missing(Key),
    /// The key's value has another type than it must have.
    WrongType(Key),
    /// The vocabulary has no tokens.
    NoTokens,
    /// An array that must have an element for each token has another length.
    Length {
        /// The array.
        key: Key,
        /// Tokens in the vocabulary.
        need: u64,
        /// Elements of the array.
        have: u64,
    },
    /// `tokenizer.ggml.model` names no tokenizer that is known here.
    UnknownModel(NameAt),
    /// `tokenizer.ggml.pre` names no pre-tokeniser that is known here.
    UnknownPreTokenizer(NameAt),
    /// More strings, or more bytes of them, than the index can number.
    VocabularyTooLarge,
    /// So many strings share one hash that the vocabulary must have been made to; looking them up would take
    /// for ever.
    Collisions {
        /// The string that was one too many, counted from 0.
        id: u32,
    },
    /// The text has more tokens than there is room for.
    TooLong {
        /// Tokens of the text.
        need: usize,
        /// Tokens that there is room for.
        have: usize,
    },
    /// A stretch of text that has to be merged as a whole is longer than the memory planned for it.
    WordTooLong {
        /// Bytes of the stretch.
        need: usize,
        /// Bytes planned for, which grow with the context.
        have: usize,
    },
    /// The vocabulary has neither a token for this byte nor an unknown token.
    NoTokenFor {
        /// The byte.
        byte: u8,
    },
    /// No such token.
    NoSuchToken {
        /// The id asked for.
        id: u32,
        /// Tokens in the vocabulary.
        n: u32,
    },
    /// The answer's grammar is at fault.
    #[cfg(feature = "grammar")]
    Grammar(GrammarError),
    /// The probability that the file asks of answers is not what this engine reads, as the key of this name shows, after
    /// `flashlet.`.
    #[cfg(feature = "probabilities")]
    UnusableThreshold(&'static str),
    /// An answer that is held back, or the text in its place, does not fit the buffer for it.
    #[cfg(feature = "probabilities")]
    AnswerTooLong {
        /// Bytes, or more.
        need: usize,
        /// Bytes of the buffer.
        have: usize,
    },
    /// The chat template is none of those that are known here.
    UnknownChatTemplate {
        /// The template's offset in the file.
        offset: u64,
    },
    /// The pieces of the chat template that a packed file brings are of another version or broken, as the key of this name
    /// shows, after [`ChatPieces::PREFIX`](super::ChatPieces::PREFIX).
    #[cfg(feature = "chat-pieces")]
    UnusablePieces(&'static str),
    /// The chat template has no place for a system text.
    #[cfg(feature = "chat-pieces")]
    NoSystemText,
    /// A turn with its markup is longer than the room for it.
    #[cfg(feature = "chat-pieces")]
    TurnTooLong {
        /// Bytes of the turn, or of what was put together of it.
        need: usize,
        /// Bytes that there is room for.
        have: usize,
    },
    /// A user's text spells more special tokens than can be kept from becoming such.
    #[cfg(feature = "chat-pieces")]
    TooManyMarkers {
        /// Those that can be kept so.
        have: usize,
    },
}

impl TextError {
    /// The place in the file of the name of what is at fault, if it has one.
    #[must_use]
    pub fn name(&self) -> NameAt {
        match *self {
            TextError::Gguf(error) => error.name(),
            TextError::UnknownModel(name) | TextError::UnknownPreTokenizer(name) => name,
            _ => NameAt::NONE,
        }
    }

    /// The message, with the name if there is one.
    pub(crate) fn write(&self, f: &mut Formatter<'_>, name: &Name) -> fmt::Result {
        match self {
            TextError::Flash(error) => Display::fmt(error, f),
            TextError::Gguf(error) => error.write(f, name),
            TextError::Missing(Key::ChatTemplate) => write!(
                f,
                "the file has no {}: choose a chat format by name, or prompt without one",
                Key::ChatTemplate.name()
            ),
            TextError::Missing(key) => write!(f, "the file has no {}", key.name()),
            TextError::WrongType(key) => write!(f, "{} has the wrong type", key.name()),
            TextError::NoTokens => f.write_str("the vocabulary is empty"),
            TextError::Length { key, need, have } => {
                write!(f, "{} has {have} elements for {need} tokens", key.name())
            }
            TextError::UnknownModel(_) => {
                let off = if cfg!(feature = "bpe") { "" } else { "; gpt2 takes the feature `bpe`" };
                write!(f, "unknown tokenizer \"{name}\" ({}){off}", Key::Model.name())
            }
            TextError::UnknownPreTokenizer(_) => {
                write!(f, "unknown pre-tokeniser \"{name}\" ({})", Key::Pre.name())
            }
            TextError::Collisions { id } => {
                write!(f, "too many strings of the vocabulary share the hash of string {id}")
            }
            TextError::VocabularyTooLarge => f.write_str("the vocabulary is too large to index"),
            TextError::TooLong { need, have } => {
                write!(
                    f,
                    "the text has {need} tokens; there is room for {have}: shorten it, or make the context or the buffer for ids larger"
                )
            }
            TextError::WordTooLong { need, have } => write!(
                f,
                "the text has a stretch of {need} bytes without a break; {have} can be merged: raise the context or break it"
            ),
            TextError::NoTokenFor { byte } => {
                write!(f, "the vocabulary has no token for byte 0x{byte:02X} and no unknown token")
            }
            TextError::NoSuchToken { id, n } => write!(f, "no token {id} in a vocabulary of {n}"),
            #[cfg(feature = "grammar")]
            TextError::Grammar(error) => Display::fmt(error, f),
            #[cfg(feature = "probabilities")]
            TextError::UnusableThreshold(name) => write!(f, "flashlet.{name} is not what this engine reads"),
            #[cfg(feature = "probabilities")]
            TextError::AnswerTooLong { need, have } => write!(
                f,
                "the answer is held back until its probability is known; it takes {need} bytes or more, there is room for {have}"
            ),
            TextError::UnknownChatTemplate { offset } => write!(
                f,
                "the chat template at offset {offset} is not a known one: pack the file, choose a chat format by name, or prompt without one"
            ),
            #[cfg(feature = "chat-pieces")]
            TextError::UnusablePieces(name) => {
                write!(f, "{PIECES_PREFIX}{name} is not what this engine reads: pack the original file again")
            }
            #[cfg(feature = "chat-pieces")]
            TextError::NoSystemText => f.write_str("the chat template has no place for a system text"),
            #[cfg(feature = "chat-pieces")]
            TextError::TurnTooLong { need, have } => {
                write!(f, "the message takes {need} bytes with its markup, there is room for {have}: shorten it")
            }
            #[cfg(feature = "chat-pieces")]
            TextError::TooManyMarkers { have } => {
                write!(f, "the message spells more than {have} special tokens")
            }
        }
    }
}

impl Display for TextError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, &Name::EMPTY)
    }
}

impl core::error::Error for TextError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            TextError::Flash(error) => Some(error),
            TextError::Gguf(error) => Some(error),
            _ => None,
        }
    }
}

impl From<FlashError> for TextError {
    fn from(error: FlashError) -> Self {
        TextError::Flash(error)
    }
}

impl From<GgufError> for TextError {
    fn from(error: GgufError) -> Self {
        match error {
            GgufError::Flash(error) => TextError::Flash(error),
            error => TextError::Gguf(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::{Problem, Str};
    use core::error::Error;
    use std::string::ToString;

    #[test]
    fn errors_know_their_names_and_their_causes() {
        let name = Str { offset: 3, len: 5 }.name_at();
        let key = GgufError::Key { index: 1, name, offset: 3, problem: Problem::DuplicateKey { first: 0 } };
        let error = TextError::from(key);
        assert_eq!(error.name(), name);
        assert_eq!(error.source().map(ToString::to_string), Some(key.to_string()));
        let flash = FlashError::Device { offset: 9 };
        let error = TextError::from(GgufError::Flash(flash));
        assert_eq!(error.name(), NameAt::NONE);
        assert_eq!(error.source().map(ToString::to_string), Some(flash.to_string()));
        assert!(TextError::NoTokens.source().is_none());
    }
}
