//! Keys and values of past tokens: a ring of sixteen-position blocks for each layer.

use super::config::ModelConfig;
use crate::arena::{Arena, ArenaError, Region};
use crate::kernels::{KvBlocks, KvType};
use crate::simd::LANES;

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
    /// Carves room for `ctx` positions, written in chunks of at most `chunk`.
    ///
    /// # Errors
    /// [`ArenaError`].
    pub fn carve(
        config: &ModelConfig,
        ty: KvType,
        ctx: usize,
        chunk: usize,
        arena: &mut Arena<'a>,
    ) -> Result<Self, ArenaError> {
        let mut cache = KvCache { config: *config, ty, ctx, chunk, keys: &mut [], values: &mut [] };
        let bytes = cache.start(config.shapes.n_layer);
        cache.keys = arena.take(Region::KvCache, bytes);
        cache.values = arena.take(Region::KvCache, bytes);
        arena.checked(cache)
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
