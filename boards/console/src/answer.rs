//! From a prompt to an answer.

use crate::board::Board;
use crate::chat::{MAX_IDS, MAX_TURN};
use crate::load::Loaded;
use crate::output::{LineError, MAX_MESSAGE, Output};
use core::fmt;
use embedded_io_async::Write;
use flashlet::flash::{Flash, wait};
use flashlet::session::AnswerEnd;
use flashlet::text::{TextError, Turn};
use flashlet::{AnswerOptions, Buffers, Conversation, Error, Lane, SamplerConfig};

/// The most tokens of a draft: each takes a sampler of 3 KB.
const MAX_DRAFT: usize = if cfg!(feature = "drafts") { 3 } else { 0 };

/// The most bytes that are held back: of a stop string or, with probabilities, of a whole answer.
const MAX_TEXT: usize = MAX_MESSAGE + if cfg!(feature = "probabilities") { 1024 } else { 0 };

/// The text that the user wants continued.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Prompt<'l> {
    Text(&'l str),
    Ids(&'l str),
}

/// The name of the reason why an answer ended: without one the user ended it, or something failed.
pub(crate) const fn end_name(end: Option<AnswerEnd>) -> &'static str {
    match end {
        Some(AnswerEnd::Eos) => "eos",
        Some(AnswerEnd::Length) => "length",
        Some(AnswerEnd::Context) => "context",
        Some(AnswerEnd::Stop) => "stop",
        Some(AnswerEnd::Unsure) => "unsure",
        Some(AnswerEnd::Value) => "value",
        None => "interrupt",
    }
}

/// Settings of answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) sampling: SamplerConfig,
    pub(crate) length: u32,
    pub(crate) chat: bool,
    #[cfg(feature = "chat-pieces")]
    pub(crate) think: bool,
    pub(crate) keep: bool,
    pub(crate) stats: bool,
    /// Drafts are made.
    #[cfg(feature = "drafts")]
    pub(crate) draft: bool,
}

/// An error of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    Engine(Error),
    /// This word of a list of ids is none, counted from 1.
    NotAnId(usize),
    Line(LineError),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Engine(error)
    }
}

impl From<TextError> for Trouble {
    fn from(error: TextError) -> Trouble {
        Trouble::Engine(error.into())
    }
}

impl From<LineError> for Trouble {
    fn from(error: LineError) -> Trouble {
        Trouble::Line(error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Engine(error) => error.fmt(f),
            Trouble::NotAnId(word) => write!(f, "word {word} is not a token id"),
            Trouble::Line(_) => f.write_str("the line failed"),
        }
    }
}

/// Memory of a conversation.
pub(crate) struct Memory {
    tokens: [u32; MAX_IDS],
    lane: Lane,
    drafts: [Lane; MAX_DRAFT],
    text: [u8; MAX_TEXT],
}

impl Memory {
    /// Not inlined, so that it is made where it stays: it is large.
    #[inline(never)]
    pub(crate) fn new() -> Self {
        Memory {
            tokens: [0; MAX_IDS],
            lane: Lane::new(),
            // One by one: an array that is made elsewhere would be moved here, over the stack.
            #[cfg(feature = "drafts")]
            drafts: [Lane::new(), Lane::new(), Lane::new()],
            #[cfg(not(feature = "drafts"))]
            drafts: [],
            text: [0; MAX_TEXT],
        }
    }

    pub(crate) fn buffers(&mut self) -> Buffers<'_> {
        let Memory { tokens, lane, drafts, text } = self;
        Buffers { tokens, lane, drafts, text }
    }
}

/// Answers `prompt`; text goes out as it is made. May be dropped at any time: the conversation then goes on from the last token
/// that went out, or, if the prompt was still being read, starts anew.
pub(crate) async fn answer<F: Flash, W: Write>(
    board: &Board<'_, '_>,
    settings: &Settings,
    model: &mut Loaded<'_, '_, '_, F>,
    conversation: &mut Conversation<'_>,
    prompt: Prompt<'_>,
    out: &mut Output<W>,
) -> Result<(), Trouble> {
    if !settings.keep || !conversation.is_open() {
        model.session.reset();
        conversation.restart(settings.sampling);
    }
    #[cfg(feature = "drafts")]
    if settings.draft != conversation.drafts() {
        conversation.draft_with(settings.draft.then(|| model.session.drafter()));
    }
    let first = !conversation.is_open();
    let template = model.template.filter(|_| settings.chat && matches!(prompt, Prompt::Text(_)));
    let user = match prompt {
        Prompt::Text(user) => user,
        Prompt::Ids(words) => {
            push(words, conversation)?;
            ""
        }
    };
    let turn = Turn { first, system: None, user };
    let options = AnswerOptions {
        tokens: settings.length,
        chat: template.is_some(),
        hash: settings.stats,
        now: board.now_ns,
        ..AnswerOptions::default()
    };
    let mut answer = {
        let mut room = [0; MAX_TURN];
        wait!(model.session.answer_turn(conversation, (template.as_ref(), &turn), &mut room, &options))?
    };
    while let Some(token) = answer.next().await? {
        out.send(token.text).await?;
    }
    Ok(())
}

/// Adds the ids in `words` to the prompt, all or none.
fn push(words: &str, conversation: &mut Conversation<'_>) -> Result<(), Trouble> {
    for checks in [true, false] {
        for (i, word) in words.split_ascii_whitespace().enumerate() {
            let id = id(word).ok_or(Trouble::NotAnId(i + 1))?;
            if !checks {
                conversation.push(id)?;
            }
        }
    }
    Ok(())
}

/// The id that `word` is: at most nine digits.
fn id(word: &str) -> Option<u32> {
    let digits = word.len() <= 9 && word.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| word.bytes().fold(0, |id, byte| 10 * id + u32::from(byte - b'0')))
}
