//! The table of architectures: what tells one from another is data, not code.

use crate::kernels::{Gate, RopeStyle};
use crate::weights::LayerVector;

/// An architecture that the forward pass knows.
#[derive(Debug)]
pub struct Arch {
    /// `general.architecture`, and the prefix of its keys.
    pub name: &'static str,
    /// Which elements of a head rotate together.
    pub rope: RopeStyle,
    /// The gate's activation function.
    pub gate: Gate,
    /// Vectors of each layer besides `attn_norm` and `ffn_norm`.
    pub extra_vectors: &'static [LayerVector],
    /// Whether embeddings are multiplied with `sqrt(n_embd)`.
    pub scales_embedding: bool,
    /// The number of layers at which scores are divided by `sqrt(n_embd / n_head)` in place of
    /// `sqrt(head_dim)` (Gemma 3 27B, whose file does not say so).
    pub scores_by_width_at: Option<u32>,
    /// Sliding-window attention, if it has it.
    pub sliding: Option<Sliding>,
}

/// Which layers see a window only, and what is theirs alone.
#[derive(Debug)]
pub struct Sliding {
    /// Every `n`-th layer sees everything, the others a window.
    pub global_every: u32,
    /// Rotary base of window layers; rope scaling does not apply to them.
    pub rope_base: f32,
}

/// All architectures.
static ARCHS: &[Arch] = &[
    Arch {
        name: "llama",
        rope: RopeStyle::Interleaved,
        gate: Gate::Silu,
        extra_vectors: &[],
        scales_embedding: false,
        scores_by_width_at: None,
        sliding: None,
    },
    Arch {
        name: "gemma3",
        rope: RopeStyle::Halves,
        gate: Gate::Gelu,
        extra_vectors: &[LayerVector::QNorm, LayerVector::KNorm, LayerVector::PostAttnNorm, LayerVector::PostFfnNorm],
        scales_embedding: true,
        scores_by_width_at: Some(62),
        sliding: Some(Sliding { global_every: 6, rope_base: 10_000.0 }),
    },
];

impl Arch {
    /// The architecture of this name.
    #[must_use]
    pub fn by_name(name: &[u8]) -> Option<&'static Arch> {
        ARCHS.iter().find(|arch| arch.name.as_bytes() == name)
    }

    /// Names of all architectures, in the order of the table.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ARCHS.iter().map(|arch| arch.name)
    }

    /// Whether a layer sees a window only.
    #[must_use]
    pub fn is_windowed(&self, layer: u32) -> bool {
        self.sliding.as_ref().is_some_and(|s| !layer.wrapping_add(1).is_multiple_of(s.global_every))
    }
}
