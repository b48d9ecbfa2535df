//! The model's chat template, as far as a board knows it.

#[cfg(feature = "chat-pieces")]
use crate::log::warning;
#[cfg(feature = "chat-pieces")]
use crate::output::Message;
use flashlet::Piece;
use flashlet::flash::{Flash, Source};
use flashlet::gguf::Gguf;
#[cfg(feature = "chat-pieces")]
use flashlet::text::ChatPieces;
#[cfg(feature = "chat-pieces")]
use flashlet::text::TextError;
use flashlet::text::{ChatFormat, Encode, Pieces, Turn};

/// The tokens that are remembered: those of a prompt, with what the template puts around it, or of an answer.
pub(crate) const MAX_IDS: usize = crate::input::MAX_LINE + if cfg!(feature = "chat-pieces") { 1024 } else { 64 };

/// The most bytes of a turn with its markup, and with the answer before it where that is rendered otherwise now.
#[cfg(feature = "chat-pieces")]
pub(crate) const MAX_TURN: usize = crate::input::MAX_LINE + 2048;

/// A chat template.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "chat-pieces", expect(clippy::large_enum_variant, reason = "there is one of them, and no heap"))]
pub(crate) enum Template {
    /// One that the engine knows.
    Known(ChatFormat),
    /// Any template, by the pieces that the packed file brings.
    #[cfg(feature = "chat-pieces")]
    Packed(ChatPieces),
}

/// A file's chat template, and what there is to say of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) template: Option<Template>,
    /// The reason why there is none, or none of the file's own pieces.
    #[cfg(feature = "chat-pieces")]
    why_not: Option<TextError>,
}

impl Found {
    /// Looks for the template of the file that `gguf` describes.
    #[cfg(feature = "chat-pieces")]
    pub(crate) async fn find<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Found {
        let unusable = match ChatPieces::read(gguf, source).await {
            Ok(Some(pieces)) => return Found { template: Some(Template::Packed(pieces)), why_not: None },
            Ok(None) => None,
            Err(error) => Some(error),
        };
        match ChatFormat::recognise(gguf, source).await {
            Ok(format) => Found { template: Some(Template::Known(format)), why_not: unusable },
            Err(error) => Found { template: None, why_not: unusable.or(Some(error)) },
        }
    }

    /// Looks for the template of the file that `gguf` describes.
    #[cfg(not(feature = "chat-pieces"))]
    pub(crate) async fn find<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Found {
        Found { template: ChatFormat::recognise(gguf, source).await.ok().map(Template::Known) }
    }

    /// Says what a user must know of the template, if there is something.
    #[cfg(feature = "chat-pieces")]
    pub(crate) fn write(&self, message: &mut Message) {
        match (self.why_not, self.template) {
            (Some(TextError::UnknownChatTemplate { .. }), _) => message.push(
                "warning: the chat template is not a known one: prompts are continued as they are; `flashlet pack` adds what a board needs\n",
            ),
            (Some(error @ TextError::UnusablePieces(_)), _) => {
                warning!("unusable pieces of the chat template");
                writeln!(message, "warning: {error}");
            }
            (None, Some(Template::Packed(pieces))) if pieces.rewrites_earlier_answers() => {
                writeln!(
                    message,
                    "note: with /keep on, an answer of up to about {} tokens goes on without its thoughts, a longer one with them",
                    MAX_IDS / 2
                );
            }
            // A file without a template is for prompts as they are.
            _ => {}
        }
    }
}

#[cfg(feature = "chat-pieces")]
impl Template {
    /// Lets the model think before it answers from now on, or asks it not to, where the template has a choice.
    pub(crate) fn set_thinking(&mut self, thinks: bool) {
        if let Template::Packed(pieces) = self {
            *pieces = pieces.with_thinking(thinks);
        }
    }
}

/// The pieces of `turn` as `template` has them, or the user's text as it is if there is none. A packed file's template has its
/// own way: none.
pub(crate) fn pieces<'t>(template: Option<Template>, turn: &Turn<'t>) -> Pieces<'t> {
    match template {
        Some(Template::Known(format)) => format.pieces(turn),
        #[cfg(feature = "chat-pieces")]
        Some(Template::Packed(_)) => Pieces::new(),
        None => {
            let encode = Encode { bos: turn.first, special: true, continues: !turn.first, ..Encode::default() };
            Pieces::from_iter([Piece { text: turn.user, encode }])
        }
    }
}
