//! Shared pieces of the benchmarks: varied data that every instruction set gets alike.

use flashlet::internal::kernels::{Attention, Group, Input, InputBuffer, KvBlocks, WriteKv};
use flashlet::internal::quant::{ActKind, Weight, WeightType};
use flashlet::internal::simd::LANES;
use flashlet::kernels::{Inline, Kernels, KvType};
use flashlet::simd::ActForm;
use flashlet_test_data::{Rng, scales};

pub use flashlet_test_data::interleaved;

/// `n` values in `-1..1`.
#[must_use]
pub fn floats(seed: u64, n: usize) -> Vec<f32> {
    Rng(seed).vector(n, 1.0)
}

/// A panel of `tokens` vectors of `width` elements.
#[must_use]
pub fn panel(seed: u64, width: usize, tokens: usize) -> Vec<Group> {
    floats(seed, width.next_multiple_of(LANES) * tokens).as_chunks().0.to_vec()
}

/// A weight matrix of random quants and ordinary scales.
pub struct RandomWeight {
    ty: WeightType,
    cols: usize,
    bytes: Vec<u8>,
}

impl RandomWeight {
    /// `w[rows, cols]`; `None` if rows are not whole blocks.
    #[must_use]
    pub fn new(ty: WeightType, rows: usize, cols: usize) -> Option<Self> {
        if !cols.is_multiple_of(ty.block_elems()) {
            return None;
        }
        let mut bytes = vec![0u8; rows * cols / ty.block_elems() * ty.block_bytes()];
        let mut rng = Rng(ty as u64);
        for word in bytes.chunks_mut(8) {
            word.copy_from_slice(&rng.bits().to_le_bytes()[..word.len()]);
        }
        // Where a block has halves: as a mask, they are below 1 and normal.
        let halves = if ty.name() == "F16" { &[0] } else { scales(ty) };
        for block in bytes.chunks_exact_mut(ty.block_bytes()) {
            for at in halves {
                block[at + 1] = (block[at + 1] & 0x8F) | 0x20;
            }
            match ty.name() {
                "F32" | "Q8_K" => block[3] = (block[3] & 0x80) | 0x3D,
                "BF16" => block[1] = (block[1] & 0x80) | 0x3D,
                "MXFP4" => block[0] = 118 + block[0] % 8,
                _ => {}
            }
        }
        Some(RandomWeight { ty, cols, bytes })
    }

    /// Its bytes, row after row.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The matrix.
    ///
    /// # Panics
    /// Never: `new` made whole rows.
    #[must_use]
    pub fn weight(&self) -> Weight<'_> {
        Weight::new(self.ty, &self.bytes, self.cols).expect("whole rows")
    }
}

/// The panel of `rows` results of `tokens` tokens.
#[must_use]
pub fn output(rows: usize, tokens: usize) -> Vec<Group> {
    vec![[0.0; LANES]; rows.div_ceil(LANES) * tokens]
}

/// The memory of an [`Input`].
pub struct Activations {
    float: Vec<Group>,
    words: Vec<u32>,
}

impl Activations {
    /// For `tokens` vectors of `width` elements.
    #[must_use]
    pub fn new(width: usize, tokens: usize) -> Self {
        let float = vec![[0.0; LANES]; width.div_ceil(LANES) * tokens];
        Activations { float, words: vec![0; InputBuffer::quant_words(width, tokens, ActForm::DEFAULT)] }
    }

    /// A buffer in this memory.
    pub fn buffer(&mut self) -> InputBuffer<'_> {
        InputBuffer::new(&mut self.float, &mut self.words)
    }

    /// Random activations in the form that `kind` says, to `f`.
    pub fn with<R>(
        kernels: &dyn Kernels,
        width: usize,
        tokens: usize,
        kind: ActKind,
        f: impl FnOnce(Input<'_>) -> R,
    ) -> R {
        let mut memory = Activations::new(width, tokens);
        let mut buffer = memory.buffer();
        buffer.fill(kernels, &panel(7, width, tokens), tokens, None, kind);
        f(buffer.input(kernels, kind))
    }
}

/// A layer's heads, and how many positions its cache holds.
#[derive(Clone, Copy)]
pub struct Heads {
    /// Heads of queries.
    pub n_head: usize,
    /// Heads of keys and values.
    pub n_head_kv: usize,
    /// Elements of a head.
    pub head_dim: usize,
    /// Positions, a multiple of sixteen.
    pub positions: usize,
}

impl Heads {
    /// Bytes of a layer's cache.
    #[must_use]
    pub fn bytes(self, ty: KvType) -> usize {
        2 * self.n_head_kv * self.positions / LANES * ty.block_bytes(self.head_dim)
    }

    fn cache<T>(self, ty: KvType, [keys, values]: [T; 2]) -> KvBlocks<T> {
        let Heads { n_head_kv, head_dim, positions, .. } = self;
        KvBlocks { keys, values, ty, blocks: positions / LANES, n_head_kv, head_dim }
    }

    /// Fills a layer's cache with random keys and values.
    pub fn fill(self, kernels: &dyn Kernels, ty: KvType, layer: &mut [u8]) {
        let (tokens, middle) = (self.positions, layer.len() / 2);
        let [k, v] = [5, 6].map(|seed| panel(seed, self.n_head_kv * self.head_dim, tokens));
        let cache = self.cache(ty, layer.split_at_mut(middle).into());
        kernels.write_kv(&mut WriteKv { cache, keys: &k, values: &v, tokens, position: 0 });
    }

    /// A random query of the last position.
    #[must_use]
    pub fn queries(self) -> Vec<Group> {
        panel(7, self.n_head * self.head_dim, 1)
    }

    /// The last position's attention over a layer's cache.
    pub fn attend(self, kernels: &dyn Kernels, ty: KvType, layer: &[u8], queries: &[Group], y: &mut [Group]) {
        let cache = self.cache(ty, layer.split_at(layer.len() / 2).into());
        let (n_head, position, scale) = (self.n_head, self.positions - 1, 0.125);
        let job = Attention { cache, queries, tokens: 1, n_head, position, window: None, scale, soft_cap: 0.0 };
        kernels.attention(&job, y, &Inline);
    }
}
