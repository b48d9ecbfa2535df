//! The beginning of an answer: a prompt becomes tokens.

use super::conversation::{Conversation, Open};
use super::next::Answer;
use super::options::AnswerOptions;
use super::stats::AnswerStats;
use crate::flash::Flash;
use crate::session::error::Error;
use crate::session::hash::LogitsHash;
use crate::session::run::Session;
#[cfg(feature = "chat-pieces")]
use crate::text::ChatPieces;
use crate::text::{ChatTemplate, Detokenizer, Encode, Piece, Pieces, TextError, Turn};

/// The last answer of a conversation.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastAnswer {
    pub(super) open: Open,
    /// Its tokens, the one that ended it included.
    #[cfg(feature = "chat-pieces")]
    pub(super) tokens: usize,
}

/// The text that an answer follows.
enum Prompt<'p> {
    Pieces(&'p [Piece<'p>]),
    /// A turn in the chat template of a packed file, which is put together in the bytes.
    #[cfg(feature = "chat-pieces")]
    Turn(&'p ChatPieces, &'p Turn<'p>, &'p mut [u8]),
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl<'a, 'm, F: Flash> Session<'a, 'm, F> {
    /// Begins the answer to `prompt`, which `conversation` goes on with: behind the last answer, and behind tokens that were
    /// [pushed](Conversation::push). Nothing is fed yet.
    ///
    /// # Errors
    /// [`Error::EmptyPrompt`], [`Error::ContextFull`], [`Error::NoSuchToken`], [`Error::Text`]: the prompt is dropped, and nothing
    /// has changed.
    pub async fn answer<'s, 'b>(
        &'s mut self,
        conversation: &'s mut Conversation<'b>,
        prompt: &[Piece<'_>],
        options: &'s AnswerOptions<'s>,
    ) -> Result<Answer<'s, 'b, 'a, 'm, F>, Error> {
        self.begin(conversation, Prompt::Pieces(prompt), options).await
    }

    /// Begins the answer to `turn` in a chat template, as [`answer`](Self::answer) does. Without a template the turn's text is continued
    /// as it is, behind tokens that were [pushed](Conversation::push); special tokens written in it are recognised.
    ///
    /// Turns in a packed file's template are put together in `room`, which other turns do not need. Where that template renders the last
    /// answer otherwise now, such as without its thoughts, the session goes back to that answer's beginning and is fed what it renders,
    /// if all tokens of that are remembered and `room` has a place for the text.
    ///
    /// # Errors
    /// Those of [`answer`](Self::answer). Of a packed file's template [`TextError::TurnTooLong`] when `room` is too short,
    /// [`TextError::TooManyMarkers`], [`TextError::NoSystemText`], [`TextError::UnusablePieces`].
    pub async fn answer_turn<'s, 'b>(
        &'s mut self,
        conversation: &'s mut Conversation<'b>,
        (template, turn): (Option<&ChatTemplate>, &Turn<'_>),
        room: &mut [u8],
        options: &'s AnswerOptions<'s>,
    ) -> Result<Answer<'s, 'b, 'a, 'm, F>, Error> {
        let pieces: Pieces<'_>;
        let prompt = match template {
            #[cfg(feature = "chat-pieces")]
            Some(ChatTemplate::Packed(template)) => Prompt::Turn(template, turn, room),
            Some(ChatTemplate::Known(format)) => {
                pieces = format.pieces(turn);
                Prompt::Pieces(&pieces)
            }
            None => {
                let bos = turn.first && conversation.tokens.pending().is_empty();
                let encode = Encode { bos, special: true, continues: !turn.first, ..Encode::default() };
                let text = (bos || !turn.user.is_empty()).then_some(Piece { text: turn.user, encode });
                pieces = Pieces::from_iter(text);
                Prompt::Pieces(&pieces)
            }
        };
        #[cfg(not(feature = "chat-pieces"))]
        let _ = room;
        self.begin(conversation, prompt, options).await
    }

    async fn begin<'s, 'b>(
        &'s mut self,
        conversation: &'s mut Conversation<'b>,
        prompt: Prompt<'_>,
        options: &'s AnswerOptions<'s>,
    ) -> Result<Answer<'s, 'b, 'a, 'm, F>, Error> {
        let before = conversation.stats;
        conversation.stats = AnswerStats { hash: options.hash.then(LogitsHash::new), ..AnswerStats::NONE };
        #[cfg(feature = "probabilities")]
        let is_held = self.threshold(options).refuses();
        #[cfg(feature = "probabilities")]
        {
            conversation.stats.logprob = (options.logprobs || is_held).then_some(0.0);
        }
        conversation.text.clear();
        let open = core::mem::replace(&mut conversation.open, Open::No);
        let first = conversation.tokens.pending().first().copied();
        let last = LastAnswer {
            open,
            #[cfg(feature = "chat-pieces")]
            tokens: before.tokens,
        };
        #[cfg(feature = "grammar")]
        let mut taken = conversation.restart_grammar(options.chat).map_err(Error::Text);
        #[cfg(not(feature = "grammar"))]
        let mut taken = Ok(());
        if taken.is_ok() {
            taken = self.take(conversation, last, prompt, options).await;
        }
        if let Err(error) = taken {
            conversation.tokens.drop_pending();
            if let (Some(id), Open::Token { .. }) = (first, open) {
                conversation.tokens.push(id);
                (conversation.open, conversation.stats) = (open, before);
            }
            return Err(error);
        }
        conversation.stats.prompt_tokens = conversation.tokens.pending().len();
        let detokenizer = if options.chat { Detokenizer::new() } else { Detokenizer::continuing() };
        Ok(Answer {
            session: self,
            conversation,
            options,
            detokenizer,
            #[cfg(feature = "probabilities")]
            is_held,
            ready: 0,
            picks: 0,
        })
    }

    /// Asserts that the vocabulary has the tokens of a prompt, `ids`, and the context room for them from `position` on, and for
    /// an answer of `longest` tokens, as far as it is asked for.
    pub(super) fn check_prompt(
        &self,
        longest: Option<u32>,
        position: u32,
        ids: &[u32],
        options: &AnswerOptions<'_>,
    ) -> Result<(), Error> {
        self.check_at(position, ids)?;
        #[cfg(feature = "grammar")]
        if let Some(need) = longest.map(|longest| longest.min(options.tokens)) {
            let before = position.saturating_add(ids.len() as u32);
            // The last token is not fed.
            let have = self.plan.ctx.saturating_sub(before).saturating_add(1);
            if need > have {
                return Err(Error::NoRoomForAnswer { need, have });
            }
        }
        #[cfg(not(feature = "grammar"))]
        let _ = (longest, options);
        Ok(())
    }

    /// Encodes `prompt` behind the tokens of `conversation`, and checks that all can be fed. The turn of a chat takes the place of
    /// the token that ended the last answer, or of the whole answer where that is rendered otherwise now.
    async fn take(
        &mut self,
        conversation: &mut Conversation<'_>,
        last: LastAnswer,
        mut prompt: Prompt<'_>,
        options: &AnswerOptions<'_>,
    ) -> Result<(), Error> {
        #[cfg(feature = "chat-pieces")]
        if let (Prompt::Turn(pieces, turn, room), true) = (&mut prompt, options.chat) {
            match self.take_with_answer(conversation, last, (pieces, turn), room, options).await {
                // The rendered answer does not fit: the tokens of the answer as it was made are kept.
                Ok(false)
                | Err(Error::Text(
                    TextError::TooLong { .. } | TextError::TurnTooLong { .. } | TextError::TooManyMarkers { .. },
                )) => {}
                taken => return taken.map(|_| ()),
            }
        }
        let tokens = &mut conversation.tokens;
        if options.chat && last.open == (Open::Token { ends: true }) {
            tokens.drop_next();
        }
        let mut n = self.encode_prompt(&mut prompt, tokens.room()).await;
        // If both do not fit, the tokens already fed are forgotten to make room for the prompt.
        if matches!(n, Err(Error::Text(TextError::TooLong { .. }))) && !tokens.fed().is_empty() {
            tokens.forget(usize::MAX);
            n = self.encode_prompt(&mut prompt, tokens.room()).await;
        }
        tokens.grow(n?);
        if tokens.pending().is_empty() {
            return Err(Error::EmptyPrompt);
        }
        self.check_prompt(conversation.longest(), self.position(), conversation.tokens.pending(), options)
    }

    /// Encodes `prompt` into `room`; returns how many ids there are.
    async fn encode_prompt(&mut self, prompt: &mut Prompt<'_>, room: &mut [u32]) -> Result<usize, Error> {
        match prompt {
            Prompt::Pieces(pieces) => {
                let mut n = 0;
                for piece in *pieces {
                    n += self.encode(piece.text, piece.encode, room.get_mut(n..).unwrap_or_default()).await?;
                }
                Ok(n)
            }
            #[cfg(feature = "chat-pieces")]
            Prompt::Turn(template, turn, bytes) => self.encode_turn(template, turn, bytes, room).await,
        }
    }
}
