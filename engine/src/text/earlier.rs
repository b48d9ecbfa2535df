//! An answer as a packed file's chat template renders it once another turn follows.

use crate::flash::{Flash, Source};

use super::chat::Turn;
use super::error::TextError;
use super::markup::Markup;
use super::pieces::ChatPieces;
use super::tokenizer::{Encode, Tokenizer};
use super::turn_text::{Added, TurnText};

#[cfg_attr(feature = "blocking", macros::blocking)]
impl ChatPieces {
    /// The markup that `ids` end with, of those that may stand before an answer, and how many of them it is. `room` and `out` are
    /// for its text and its tokens.
    pub(crate) async fn find_markup<F: Flash>(
        &self,
        (tokenizer, source): (&mut Tokenizer<'_>, &mut Source<'_, F>),
        ids: &[u32],
        room: &mut [u8],
        out: &mut [u32],
    ) -> Result<Option<(Markup, usize)>, TextError> {
        for markup in [Markup::AfterUser, Markup::AfterUserWithoutThinking] {
            let Some(place) = self.at(markup) else { continue };
            let mut text = TurnText::new(room);
            text.markup(source, place, markup).await?;
            let encode = Encode { special: true, continues: true, ..Encode::default() };
            let n = tokenizer.encode(source, text.parts().0, encode, out).await?;
            if n > 0 && ids.ends_with(out.get(..n).unwrap_or_default()) {
                return Ok(Some((markup, n)));
            }
        }
        Ok(None)
    }

    /// Encodes into `out` the tokens of `answer`, which was made behind `markup`, as the template renders them in front of
    /// another turn, from its markup on, and that `turn`. Returns how many ids there are; `None` if the answer stays as it is, or
    /// does not fit into `room`.
    pub(crate) async fn encode_after<F: Flash>(
        &self,
        (tokenizer, source): (&mut Tokenizer<'_>, &mut Source<'_, F>),
        (markup, answer): (Markup, &[u32]),
        turn: &Turn<'_>,
        room: &mut [u8],
        out: &mut [u32],
    ) -> Result<Option<usize>, TextError> {
        let earlier = Markup::AfterEarlierUser;
        let mut text = TurnText::new(room);
        text.markup(source, self.place(earlier)?, earlier).await?;
        let added = text.answer((&*tokenizer, &mut *source), answer, self.trims, self.thoughts_end).await?;
        let is_same = markup == Markup::AfterUser && self.at(earlier).is_none() && added == Added::Same;
        if is_same || added == Added::Nothing {
            return Ok(None);
        }
        self.encode_behind(tokenizer, source, text, turn, out).await.map(Some)
    }
}
