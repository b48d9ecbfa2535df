//! Keys and values of past tokens: a ring of sixteen-position blocks for each layer.

use super::hyper::Hyper;
use super::layer_set::{ByLayer, LayerSet};
use crate::arena::{Arena, Region};
use crate::kernels::{KvBlocks, KvType};
use crate::simd::LANES;
use crate::weights::{PER_LAYER, RECURRENT};
#[cfg(feature = "snapshots")]
use core::ops::Range;

/// The cache of all layers. A layer that sees everything has room for the context; a windowed one
/// for its window and a chunk.
pub struct KvCache<'a> {
    windowed: LayerSet,
    /// Layers that have no keys and values of their own.
    without: LayerSet,
    n_layer: u32,
    n_head_kv: ByLayer,
    /// Elements of a head in layers that see everything, and in windowed ones.
    head_dims: [usize; 2],
    /// Positions that a windowed layer sees.
    window: usize,
    ty: KvType,
    ctx: usize,
    chunk: usize,
    /// Keys of all layers, then values.
    keys: &'a mut [u8],
    values: &'a mut [u8],
}

impl<'a> KvCache<'a> {
    /// Takes room for `ctx` positions, written in chunks of at most `chunk`, of all layers but those `without` keys and
    /// values of their own. The arena records if it is too small.
    pub(crate) fn take(
        (hyper, without): (&Hyper, LayerSet),
        ty: KvType,
        ctx: usize,
        chunk: usize,
        arena: &mut Arena<'a>,
    ) -> Self {
        let mut cache = KvCache {
            windowed: hyper.windowed,
            without,
            n_layer: hyper.n_layer,
            n_head_kv: hyper.n_head_kv,
            head_dims: hyper.head_dims().map(|dim| dim as usize),
            window: hyper.window as usize,
            ty,
            ctx,
            chunk,
            keys: &mut [],
            values: &mut [],
        };
        let bytes = cache.start(cache.n_layer);
        cache.keys = arena.take(Region::KvCache, bytes);
        cache.values = arena.take(Region::KvCache, bytes);
        cache
    }

    fn window_of(&self, layer: u32) -> Option<usize> {
        self.windowed.contains(layer).then_some(self.window)
    }

    fn is_cached(&self, layer: u32) -> bool {
        !(RECURRENT || PER_LAYER) || !self.without.contains(layer)
    }

    /// Elements of a layer's heads.
    fn head_dim(&self, layer: u32) -> usize {
        let [global, windowed] = self.head_dims;
        if PER_LAYER && self.windowed.contains(layer) { windowed } else { global }
    }

    /// Key heads of a layer.
    fn n_head_kv(&self, layer: u32) -> usize {
        self.n_head_kv.of(layer) as usize
    }

    /// Blocks in a layer's ring.
    fn blocks(&self, layer: u32) -> usize {
        if !self.is_cached(layer) {
            return 0;
        }
        let positions = match self.window_of(layer) {
            Some(window) => window.saturating_add(self.chunk).saturating_add(LANES).min(self.ctx),
            None => self.ctx,
        };
        positions.div_ceil(LANES)
    }

    /// Bytes of a layer's keys.
    fn layer_bytes(&self, layer: u32) -> usize {
        let block = self.ty.block_bytes(self.head_dim(layer));
        self.blocks(layer).saturating_mul(self.n_head_kv(layer)).saturating_mul(block)
    }

    /// Bytes of the layers before `layer`.
    fn start(&self, layer: u32) -> usize {
        (0..layer).fold(0, |sum: usize, l| sum.saturating_add(self.layer_bytes(l)))
    }

    /// The fewest positions that a session of `written` positions can be rewound to: the windows of the next token must still be
    /// cached. It can always be rewound to 0, and to the start of the last chunk.
    #[must_use]
    pub fn least_position(&self, written: usize) -> usize {
        let layers = (0..self.n_layer).filter_map(|layer| {
            let gone = written.saturating_sub(self.blocks(layer).saturating_mul(LANES));
            let window = self.window_of(layer).filter(|_| gone > 0 && self.is_cached(layer))?;
            Some(gone.saturating_add(window).saturating_sub(1))
        });
        layers.max().unwrap_or(0)
    }

    fn view<T>(&self, layer: u32, keys: T, values: T) -> KvBlocks<T> {
        KvBlocks {
            keys,
            values,
            ty: self.ty,
            blocks: self.blocks(layer),
            n_head_kv: self.n_head_kv(layer),
            head_dim: self.head_dim(layer),
        }
    }

    /// A layer's part, to read.
    #[must_use]
    pub fn layer(&self, layer: u32) -> KvBlocks<&[u8]> {
        let (start, bytes) = (self.start(layer), self.layer_bytes(layer));
        let range = start..start.saturating_add(bytes);
        let keys = self.keys.get(range.clone()).unwrap_or_default();
        self.view(layer, keys, self.values.get(range).unwrap_or_default())
    }

    /// A layer's part, to write.
    pub fn layer_mut(&mut self, layer: u32) -> KvBlocks<&mut [u8]> {
        let (start, bytes) = (self.start(layer), self.layer_bytes(layer));
        let range = start..start.saturating_add(bytes);
        let view = self.view(layer, (), ());
        let keys = self.keys.get_mut(range.clone()).unwrap_or_default();
        let values = self.values.get_mut(range).unwrap_or_default();
        KvBlocks { keys, values, ty: view.ty, blocks: view.blocks, n_head_kv: view.n_head_kv, head_dim: view.head_dim }
    }
}

/// The bytes that a snapshot keeps: of every layer the blocks that a pass after the first `position` tokens can see, or one that
/// repeats the last of them. Which these are depends on the model and the number format, on no other size of the cache.
#[cfg(feature = "snapshots")]
impl KvCache<'_> {
    /// The number format.
    #[must_use]
    pub fn ty(&self) -> KvType {
        self.ty
    }

    /// Bytes of one block in layers that see everything, and in windowed ones.
    #[must_use]
    pub fn block_bytes(&self) -> [usize; 2] {
        self.head_dims.map(|dim| self.ty.block_bytes(dim))
    }

    fn kept(&self, layer: u32, position: usize) -> Range<usize> {
        if !self.is_cached(layer) {
            return 0..0;
        }
        let first = self.window_of(layer).map_or(0, |window| position.saturating_sub(window));
        first / LANES..position.div_ceil(LANES)
    }

    /// Bytes that are kept.
    #[must_use]
    pub fn kept_bytes(&self, position: usize) -> u64 {
        let layers = (0..self.n_layer).map(|layer| {
            let of_head = (self.kept(layer, position).len() as u64)
                .saturating_mul(self.ty.block_bytes(self.head_dim(layer)) as u64);
            of_head.saturating_mul(self.n_head_kv(layer) as u64).saturating_mul(2)
        });
        layers.fold(0, u64::saturating_add)
    }

    /// The smallest position to which a session restored from a snapshot of `position` positions can be rewound: `position - 1` if any
    /// window is shorter than `position`, else 0.
    #[must_use]
    pub fn least_kept(&self, position: usize) -> usize {
        let cached = (0..self.n_layer).filter(|&layer| self.is_cached(layer));
        let mut windows = cached.filter_map(|layer| self.window_of(layer));
        if windows.any(|window| window < position) { position.saturating_sub(1) } else { 0 }
    }

    /// Gives `f` what is kept: layer by layer, keys before values, head by head, in order of position.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn each_kept<E>(&self, position: usize, mut f: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        for layer in 0..self.n_layer {
            let (kept, cache) = (self.kept(layer, position), self.layer(layer));
            for bytes in [cache.keys, cache.values] {
                for run in (0..cache.n_head_kv).flat_map(|head| cache.runs(head, kept.clone())) {
                    f(bytes.get(run).unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }

    /// [`each_kept`](Self::each_kept), to be filled.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn each_kept_mut<E>(
        &mut self,
        position: usize,
        mut f: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        for layer in 0..self.n_layer {
            let kept = self.kept(layer, position);
            let KvBlocks { keys, values, ty, blocks, n_head_kv, head_dim } = self.layer_mut(layer);
            let shape = KvBlocks { keys: (), values: (), ty, blocks, n_head_kv, head_dim };
            for bytes in [keys, values] {
                for run in (0..n_head_kv).flat_map(|head| shape.runs(head, kept.clone())) {
                    f(bytes.get_mut(run).unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }
}
