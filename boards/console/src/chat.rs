//! The model's chat template, as far as a board knows it.

#[cfg(feature = "chat-pieces")]
use crate::log::warning;
#[cfg(feature = "chat-pieces")]
use crate::output::Message;
#[cfg(feature = "chat-pieces")]
use flashlet::text::{ChatTemplate, TextError};

/// The tokens that are remembered: those of a prompt, with what the template puts around it, or of an answer.
pub(crate) const MAX_IDS: usize = crate::input::MAX_LINE + if cfg!(feature = "chat-pieces") { 1024 } else { 64 };

/// The most bytes of a turn with its markup, and with the answer before it where that is rendered otherwise now.
pub(crate) const MAX_TURN: usize = if cfg!(feature = "chat-pieces") { crate::input::MAX_LINE + 2048 } else { 0 };

/// Says what a user must know of the template that was found, if there is something; `error` is the reason why there is none, or why
/// the file's pieces are not used.
#[cfg(feature = "chat-pieces")]
pub(crate) fn write(template: Option<&ChatTemplate>, error: Option<TextError>, message: &mut Message) {
    match error {
        Some(TextError::UnknownChatTemplate { .. }) => message.push(
            "warning: the chat template is not a known one: prompts are continued as they are; `flashlet pack` adds what a board needs\n",
        ),
        Some(error @ TextError::UnusablePieces(_)) => {
            warning!("unusable pieces of the chat template");
            writeln!(message, "warning: {error}");
        }
        None if template.is_some_and(ChatTemplate::rewrites_earlier_answers) => {
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
