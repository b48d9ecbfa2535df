//! The contents of a session's arena.

#[cfg(feature = "grammar")]
use super::grammar::GrammarMemory;
use super::model::Model;
use crate::arena::{Arena, Region};
use crate::kernels::KvType;
#[cfg(feature = "_recurrent")]
use crate::model::RecurrentState;
use crate::model::{Activations, KvCache, RopeTables};
use crate::simd::ActForm;
use crate::text::Tokenizer;
use crate::weights::{CHECKSUMS, WeightStore};

/// Everything that lies in the arena.
pub(super) struct Memory<'a, 'm> {
    pub(super) store: WeightStore<'a, 'm>,
    pub(super) tiles: &'a mut [u8],
    pub(super) rope: RopeTables<'a>,
    pub(super) kv: KvCache<'a>,
    #[cfg(feature = "_recurrent")]
    pub(super) state: RecurrentState<'a>,
    pub(super) values: Activations<'a>,
    pub(super) tokenizer: Tokenizer<'a>,
    #[cfg(feature = "grammar")]
    pub(super) grammar: GrammarMemory<'a>,
}

impl<'a, 'm: 'a> Memory<'a, 'm> {
    /// Carves everything from the arena: the one list of its contents, for planning and for use. Weights and the vocabulary's index
    /// may be mapped. The arena records if it is too small.
    pub(super) fn take(
        model: &Model,
        sizes: &Sizes,
        [mapped, index]: [Option<&'m [u8]>; 2],
        arena: &mut Arena<'a>,
    ) -> Self {
        let (config, hyper) = (&model.config, &model.config.hyper);
        let (ctx, chunk) = (sizes.ctx as usize, sizes.chunk as usize);
        Memory {
            store: WeightStore::take(&model.tensors.tables, mapped, sizes.pinned, sizes.checked_tokens(), arena),
            tiles: arena.take(Region::Tiles, sizes.tile_bytes.saturating_mul(2)),
            rope: RopeTables::take(hyper, chunk, arena),
            kv: KvCache::take((hyper, config.without_kv()), sizes.kv, ctx, chunk, arena),
            #[cfg(feature = "_recurrent")]
            state: RecurrentState::take(config.state_groups(), sizes.keep as usize, arena),
            values: Activations::take(hyper.n_embd, config.scratch(), [chunk, sizes.logits], sizes.act_form, arena),
            tokenizer: Tokenizer::take(&model.spec, sizes.ctx, index.filter(|_| sizes.flash_index), arena),
            #[cfg(feature = "grammar")]
            grammar: GrammarMemory::take(model, sizes.copies_grammar, arena),
        }
    }
}

/// The numbers that [`Memory::take`] depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) ctx: u32,
    pub(super) chunk: u32,
    #[cfg(feature = "_recurrent")]
    pub(super) keep: u32,
    pub(super) kv: KvType,
    pub(super) act_form: ActForm,
    pub(super) logits: usize,
    pub(super) tile_bytes: usize,
    pub(super) checked: bool,
    pub(super) flash_index: bool,
    /// True if a grammar is followed and the file is not mapped: its tables and the vocabulary are copied.
    #[cfg(feature = "grammar")]
    pub(super) copies_grammar: bool,
    pub(super) pinned: usize,
}

impl Sizes {
    /// Tokens of a pass, if passes are checked.
    pub(super) fn checked_tokens(&self) -> usize {
        if CHECKSUMS && self.checked { self.chunk as usize } else { 0 }
    }
}
