//! The plan: the memory that a model takes and the places of its weights, known before any of them is read.

use super::error::Error;
use super::memory::{Memory, Sizes};
use super::model::Model;
use crate::arena::{ALIGN, Arena, Usage};
use crate::flash::{Flash, Source};
use crate::kernels::KvType;
use crate::simd::{ActForm, LANES};
use crate::weights::{self, PinBudget, Residency, Role, Verify};

/// The context where neither the caller nor the model asks for a shorter one.
const DEFAULT_CTX: u32 = 2048;
/// The longest chunk that a plan chooses.
const DEFAULT_CHUNK: u32 = 128;
/// The largest tile that a plan chooses.
const DEFAULT_TILE_BYTES: usize = 1 << 20;
/// Logits of a tile, in small arenas and in large ones: with many the sink is called less often.
const LOGITS: (usize, usize) = (1024, 16384);
/// Bytes from which on an arena is large.
const LARGE_ARENA: usize = 8 << 20;

/// Options of a session. A zero lets the plan choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Tokens of context; 0: the model's, at most 2048.
    pub ctx: u32,
    /// The cache's number format.
    pub kv: KvType,
    /// The place of the weights while the model runs.
    pub residency: Residency,
    /// The most prompt tokens of a pass; 0: as many as fit, at most 128.
    pub chunk: u32,
    /// The most tokens of a draft that one pass is to verify: chunks are longer by one at least. Recurrent layers keep a copy
    /// of their state for each of them, see [`Session::rewind`](crate::Session::rewind).
    pub draft: u32,
    /// Bytes of each of the two streaming tiles; 0: chosen.
    pub tile_bytes: usize,
    /// True if pinned weights are faster than mapped ones: with [`Residency::Auto`] and no bound on
    /// the arena all are pinned then. True of kernels that [interleave](crate::kernels::Kernels::interleaves).
    pub pins_mapped: bool,
    /// The form of activations of the kernels that the session is for, see
    /// [`Kernels::act_form`](crate::kernels::Kernels::act_form).
    pub act_form: ActForm,
    /// The parts that are compared with the file's checksums.
    pub verify: Verify,
    /// Answers are to follow a grammar that the file does not carry: where the file is not mapped, the vocabulary is copied into the
    /// arena, as it is for one that it carries. See [`Conversation::follow`](crate::Conversation::follow).
    #[cfg(feature = "grammar")]
    pub follow: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            ctx: 0,
            kv: KvType::DEFAULT,
            residency: Residency::Auto,
            chunk: 0,
            draft: 0,
            tile_bytes: 0,
            pins_mapped: false,
            act_form: ActForm::DEFAULT,
            verify: Verify::default(),
            #[cfg(feature = "grammar")]
            follow: false,
        }
    }
}

/// The bytes of weight matrices, by their place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResidentBytes {
    /// In mapped flash.
    pub mapped_bytes: u64,
    /// In the arena.
    pub pinned_bytes: u64,
    /// In flash, read anew for every pass.
    pub streamed_bytes: u64,
}

/// A session's memory, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Bytes of the arena.
    pub arena_bytes: usize,
    /// The arena's bytes by purpose.
    pub usage: Usage,
    /// Tokens of context.
    pub ctx: u32,
    /// The most tokens of a pass.
    pub chunk: u32,
    /// The most tokens that recurrent layers can be taken back by; 0 if the model has none.
    #[cfg(feature = "_recurrent")]
    pub keep: u32,
    /// The cache's number format.
    pub kv: KvType,
    /// The bytes of weights, by their place.
    pub residency: ResidentBytes,
    /// Bytes that a pass over one token reads through the flash handle.
    pub flash_bytes_per_pass: u64,
    /// Bytes of each of the two streaming tiles; 0 if nothing is streamed.
    pub tile_bytes: usize,
    /// The parts that are compared with the file's checksums: none if it has none.
    pub verify: Verify,
    /// Bytes of the arena that the tokenizer's index does not take because it is used in mapped flash.
    pub index_bytes_in_flash: usize,
    /// Bytes of the arena with copies of the vocabulary and of the file's grammar, which a grammar takes where the file is not mapped.
    #[cfg(feature = "grammar")]
    pub grammar_bytes: usize,
    /// The form of activations that there is room for.
    pub(super) act_form: ActForm,
    logits: usize,
    pub(super) uses_mapping: bool,
    /// See [`Session::find_nan`](super::Session::find_nan); here it takes no memory.
    pub(super) find_nan: bool,
    /// Bytes that there were to be pinned into.
    pin_bytes: u64,
}

impl Plan {
    pub(super) fn sizes(&self) -> Sizes {
        Sizes {
            ctx: self.ctx,
            chunk: self.chunk,
            #[cfg(feature = "_recurrent")]
            keep: self.keep,
            kv: self.kv,
            act_form: self.act_form,
            logits: self.logits,
            tile_bytes: self.tile_bytes,
            checked: self.verify != Verify::Never,
            flash_index: self.index_bytes_in_flash > 0,
            #[cfg(feature = "grammar")]
            copies_grammar: self.grammar_bytes > 0,
            pinned: usize::try_from(self.residency.pinned_bytes).unwrap_or(usize::MAX),
        }
    }
}

/// Placements of weights that the plan may use.
#[derive(Clone, Copy)]
struct Means {
    pin: bool,
    map: bool,
    stream: bool,
    /// The vocabulary's index is used in mapped flash.
    index: bool,
    /// A grammar that is followed needs copies.
    #[cfg(feature = "grammar")]
    copies_grammar: bool,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Model {
    /// Sizes everything for an arena of `arena_bytes`, or of as many bytes as it takes.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`], [`Error::NotMapped`], [`Error::NoStreaming`], [`Error::KvHeadDim`], [`Error::NoChecksums`]; flash failures.
    pub async fn plan<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        options: &Options,
        arena_bytes: Option<usize>,
    ) -> Result<Plan, Error> {
        if let Some(head_dim) = self.unfit_head_dim(options.kv) {
            return Err(Error::KvHeadDim { kv: options.kv, head_dim });
        }
        if options.verify == Verify::All && self.checksums.is_none() {
            return Err(Error::NoChecksums);
        }
        let means = self.means(source, options, arena_bytes)?;
        let default_ctx = self.config.hyper.ctx_train.min(DEFAULT_CTX);
        let ctx = if options.ctx == 0 { default_ctx } else { options.ctx };
        let have = arena_bytes.unwrap_or(usize::MAX);
        let need = self.least(options, means, ctx, F::READ_ALIGN);
        if need > have {
            let fitting_ctx = self.fitting_ctx(options, means, ctx, F::READ_ALIGN, have);
            return Err(Error::DoesNotFit { need, have, fitting_ctx });
        }

        let mut sizes = self.choose_chunk(options, means, ctx, F::READ_ALIGN, arena_bytes);
        let left = have.saturating_sub(self.usage(&sizes).total());
        let matrices = self.tensors.matrices;
        let all_fit = means.pin && matrices.all() <= left as u64;
        if means.stream && !all_fit {
            sizes.tile_bytes =
                self.streaming_tile(options, F::READ_ALIGN, left.saturating_add(sizes.tile_bytes.saturating_mul(2)));
        }
        let left = if means.pin { have.saturating_sub(self.usage(&sizes).total()) / ALIGN * ALIGN } else { 0 };
        let mut budget = PinBudget::new(left as u64, matrices);
        let (unpinned, per_pass) = self.place(source, &mut budget).await?;
        let (mapped_bytes, streamed_bytes) = if means.map { (unpinned, 0) } else { (0, unpinned) };
        sizes.pinned = usize::try_from(budget.pinned).unwrap_or(usize::MAX);
        let usage = self.usage(&sizes);
        let in_memory = if cfg!(feature = "flash-index") && means.index {
            self.usage(&Sizes { flash_index: false, ..sizes })
        } else {
            usage
        };
        Ok(Plan {
            arena_bytes: usage.total(),
            usage,
            ctx,
            chunk: sizes.chunk,
            #[cfg(feature = "_recurrent")]
            keep: sizes.keep,
            kv: options.kv,
            residency: ResidentBytes { mapped_bytes, pinned_bytes: budget.pinned, streamed_bytes },
            flash_bytes_per_pass: if means.map { 0 } else { per_pass },
            tile_bytes: sizes.tile_bytes,
            verify: if self.checks(options.verify) { options.verify } else { Verify::Never },
            index_bytes_in_flash: in_memory.total().saturating_sub(usage.total()),
            #[cfg(feature = "grammar")]
            grammar_bytes: usage.total().saturating_sub(self.usage(&Sizes { copies_grammar: false, ..sizes }).total()),
            act_form: options.act_form,
            logits: sizes.logits,
            uses_mapping: means.map,
            find_nan: false,
            pin_bytes: left as u64,
        })
    }

    /// Spends `budget` on the matrices of the file. Returns the bytes of those that are not pinned, and how many of these a pass
    /// over one token reads.
    async fn place<F: Flash>(&self, source: &mut Source<'_, F>, budget: &mut PinBudget) -> Result<(u64, u64), Error> {
        let (mut unpinned, mut per_pass) = (0u64, 0u64);
        let tied = !self.tensors.matrices.has_output();
        weights::walk(&self.gguf, source, &self.config, &mut |t| {
            if t.ty.is_some() && budget.take(t.role, t.bytes()).is_none() {
                unpinned = unpinned.saturating_add(t.bytes());
                let is_table = t.role.is_table_of_rows();
                let by_row = t.role == Role::TokenEmbd || is_table;
                let whole = if by_row && (is_table || !tied) { 0 } else { t.bytes() };
                let row = if by_row { u64::from(t.row_bytes) } else { 0 };
                per_pass = per_pass.saturating_add(whole).saturating_add(row);
            }
            Ok(())
        })
        .await?;
        Ok((unpinned, per_pass))
    }

    /// The placements of weights that `options` allow.
    fn means<F: Flash>(
        &self,
        source: &Source<'_, F>,
        options: &Options,
        arena_bytes: Option<usize>,
    ) -> Result<Means, Error> {
        let mapped = source.mapped.is_some_and(|bytes| bytes.len() as u64 >= self.tensors.end);
        let none = Means {
            pin: false,
            map: false,
            stream: false,
            index: self.index_is_mapped(source),
            #[cfg(feature = "grammar")]
            copies_grammar: (options.follow || self.grammar.is_some()) && !self.grammar_is_mapped(source),
        };
        let means = match options.residency {
            Residency::Mapped if !mapped => return Err(Error::NotMapped),
            Residency::Streamed if !cfg!(feature = "stream") => return Err(Error::NoStreaming),
            Residency::Mapped => Means { map: true, ..none },
            Residency::Pinned => Means { pin: true, ..none },
            Residency::Streamed => Means { stream: true, ..none },
            // Mapped weights take no memory; in an arena without bounds, only faster kernels are a reason to copy them.
            Residency::Auto if mapped => Means { pin: arena_bytes.is_some() || options.pins_mapped, map: true, ..none },
            Residency::Auto => {
                let stream = cfg!(feature = "stream") && arena_bytes.is_some();
                Means { pin: true, stream, ..none }
            }
        };
        if !cfg!(feature = "stream") && self.table_tile(means, F::READ_ALIGN) > 0 {
            return Err(Error::NoStreaming);
        }
        Ok(means)
    }

    /// Bytes of each of the two tiles that weights stream through, in `left` bytes of the arena.
    fn streaming_tile(&self, options: &Options, align: usize, left: usize) -> usize {
        let least = self.tensors.least_tile(align);
        let wanted = match options.tile_bytes {
            0 => (left / 8).min(DEFAULT_TILE_BYTES).max(least),
            n => n.max(least),
        };
        wanted.min(left / 2).max(least) / ALIGN * ALIGN
    }

    /// The budget that decides which matrices `plan` pins, spent in the order of the file's directory, and no more than there
    /// is room for.
    #[doc(hidden)]
    #[must_use]
    pub fn pin_budget(&self, plan: &Plan) -> PinBudget {
        PinBudget::new(plan.pin_bytes, self.tensors.matrices).within(plan.residency.pinned_bytes)
    }

    /// True if the file brings an index of its vocabulary, in mapped flash.
    pub(super) fn index_is_mapped<F>(&self, source: &Source<'_, F>) -> bool {
        let end = self.spec.index_end().filter(|_| cfg!(feature = "flash-index"));
        source.mapped.zip(end).is_some_and(|(bytes, end)| bytes.len() as u64 >= end)
    }

    /// True if anything is compared with checksums.
    fn checks(&self, verify: Verify) -> bool {
        self.checksums.is_some() && verify != Verify::Never
    }

    /// Elements of heads that are no whole blocks in the cache's number format, if there are any.
    fn unfit_head_dim(&self, kv: KvType) -> Option<u32> {
        self.config.hyper.head_dims().into_iter().find(|dim| !dim.is_multiple_of(kv.head_multiple()))
    }

    /// Bytes of a tile for the rows of a table that is never pinned; 0 if it is mapped or the model has none.
    fn table_tile(&self, means: Means, align: usize) -> usize {
        if means.map { 0 } else { self.tensors.table_tile(align) }
    }

    /// True if `plan` is one that [`Model::plan`] made for this model.
    pub(super) fn accepts(&self, plan: &Plan) -> bool {
        if plan.verify != Verify::Never && !self.checks(plan.verify) {
            return false;
        }
        self.unfit_head_dim(plan.kv).is_none()
            && plan.chunk > 0
            && plan.ctx > 0
            && self.usage(&plan.sizes()) == plan.usage
    }

    /// The bytes that carving takes, by counting.
    fn usage(&self, sizes: &Sizes) -> Usage {
        let mut arena = Arena::measuring();
        Memory::take(self, sizes, [None, Some(&[])], &mut arena);
        // A size that overflows `usize` fits nowhere.
        if arena.check().is_ok() { arena.usage() } else { Usage::unbounded() }
    }

    /// Sizes with the shortest chunk and the smallest tiles.
    fn least_sizes(&self, options: &Options, means: Means, ctx: u32, align: usize) -> Sizes {
        let pinned = if means.pin && !means.map && !means.stream { self.tensors.matrices.all() } else { 0 };
        Sizes {
            ctx,
            #[cfg(feature = "_recurrent")]
            keep: if self.config.state_groups() > 0 { options.draft.max(1) } else { 0 },
            chunk: options.chunk.max(options.draft.saturating_add(1)).min(ctx),
            kv: options.kv,
            act_form: options.act_form,
            logits: LOGITS.0,
            // A model that is small enough to be pinned needs no tiles, but for single rows.
            tile_bytes: if means.stream { self.tensors.least_tile(align) } else { self.table_tile(means, align) },
            checked: self.checks(options.verify),
            flash_index: means.index,
            #[cfg(feature = "grammar")]
            copies_grammar: means.copies_grammar,
            pinned: usize::try_from(pinned).unwrap_or(usize::MAX),
        }
    }

    /// The fewest bytes that do.
    fn least(&self, options: &Options, means: Means, ctx: u32, align: usize) -> usize {
        let streaming = self.usage(&self.least_sizes(options, means, ctx, align)).total();
        if !(means.pin && means.stream) {
            return streaming;
        }
        let pinning = Means { stream: false, ..means };
        streaming.min(self.usage(&self.least_sizes(options, pinning, ctx, align)).total())
    }

    /// The longest context, in steps of sixteen tokens, that fits `have` bytes; 0 if none.
    fn fitting_ctx(&self, options: &Options, means: Means, ctx: u32, align: usize, have: usize) -> u32 {
        let step = LANES as u32;
        let (mut fits, mut too_long) = (0, ctx.div_ceil(step));
        while fits + 1 < too_long {
            let middle = (fits + too_long) / 2;
            if self.least(options, means, middle * step, align) <= have {
                fits = middle;
            } else {
                too_long = middle;
            }
        }
        fits * step
    }

    /// The longest chunk whose values take at most a quarter of the arena, and what goes with it.
    fn choose_chunk(
        &self,
        options: &Options,
        means: Means,
        ctx: u32,
        align: usize,
        arena_bytes: Option<usize>,
    ) -> Sizes {
        let least = self.least_sizes(options, means, ctx, align);
        let mut base = self.usage(&least).total();
        let mut sizes = Sizes { pinned: 0, tile_bytes: self.table_tile(means, align), ..least };
        if arena_bytes.is_none_or(|n| n >= LARGE_ARENA && n.saturating_sub(base) >= LOGITS.1 * 8) {
            sizes.logits = LOGITS.1;
            base = self.usage(&Sizes { logits: LOGITS.1, ..least }).total();
        }
        if options.chunk != 0 {
            return sizes;
        }
        let room = match arena_bytes {
            Some(n) => (n / 4).min(n.saturating_sub(base)),
            None => usize::MAX,
        };
        let mut chunk = DEFAULT_CHUNK.min(ctx).max(1);
        while chunk > sizes.chunk {
            let longer = Sizes { chunk, ..sizes };
            let more = self.usage(&longer).total().saturating_sub(self.usage(&sizes).total());
            if more <= room {
                return longer;
            }
            // By a quarter and a third in turns: 64, 48, 32, 24, and so on.
            chunk = if chunk.is_power_of_two() { chunk / 4 * 3 } else { chunk / 3 * 2 };
        }
        sizes
    }
}
