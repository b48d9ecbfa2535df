//! A session: a model in its arena, and the loop that turns tokens into logits.

use super::error::Error;
use super::memory::Memory;
use super::model::Model;
use super::plan::Plan;
use super::progress::{Progress, Stage};
use crate::arena::Arena;
use crate::flash::{Flash, FlashStats, Source, apart};
use crate::kernels::{Executor, Kernels};
use crate::model::{LogitsSink, ModelConfig, Pass, Want, Workspace};
#[cfg(feature = "probabilities")]
use crate::text::Threshold;
#[cfg(feature = "chat-pieces")]
use crate::text::{ChatPieces, Turn};
use crate::text::{Detokenizer, Encode};
#[cfg(feature = "grammar")]
use crate::text::{Vocabulary, grammar::Grammar};
use crate::weights::{CHECKSUMS, Feed, Schedule, Tiles, Verify};
use core::pin::pin;

/// Receives logits, with the vocabulary that they belong to.
#[cfg(feature = "grammar")]
pub(super) type Sink<'s> = dyn FnMut(&Vocabulary<'_>, u32, u32, &[f32]) + 's;
#[cfg(not(feature = "grammar"))]
pub(super) type Sink<'s> = LogitsSink<'s>;

/// A model in its arena, with the tokens that it has seen.
pub struct Session<'a, 'm, F: Flash> {
    pub(super) source: Source<'m, F>,
    pub(super) config: ModelConfig,
    pub(super) plan: Plan,
    pub(super) memory: Memory<'a, 'm>,
    pub(super) kernels: &'a dyn Kernels,
    pub(super) executor: &'a dyn Executor,
    pub(super) position: u32,
    /// Positions that the caches were given, those of failed passes and of tokens since forgotten included.
    pub(super) written: u32,
    pub(super) passes: u32,
    /// The probability that the file asks of answers.
    #[cfg(feature = "probabilities")]
    pub(super) threshold: Threshold,
    /// The smallest position other than 0 that a restored session can go back to: the snapshot lacks earlier positions of the windows.
    #[cfg(feature = "snapshots")]
    pub(super) restored: u32,
}

impl<'a, 'm: 'a, F: Flash> Session<'a, 'm, F> {
    /// Carves `arena` as `plan` says, indexes the vocabulary and loads what is pinned. `arena` starts
    /// at a multiple of [`ALIGN`](crate::arena::ALIGN) bytes and has the plan's `arena_bytes`.
    ///
    /// # Errors
    /// [`Error`]: a plan for another model or changed by hand, an arena smaller than planned, a tensor that is missing or
    /// occurs twice, bytes that are not what their checksums say (as [`Options::verify`](crate::Options::verify) asks),
    /// flash failures.
    #[cfg_attr(feature = "blocking", macros::blocking)]
    #[cfg_attr(
        not(feature = "blocking"),
        expect(clippy::manual_async_fn, reason = "the future of an async function holds its arguments twice")
    )]
    #[cfg_attr(feature = "blocking", inline(never))]
    pub fn new(
        source: Source<'m, F>,
        model: Model,
        plan: Plan,
        arena: &'a mut [u8],
        kernels: &'a dyn Kernels,
        executor: &'a dyn Executor,
        progress: &mut dyn FnMut(Progress),
    ) -> impl Future<Output = Result<Self, Error>> {
        async move {
            if !model.accepts(&plan) || !plan.act_form.has_room_for(kernels.act_form()) {
                return Err(Error::PlanMismatch);
            }
            // The result and not what is in it, so that the session is made in the future and not moved there.
            let mut session = Session::carve(source, &model, plan, arena, kernels, executor);
            if let Ok(session) = &mut session {
                session.fill(&model, progress).await?;
            }
            session
        }
    }

    /// A session whose memory is carved and holds nothing yet.
    #[inline(never)]
    fn carve(
        source: Source<'m, F>,
        model: &Model,
        plan: Plan,
        arena: &'a mut [u8],
        kernels: &'a dyn Kernels,
        executor: &'a dyn Executor,
    ) -> Result<Self, Error> {
        let sizes = plan.sizes();
        let mapped = source.mapped.filter(|_| plan.uses_mapping);
        if sizes.flash_index && !model.index_is_mapped(&source) {
            return Err(Error::NotMapped);
        }
        #[cfg(feature = "grammar")]
        if model.grammar.is_some() && !sizes.copies_grammar && !model.grammar_is_mapped(&source) {
            return Err(Error::NotMapped);
        }
        let mut arena = Arena::new(arena);
        let session = Session {
            memory: Memory::take(model, &sizes, [mapped, source.mapped], &mut arena),
            source,
            config: model.config,
            plan,
            kernels,
            executor,
            position: 0,
            written: 0,
            passes: 0,
            #[cfg(feature = "probabilities")]
            threshold: model.threshold,
            #[cfg(feature = "snapshots")]
            restored: 0,
        };
        arena.check()?;
        Ok(session)
    }

    /// Indexes the vocabulary and loads what is pinned.
    #[cfg_attr(feature = "blocking", macros::blocking)]
    async fn fill(&mut self, model: &Model, progress: &mut dyn FnMut(Progress)) -> Result<(), Error> {
        let Session { source, plan, memory, kernels, .. } = self;
        let checksums = model.checksums.filter(|_| CHECKSUMS && plan.verify != Verify::Never);
        #[cfg(feature = "checksums")]
        if let Some(checksums) = checksums.filter(|_| source.mapped.is_none() || plan.verify == Verify::All) {
            apart!(checksums.check_metadata(&model.gguf, source, *kernels))?;
        }
        let mut report = |stage, done, total| progress(Progress { stage, done, total });
        let mut indexing = |done, total| report(Stage::Index, done, total);
        apart!(memory.tokenizer.build(source, &mut indexing))?;
        let budget = model.pin_budget(plan);
        #[cfg(feature = "grammar")]
        apart!(memory.grammar.fill(model, source))?;
        let mut pinning = |done, total| report(Stage::Pin, done, total);
        apart!(memory.store.load((&model.gguf, &model.config), source, budget, *kernels, checksums, &mut pinning))?;
        if CHECKSUMS && plan.verify == Verify::All {
            memory.store.check_mapped(*kernels, &mut |done, total| report(Stage::Check, done, total))?;
        }
        let hyper = &model.config.hyper;
        memory.rope.fill(hyper, memory.store.rope_divisors(plan.ctx > hyper.original_ctx));
        Ok(())
    }
}

#[cfg(feature = "grammar")]
impl<'a, F: Flash> Session<'a, '_, F> {
    /// The grammar that the file carries, for [`Conversation::follow`](crate::Conversation::follow); `None` if it has none.
    #[must_use]
    pub fn grammar(&self) -> Option<Grammar<'a>> {
        self.memory.grammar.grammar()
    }
}

impl<F: Flash> Session<'_, '_, F> {
    /// The plan that the session was made with.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The model's hyperparameters.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Tokens in the vocabulary.
    #[must_use]
    pub fn n_vocab(&self) -> u32 {
        self.config.hyper.n_vocab
    }

    /// Tokens that the model has seen; the next one's position.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.position
    }

    /// Forgets all tokens.
    pub fn reset(&mut self) {
        (self.position, self.written) = (0, 0);
        #[cfg(feature = "_recurrent")]
        self.memory.state.reset();
        #[cfg(feature = "snapshots")]
        {
            self.restored = 0;
        }
    }

    /// The smallest position other than 0 that the session can go back to; 0 is always possible.
    pub(super) fn least_position(&self) -> u32 {
        let least = self.memory.kv.least_position(self.written as usize);
        #[cfg(feature = "_recurrent")]
        let least = least.max(self.memory.state.least_position());
        let least = least as u32;
        #[cfg(feature = "snapshots")]
        {
            least.max(self.restored)
        }
        #[cfg(not(feature = "snapshots"))]
        {
            least
        }
    }

    /// Forgets the tokens from `position` on, such as those of a draft that turned out wrong. What follows is as if
    /// they had never been. Of a model without recurrent layers, the last chunk that was fed can always be taken back, token by
    /// token; of one with such layers, as many of the last tokens as [`Options::draft`](crate::Options::draft), at least one,
    /// until a longer chunk fails.
    ///
    /// # Errors
    /// [`Error::CannotRewind`], and nothing changes: there are fewer tokens, or sliding windows or recurrent layers have moved
    /// on.
    pub fn rewind(&mut self, position: u32) -> Result<(), Error> {
        let least = self.least_position();
        if position == 0 {
            self.reset();
        } else if (least..=self.position).contains(&position) {
            self.position = position;
        } else {
            return Err(Error::CannotRewind { to: position, least, position: self.position });
        }
        Ok(())
    }

    /// Lets passes look for values that are not finite after every step, from now on, so that [`PassError::NotFinite`] names
    /// the first layer that has them. In logits they are found in any case. Without effect with the feature `small`.
    ///
    /// [`PassError::NotFinite`]: crate::weights::PassError::NotFinite
    pub fn find_nan(&mut self, on: bool) {
        self.plan.find_nan = on;
    }

    /// Passes over the weights that were begun so far, modulo 2^32: one for each chunk that was fed.
    #[must_use]
    pub fn passes(&self) -> u32 {
        self.passes
    }

    /// Counts of reads through the flash handle since it was opened.
    #[must_use]
    pub fn flash_stats(&self) -> FlashStats {
        self.source.stats
    }

    /// True if token `id` ends an answer.
    #[must_use]
    pub fn is_end(&self, id: u32) -> bool {
        self.memory.tokenizer.is_end(id)
    }

    /// Encodes `text` into `out`; returns how many ids there are.
    ///
    /// # Errors
    /// [`Error::Text`]: `out` is too short, a word is too long, the flash failed.
    #[cfg_attr(feature = "blocking", macros::blocking)]
    pub async fn encode(&mut self, text: &str, options: Encode<'_>, out: &mut [u32]) -> Result<usize, Error> {
        Ok(apart!(self.memory.tokenizer.encode(&mut self.source, text, options, out))?)
    }

    /// Encodes `turn` of a conversation in the model's own chat template; see [`ChatPieces::encode`].
    ///
    /// # Errors
    /// [`Error::Text`]: those of [`ChatPieces::encode`].
    #[cfg(feature = "chat-pieces")]
    #[cfg_attr(feature = "blocking", macros::blocking)]
    pub async fn encode_turn(
        &mut self,
        pieces: &ChatPieces,
        turn: &Turn<'_>,
        room: &mut [u8],
        out: &mut [u32],
    ) -> Result<usize, Error> {
        Ok(apart!(pieces.encode(&mut self.memory.tokenizer, &mut self.source, turn, room, out))?)
    }

    /// Gives `out` the text of token `id`, as far as its characters are whole.
    ///
    /// # Errors
    /// [`Error::Text`]: no such token, the flash failed.
    #[cfg_attr(feature = "blocking", macros::blocking)]
    pub async fn decode(
        &mut self,
        id: u32,
        detokenizer: &mut Detokenizer,
        out: &mut dyn FnMut(&str),
    ) -> Result<(), Error> {
        Ok(apart!(self.memory.tokenizer.decode(&mut self.source, id, detokenizer, out))?)
    }

    /// Runs tokens through the model, a chunk a pass. Logits of the positions that `want` names go to
    /// `sink(position, first_id, logits)`: chunk by chunk, and in each chunk tile by tile of the
    /// vocabulary, every position's before the next tile's. Without tokens nothing happens, and nothing goes
    /// to `sink`. A future that is dropped counts as a failed one: chunks that were finished count.
    ///
    /// # Errors
    /// [`Error::NoSuchToken`] and [`Error::ContextFull`] before anything is done; flash failures, weights that do not
    /// match their checksums and logits that are not finite, after which the chunks that were finished count and the rest do not, nor do
    /// logits that `sink` got of the rest. The same tokens may be fed again.
    pub async fn feed(&mut self, ids: &[u32], want: Want, sink: &mut LogitsSink<'_>) -> Result<(), Error> {
        self.check(ids)?;
        let mut chunks = ids.chunks(self.memory.values.chunk().max(1)).peekable();
        while let Some(chunk) = chunks.next() {
            let want = match want {
                Want::Last if chunks.peek().is_some() => Want::None,
                want => want,
            };
            self.feed_chunk(chunk, want, sink).await?;
        }
        Ok(())
    }

    /// Runs a chunk of tokens that were [checked](Self::check) through the model.
    pub(super) async fn feed_chunk(
        &mut self,
        chunk: &[u32],
        want: Want,
        sink: &mut LogitsSink<'_>,
    ) -> Result<(), Error> {
        #[cfg(feature = "grammar")]
        let sink = &mut |_: &Vocabulary<'_>, position: u32, id: u32, logits: &[f32]| sink(position, id, logits);
        self.feed_chunk_to(chunk, want, sink).await
    }

    /// Feeds as [`feed_chunk`](Self::feed_chunk) does, with a sink that may look at tokens.
    pub(super) async fn feed_chunk_to(&mut self, chunk: &[u32], want: Want, sink: &mut Sink<'_>) -> Result<(), Error> {
        let end = self.position.saturating_add(chunk.len() as u32);
        self.written = self.written.max(end);
        self.passes = self.passes.wrapping_add(1);
        #[cfg(feature = "_recurrent")]
        self.memory.state.begin(self.position as usize, chunk.len());
        self.pass(chunk, want, sink).await?;
        #[cfg(feature = "_recurrent")]
        self.memory.state.commit(self.position as usize);
        self.position = end;
        Ok(())
    }

    /// The vocabulary, to look at tokens without waiting.
    #[cfg(feature = "grammar")]
    pub(super) fn vocabulary(&self) -> Vocabulary<'_> {
        Vocabulary::new(&self.memory.tokenizer, self.memory.grammar.vocabulary(self.source.mapped))
    }

    /// Asserts that the vocabulary has `ids` and the context room for them.
    pub(super) fn check(&self, ids: &[u32]) -> Result<(), Error> {
        self.check_at(self.position, ids)
    }

    /// Asserts that the vocabulary has `ids` and the context room for them from `position` on.
    pub(super) fn check_at(&self, position: u32, ids: &[u32]) -> Result<(), Error> {
        let n_vocab = self.n_vocab();
        if let Some(&id) = ids.iter().find(|&&id| id >= n_vocab) {
            return Err(Error::NoSuchToken { id, n_vocab });
        }
        let ctx = self.plan.ctx;
        if ids.len() as u64 > u64::from(ctx.saturating_sub(position)) {
            return Err(Error::ContextFull { ctx, position, tokens: ids.len() });
        }
        Ok(())
    }

    async fn pass(&mut self, ids: &[u32], want: Want, sink: &mut Sink<'_>) -> Result<(), Error> {
        let Memory {
            store,
            tiles,
            rope,
            kv,
            #[cfg(feature = "_recurrent")]
            state,
            values,
            #[cfg(feature = "grammar")]
            tokenizer,
            #[cfg(feature = "grammar")]
            grammar,
            ..
        } = &mut self.memory;
        #[cfg(feature = "grammar")]
        let vocabulary = Vocabulary::new(tokenizer, grammar.vocabulary(self.source.mapped));
        #[cfg(feature = "grammar")]
        let sink = &mut |position: u32, id: u32, logits: &[f32]| sink(&vocabulary, position, id, logits);
        #[cfg(feature = "checksums")]
        {
            apart!(store.expect_rows(&mut self.source, ids))?;
        }
        let tile_bytes = tiles.len() / 2;
        let schedule = Schedule::new(store, ids, want != Want::None, tile_bytes, F::READ_ALIGN);
        let tiles = Tiles::new(tiles);
        let mut feed = Feed::new(&tiles, schedule.clone(), self.kernels);
        let work = Workspace {
            hyper: &self.config.hyper,
            store,
            kernels: self.kernels,
            executor: self.executor,
            rope,
            kv,
            #[cfg(feature = "_recurrent")]
            state,
            values,
            position: self.position as usize,
            tokens: ids.len(),
        };
        let pass = Pass { config: &self.config, work, want, find_nan: self.plan.find_nan };
        let pass = pin!(pass.run(ids, &mut feed, sink));
        #[cfg(feature = "stream")]
        let reader = pin!(crate::weights::read_ahead(&mut self.source, &tiles, schedule));
        #[cfg(feature = "stream")]
        let pass = pin!(crate::weights::join(reader, pass));
        Ok(apart(pass).await?)
    }
}
