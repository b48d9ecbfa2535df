//! Keys and values of past tokens: a ring of sixteen-position blocks for each layer.

use super::config::ModelConfig;
use crate::arena::{Arena, Region};
use crate::kernels::{KvBlocks, KvType};
use crate::simd::LANES;
#[cfg(feature = "snapshots")]
use core::ops::Range;

/// The cache of all layers. A layer that sees everything has room for the context; a windowed one
/// for its window and a chunk.
pub struct KvCache<'a> {
    config: ModelConfig,
    ty: KvType,
    ctx: usize,
    chunk: usize,
    /// Keys of all layers, then values.
    keys: &'a mut [u8],
    values: &'a mut [u8],
}

impl<'a> KvCache<'a> {
    /// Takes room for `ctx` positions, written in chunks of at most `chunk`. Where there is no room the arena tells.
    pub(crate) fn take(config: &ModelConfig, ty: KvType, ctx: usize, chunk: usize, arena: &mut Arena<'a>) -> Self {
        let mut cache = KvCache { config: *config, ty, ctx, chunk, keys: &mut [], values: &mut [] };
        let bytes = cache.start(config.shapes.n_layer);
        cache.keys = arena.take(Region::KvCache, bytes);
        cache.values = arena.take(Region::KvCache, bytes);
        cache
    }

    /// Blocks in a layer's ring.
    fn blocks(&self, layer: u32) -> usize {
        let positions = match self.config.window_of(layer) {
            Some(window) => window.saturating_add(self.chunk).saturating_add(LANES).min(self.ctx),
            None => self.ctx,
        };
        positions.div_ceil(LANES)
    }

    /// Bytes of a layer's keys.
    fn layer_bytes(&self, layer: u32) -> usize {
        let shapes = &self.config.shapes;
        let block = self.ty.block_bytes(shapes.head_dim as usize);
        self.blocks(layer).saturating_mul(shapes.n_head_kv as usize).saturating_mul(block)
    }

    /// Bytes of the layers before `layer`.
    fn start(&self, layer: u32) -> usize {
        (0..layer).fold(0, |sum: usize, l| sum.saturating_add(self.layer_bytes(l)))
    }

    /// The fewest positions after the first `written` were written that a pass can follow on: its first token's windows
    /// must still be there. None at all can always be followed on; what the last chunk began with, too.
    #[must_use]
    pub fn least_position(&self, written: usize) -> usize {
        let layers = (0..self.config.shapes.n_layer).filter_map(|layer| {
            let gone = written.saturating_sub(self.blocks(layer).saturating_mul(LANES));
            let window = self.config.window_of(layer).filter(|_| gone > 0)?;
            Some(gone.saturating_add(window).saturating_sub(1))
        });
        layers.max().unwrap_or(0)
    }

    fn view<T>(&self, layer: u32, keys: T, values: T) -> KvBlocks<T> {
        let shapes = &self.config.shapes;
        KvBlocks {
            keys,
            values,
            ty: self.ty,
            blocks: self.blocks(layer),
            n_head_kv: shapes.n_head_kv as usize,
            head_dim: shapes.head_dim as usize,
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

/// What a snapshot keeps: of every layer the blocks that a pass after the first `position` tokens can see, or one that
/// repeats the last of them. Which these are depends on the model and the number format, on no other size of the cache.
#[cfg(feature = "snapshots")]
impl KvCache<'_> {
    /// The number format.
    #[must_use]
    pub fn ty(&self) -> KvType {
        self.ty
    }

    /// Bytes of one block.
    #[must_use]
    pub fn block_bytes(&self) -> usize {
        self.ty.block_bytes(self.config.shapes.head_dim as usize)
    }

    fn kept(&self, layer: u32, position: usize) -> Range<usize> {
        let first = self.config.window_of(layer).map_or(0, |window| position.saturating_sub(window));
        first / LANES..position.div_ceil(LANES)
    }

    /// Bytes that are kept.
    #[must_use]
    pub fn kept_bytes(&self, position: usize) -> u64 {
        let blocks = (0..self.config.shapes.n_layer)
            .fold(0, |sum: u64, layer| sum.saturating_add(self.kept(layer, position).len() as u64));
        let of_block = (self.block_bytes() as u64).saturating_mul(u64::from(self.config.shapes.n_head_kv));
        blocks.saturating_mul(of_block).saturating_mul(2)
    }

    /// The fewest positions that a pass can follow on where only what is kept is there. Blocks that reach back before the
    /// windows may have been overwritten so far, in a ring.
    #[must_use]
    pub fn least_kept(&self, position: usize) -> usize {
        let mut windows = (0..self.config.shapes.n_layer).filter_map(|layer| self.config.window_of(layer));
        if windows.any(|window| window < position) { position.saturating_sub(1) } else { 0 }
    }

    /// Gives `f` what is kept: layer by layer, keys before values, head by head, in order of position.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn each_kept<E>(&self, position: usize, mut f: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        for layer in 0..self.config.shapes.n_layer {
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
        for layer in 0..self.config.shapes.n_layer {
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
