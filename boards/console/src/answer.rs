//! From a prompt to an answer, token by token.

use crate::board::Board;
use crate::input::MAX_LINE;
use crate::load::Loaded;
use crate::output::{LineError, Output};
use core::fmt;
use embedded_io_async::Write;
use flashlet::flash::Flash;
use flashlet::session::{Error, LogitsHash, Session, Want};
use flashlet::text::{Detokenizer, Encode, Piece, Pieces, Sampler, SamplerConfig, Turn};

/// The most tokens of a prompt with what the template puts around it, and the most ids of an answer that are listed.
const MAX_IDS: usize = MAX_LINE + 64;

/// What the user wants continued.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Prompt<'l> {
    Text(&'l str),
    Ids(&'l str),
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The model ended it.
    Eos,
    /// It has as many tokens as were asked for.
    Length,
    /// The context is full.
    Context,
    /// The user ended it, or something failed.
    Interrupt,
}

impl Stop {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Stop::Eos => "eos",
            Stop::Length => "length",
            Stop::Context => "context",
            Stop::Interrupt => "interrupt",
        }
    }
}

/// An answer's figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) prompt: usize,
    pub(crate) made: usize,
    pub(crate) stop: Stop,
    pub(crate) hash: Option<LogitsHash>,
    pub(crate) prefill_ns: u64,
    pub(crate) decode_ns: u64,
}

/// What was set for answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) sampling: SamplerConfig,
    pub(crate) length: u32,
    pub(crate) chat: bool,
    pub(crate) keep: bool,
    pub(crate) stats: bool,
}

/// What went wrong with an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    Engine(Error),
    /// The prompt has no tokens.
    Empty,
    /// This word of a list of ids is none, counted from 1.
    NotAnId(usize),
    /// More ids than there is room for.
    TooManyIds,
    Line(LineError),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Engine(error)
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
            Trouble::Empty => f.write_str("the prompt has no tokens: there is nothing to continue"),
            Trouble::NotAnId(word) => write!(f, "word {word} is not a token id"),
            Trouble::TooManyIds => write!(f, "more than {MAX_IDS} token ids"),
            Trouble::Line(_) => f.write_str("the line failed"),
        }
    }
}

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    /// A prompt is being read: what the model has seen is known again when it is done.
    Reading,
    /// The last token chosen has not been fed; whether it ended the answer.
    Open {
        id: u32,
        ended: bool,
    },
}

/// Prompts and answers so far.
pub(crate) struct Conversation {
    sampler: Sampler,
    state: State,
    ids: [u32; MAX_IDS],
    pub(crate) figures: Figures,
}

impl Conversation {
    /// Not inlined, so that it is made where it stays: it is large.
    #[inline(never)]
    pub(crate) fn new() -> Self {
        let figures = Figures { prompt: 0, made: 0, stop: Stop::Eos, hash: None, prefill_ns: 0, decode_ns: 0 };
        Conversation { sampler: Sampler::new(SamplerConfig::GREEDY), state: State::Fresh, ids: [0; MAX_IDS], figures }
    }

    /// Forgets everything: the next prompt is a conversation's first.
    pub(crate) fn reset(&mut self) {
        self.state = State::Fresh;
    }

    /// The answer's ids, as far as they were kept.
    pub(crate) fn ids(&self) -> &[u32] {
        self.ids.get(..self.figures.made).unwrap_or(&self.ids)
    }

    /// Answers `prompt`; text goes out as it is made. May be dropped at any time: the conversation then goes on from the
    /// last token that the model has seen, or, if the prompt was still being read, starts anew.
    pub(crate) async fn answer<F: Flash, W: Write>(
        &mut self,
        board: &Board<'_, '_>,
        settings: &Settings,
        model: &mut Loaded<'_, '_, '_, F>,
        prompt: Prompt<'_>,
        out: &mut Output<W>,
    ) -> Result<(), Trouble> {
        self.figures = Figures { prompt: 0, made: 0, stop: Stop::Interrupt, hash: None, prefill_ns: 0, decode_ns: 0 };
        self.figures.hash = settings.stats.then(LogitsHash::new);
        if !settings.keep || !matches!(self.state, State::Open { .. }) {
            self.state = State::Fresh;
        }
        let fresh = self.state == State::Fresh;
        if fresh {
            model.session.reset();
            self.sampler.restart(settings.sampling);
        }
        let chat = settings.chat && model.format.is_some() && matches!(prompt, Prompt::Text(_));
        let n = self.encode(model, prompt, chat).await?;
        if n == 0 {
            return Err(Trouble::Empty);
        }
        self.figures.prompt = n;
        let mut detokenizer = if chat { Detokenizer::new() } else { Detokenizer::continuing() };
        let before = core::mem::replace(&mut self.state, State::Reading);
        let mut last = None;
        loop {
            let start = (board.now_ns)();
            let Conversation { sampler, ids, figures, .. } = self;
            let ids = if last.is_some() { last.as_slice() } else { ids.get(..n).unwrap_or_default() };
            if let Err(error) = feed(model.session, ids, sampler, &mut figures.hash).await {
                if last.is_none() && matches!(error, Error::ContextFull { .. } | Error::NoSuchToken { .. }) {
                    // Nothing was done.
                    self.state = before;
                }
                return Err(error.into());
            }
            let ns = (board.now_ns)().saturating_sub(start);
            let spent = if last.is_some() { &mut figures.decode_ns } else { &mut figures.prefill_ns };
            *spent = spent.saturating_add(ns);
            let id = self.choose();
            last = Some(id);
            let ended = model.session.is_end(id);
            self.state = State::Open { id, ended };
            let text = out.gather();
            let stop = if ended {
                Some(Stop::Eos)
            } else {
                model.session.decode(id, &mut detokenizer, &mut |piece| text.push(piece)).await?;
                if self.figures.made >= settings.length as usize {
                    Some(Stop::Length)
                } else if model.session.position() >= model.session.plan().ctx {
                    Some(Stop::Context)
                } else {
                    None
                }
            };
            if stop.is_some() {
                detokenizer.flush(&mut |piece| text.push(piece));
            }
            out.send_gathered().await?;
            if let Some(stop) = stop {
                self.figures.stop = stop;
                return Ok(());
            }
        }
    }

    /// Puts the prompt's tokens into `ids`, with the last one of an answer that the model has not seen.
    async fn encode<F: Flash>(
        &mut self,
        model: &mut Loaded<'_, '_, '_, F>,
        prompt: Prompt<'_>,
        chat: bool,
    ) -> Result<usize, Trouble> {
        let (mut n, first) = (0, self.state == State::Fresh);
        if let State::Open { id, ended } = self.state
            && (!chat || !ended)
            && let Some(slot) = self.ids.first_mut()
        {
            *slot = id;
            n = 1;
        }
        match prompt {
            Prompt::Text(user) => {
                let pieces = match model.format.filter(|_| chat) {
                    Some(format) => format.pieces(&Turn { first, system: None, user }),
                    None => {
                        let encode = Encode { bos: first, special: true, continues: !first, ..Encode::default() };
                        Pieces::from_iter([Piece { text: user, encode }])
                    }
                };
                for piece in &pieces {
                    let room = self.ids.get_mut(n..).unwrap_or_default();
                    n += model.session.encode(piece.text, piece.encode, room).await?;
                }
            }
            Prompt::Ids(words) => {
                for (i, word) in words.split_ascii_whitespace().enumerate() {
                    let slot = self.ids.get_mut(n).ok_or(Trouble::TooManyIds)?;
                    *slot = word.parse().map_err(|_| Trouble::NotAnId(i + 1))?;
                    n += 1;
                }
            }
        }
        Ok(n)
    }

    /// Chooses the next token and notes it.
    fn choose(&mut self) -> u32 {
        let id = self.sampler.finish();
        self.figures.hash.iter_mut().for_each(LogitsHash::end_step);
        if let Some(slot) = self.ids.get_mut(self.figures.made) {
            *slot = id;
        }
        self.figures.made += 1;
        id
    }
}

/// Runs `ids` through the model; the last one's logits go to the sampler, and to the hash if there is one.
async fn feed<F: Flash>(
    session: &mut Session<'_, '_, F>,
    ids: &[u32],
    sampler: &mut Sampler,
    hash: &mut Option<LogitsHash>,
) -> Result<(), Error> {
    sampler.begin(&[]);
    let mut sink = |_: u32, first: u32, logits: &[f32]| {
        sampler.push(first, logits);
        hash.iter_mut().for_each(|hash| hash.push(logits));
    };
    session.feed(ids, Want::Last, &mut sink).await
}
