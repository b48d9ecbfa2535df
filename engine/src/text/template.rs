//! A file's chat template, as far as turns can be rendered by it without evaluating it.

use super::chat::ChatFormat;
use super::error::TextError;
#[cfg(feature = "chat-pieces")]
use super::pieces::ChatPieces;
use crate::flash::{Flash, Source};
use crate::gguf::Gguf;

/// A model's chat template, by which [`Session::answer_turn`](crate::Session::answer_turn) renders turns.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "chat-pieces", expect(clippy::large_enum_variant, reason = "a program has one, and no heap"))]
pub enum ChatTemplate {
    /// The template of a published model, which is known by its fingerprint.
    Known(ChatFormat),
    /// Any template, by the pieces that a packed file carries. Needs the feature `chat-pieces`.
    #[cfg(feature = "chat-pieces")]
    Packed(ChatPieces),
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl ChatTemplate {
    /// Finds the template of the file that `gguf` describes: the pieces that a packed file carries, or else a known template, with the
    /// reason why pieces that the file carries are not used.
    ///
    /// # Errors
    /// [`TextError::UnusablePieces`]; without pieces those of [`ChatFormat::recognise`].
    pub async fn find<F: Flash>(
        gguf: &Gguf,
        source: &mut Source<'_, F>,
    ) -> Result<(Self, Option<TextError>), TextError> {
        #[cfg(feature = "chat-pieces")]
        let unusable = match ChatPieces::read(gguf, source).await {
            Ok(Some(pieces)) => return Ok((ChatTemplate::Packed(pieces), None)),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        #[cfg(not(feature = "chat-pieces"))]
        let unusable = None;
        match ChatFormat::recognise(gguf, source).await {
            Ok(format) => Ok((ChatTemplate::Known(format), unusable)),
            Err(error) => Err(unusable.unwrap_or(error)),
        }
    }

    /// The same template, by which the model may think before it answers, or is asked not to where the template has the choice.
    #[must_use]
    pub fn with_thinking(self, thinks: bool) -> Self {
        match self {
            #[cfg(feature = "chat-pieces")]
            ChatTemplate::Packed(pieces) => ChatTemplate::Packed(pieces.with_thinking(thinks)),
            known => {
                let _ = thinks;
                known
            }
        }
    }

    /// True if [`Session::answer_turn`](crate::Session::answer_turn) needs memory to put a turn together in.
    #[must_use]
    pub fn needs_room(&self) -> bool {
        !matches!(self, ChatTemplate::Known(_))
    }

    /// True if an earlier answer may be rendered otherwise than it was made, see [`ChatPieces::rewrites_earlier_answers`].
    #[must_use]
    pub fn rewrites_earlier_answers(&self) -> bool {
        match self {
            ChatTemplate::Known(_) => false,
            #[cfg(feature = "chat-pieces")]
            ChatTemplate::Packed(pieces) => pieces.rewrites_earlier_answers(),
        }
    }
}
