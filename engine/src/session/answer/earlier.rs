//! The last answer as the chat template renders it in front of another turn: without thoughts, or behind other markup.

use super::begin::LastAnswer;
use super::conversation::{Conversation, Open};
use super::options::AnswerOptions;
use crate::flash::{Flash, apart};
use crate::session::error::Error;
use crate::session::run::Session;
use crate::text::{ChatPieces, Markup, TextError, Turn};

#[cfg_attr(feature = "blocking", macros::blocking)]
impl<F: Flash> Session<'_, '_, F> {
    /// Takes `conversation` back to where the markup before its last answer begins, and adds the answer as `pieces` render it now
    /// with `turn` behind it; a session that cannot go back is fed all tokens again. False, and nothing has changed, where the
    /// answer stays as it is, or too little is remembered to do better.
    pub(super) async fn take_with_answer(
        &mut self,
        conversation: &mut Conversation<'_>,
        last: LastAnswer,
        (pieces, turn): (&ChatPieces, &Turn<'_>),
        room: &mut [u8],
        options: &AnswerOptions<'_>,
    ) -> Result<bool, Error> {
        let tokens = &mut conversation.tokens;
        let Open::Token { ends } = last.open else { return Ok(false) };
        if !pieces.rewrites_earlier_answers() || tokens.pending().len() != 1 {
            return Ok(false);
        }
        let (all, out) = tokens.all_and_room();
        let before = all.len().checked_sub(last.tokens).and_then(|at| all.get(..at)).unwrap_or_default();
        let tools = (&mut self.memory.tokenizer, &mut self.source);
        let Some((markup, markup_tokens)) = apart!(pieces.find_markup(tools, before, room, out))? else {
            return Ok(false);
        };
        let dropped = markup_tokens + last.tokens;
        let mut encoded = self.encode_after(conversation, (last.tokens, ends), markup, (pieces, turn), room).await;
        if let Err(Error::Text(TextError::TooLong { .. })) = encoded {
            let tokens = &mut conversation.tokens;
            tokens.forget(tokens.all().len().saturating_sub(dropped));
            encoded = self.encode_after(conversation, (last.tokens, ends), markup, (pieces, turn), room).await;
        }
        match encoded? {
            Some(n) => self.go_back(conversation, dropped, n, options),
            None => Ok(false),
        }
    }

    /// Encodes the last answer, of so many tokens, as it is rendered in front of `turn`, and that turn, behind all tokens.
    async fn encode_after(
        &mut self,
        conversation: &mut Conversation<'_>,
        (n, ends): (usize, bool),
        markup: Markup,
        (pieces, turn): (&ChatPieces, &Turn<'_>),
        room: &mut [u8],
    ) -> Result<Option<usize>, Error> {
        let (all, out) = conversation.tokens.all_and_room();
        let text = all
            .len()
            .checked_sub(n)
            .and_then(|at| all.get(at..all.len().saturating_sub(ends.into())))
            .unwrap_or_default();
        let tools = (&mut self.memory.tokenizer, &mut self.source);
        Ok(apart!(pieces.encode_after(tools, (markup, text), turn, room, out))?)
    }

    /// Takes back the last `dropped` tokens, one of which was not fed, in favour of the `n` that lie behind them. False where
    /// that takes tokens that are no longer remembered.
    fn go_back(
        &mut self,
        conversation: &mut Conversation<'_>,
        dropped: usize,
        n: usize,
        options: &AnswerOptions<'_>,
    ) -> Result<bool, Error> {
        let longest = conversation.longest();
        let tokens = &mut conversation.tokens;
        let to = self.position().saturating_sub(dropped.saturating_sub(1) as u32);
        let feeds_again = to < self.least_position();
        if feeds_again && tokens.fed().len() < self.position() as usize {
            return Ok(false);
        }
        tokens.grow(n);
        self.check_prompt(longest, to, tokens.pending().get(1..).unwrap_or_default(), options)?;
        tokens.drop_before(n, dropped);
        if feeds_again {
            tokens.unfeed();
            self.reset();
        } else {
            self.rewind(to)?;
        }
        Ok(true)
    }
}
