//! The workspace of a pass: what its blocks compute with.

use super::hyper::Hyper;
use super::kv_cache::KvCache;
use super::products::Matmul;
use super::rope::RopeTables;
#[cfg(feature = "_recurrent")]
use super::state::RecurrentState;
use crate::arena::{Arena, Region};
#[cfg(feature = "per-layer-inputs")]
use crate::kernels::Map;
use crate::kernels::{Executor, Group, InputBuffer, Kernels, Norm, NormKind, groups};
use crate::simd::ActForm;
#[cfg(feature = "per-layer-inputs")]
use crate::weights::LayerTensor;
use crate::weights::{LayerTensors, Role, VARIANTS, WeightStore};

/// The memory that a block takes for each token of a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scratch {
    /// Groups of values between its matrix products.
    pub(super) groups: usize,
    /// Elements of the widest vector that it multiplies, besides the hidden state.
    pub(super) widest: usize,
    /// Groups of values that it keeps for later layers.
    #[cfg(feature = "_kept-values")]
    pub(super) kept: usize,
}

impl Scratch {
    /// Memory of which nothing is kept for later layers.
    pub(super) fn of(groups: usize, widest: usize) -> Scratch {
        Scratch {
            groups,
            widest,
            #[cfg(feature = "_kept-values")]
            kept: 0,
        }
    }

    /// Enough for either.
    pub(super) fn max(self, other: Scratch) -> Scratch {
        Scratch {
            groups: self.groups.max(other.groups),
            widest: self.widest.max(other.widest),
            #[cfg(feature = "_kept-values")]
            kept: self.kept.max(other.kept),
        }
    }
}

/// The values of one chunk of tokens.
pub struct Activations<'a> {
    chunk: usize,
    pub(super) x: &'a mut [Group],
    pub(super) y: &'a mut [Group],
    /// A block's values between its matrix products.
    pub(super) scratch: &'a mut [Group],
    /// Values of the whole pass: those of the first layer that later ones read, or the inputs of all layers.
    #[cfg(feature = "_kept-values")]
    pub(super) kept: &'a mut [Group],
    pub(super) input: InputBuffer<'a>,
    pub(super) logits: &'a mut [Group],
}

impl<'a> Activations<'a> {
    /// Carves the values of up to `chunk` tokens of width `n_embd` and a tile of `logits` logits. The arena records if it is too
    /// small.
    pub(crate) fn take(
        n_embd: u32,
        scratch: Scratch,
        [chunk, logits]: [usize; 2],
        act_form: ActForm,
        arena: &mut Arena<'a>,
    ) -> Self {
        let embd = groups(n_embd as usize);
        let widest = scratch.widest.max(n_embd as usize);
        let mut carve = |n: usize| arena.take(Region::Activations, n.saturating_mul(chunk));
        #[cfg(feature = "_kept-values")]
        let kept = carve(scratch.kept);
        let (x, y, scratch) = (carve(embd), carve(embd), carve(scratch.groups));
        let float = carve(groups(widest));
        let quants = arena.take(Region::Activations, InputBuffer::quant_words(widest, chunk, act_form));
        let logits = arena.take(Region::Logits, groups(logits).max(chunk));
        Activations {
            chunk,
            x,
            y,
            scratch,
            #[cfg(feature = "_kept-values")]
            kept,
            input: InputBuffer::new(float, quants),
            logits,
        }
    }

    /// The most tokens of a chunk.
    #[must_use]
    pub fn chunk(&self) -> usize {
        self.chunk
    }
}

/// The workspace of a pass: what its blocks compute with.
pub struct Workspace<'p, 'a, 'm> {
    /// The model's hyperparameters.
    pub hyper: &'p Hyper,
    /// Its weights.
    pub store: &'p WeightStore<'a, 'm>,
    /// Arithmetic.
    pub kernels: &'p dyn Kernels,
    /// Threads.
    pub executor: &'p dyn Executor,
    /// Rotary tables.
    pub rope: &'p mut RopeTables<'a>,
    /// Keys and values of past tokens.
    pub kv: &'p mut KvCache<'a>,
    /// The state of recurrent layers after past tokens.
    #[cfg(feature = "_recurrent")]
    pub state: &'p mut RecurrentState<'a>,
    /// Memory of the chunk.
    pub values: &'p mut Activations<'a>,
    /// Position of the chunk's first token.
    pub position: usize,
    /// Tokens of the chunk.
    pub tokens: usize,
}

impl<'p, 'a, 'm> Workspace<'p, 'a, 'm> {
    pub(super) fn matmul(&self) -> Matmul<'p, 'a, 'm> {
        let biases = self.hyper.present != LayerTensors::default();
        Matmul { store: self.store, kernels: self.kernels, executor: self.executor, biases }
    }

    /// The norm with these weights; `None` if the model has none there.
    pub(super) fn norm(&self, role: Role) -> Option<Norm<'p>> {
        let (weight, width) = self.store.vector_and_width(role)?;
        let bias = match role {
            _ if !VARIANTS || self.hyper.norm == NormKind::Rms => None,
            Role::OutputNorm => self.store.vector(Role::OutputNormBias),
            Role::TokenEmbdNorm => self.store.vector(Role::TokenEmbdNormBias),
            Role::Layer(layer, tensor) => tensor.bias().and_then(|bias| self.store.vector(Role::Layer(layer, bias))),
            _ => None,
        };
        let kind = if VARIANTS { self.hyper.norm } else { NormKind::Rms };
        Some(Norm { kind, weight, bias: bias.unwrap_or_default(), width, eps: self.hyper.norm_eps })
    }

    /// Normalises the hidden state, if there is a norm, and quantises it for a product with the matrix `first`.
    #[inline(never)]
    pub(super) fn fill(&mut self, norm: Option<Role>, first: Role) {
        let norm = norm.and_then(|norm| self.norm(norm));
        let (kind, n) = (self.matmul().act_kind(first), self.hidden_groups());
        let values = &mut *self.values;
        values.input.fill(self.kernels, values.x.get(..n).unwrap_or_default(), self.tokens, norm, kind);
    }

    /// Adds a block's output to the hidden state, normalised if there is a norm.
    #[inline(never)]
    pub(super) fn add(&mut self, norm: Option<Role>) {
        let norm = norm.and_then(|norm| self.norm(norm));
        let n = self.hidden_groups();
        let values = &mut *self.values;
        let (x, y) = (values.x.get_mut(..n).unwrap_or_default(), values.y.get_mut(..n).unwrap_or_default());
        self.kernels.add(x, y, self.tokens, norm, self.hyper.residual_scale);
    }

    /// Multiplies the hidden state by the number that the file has for the layer, if it has one.
    #[cfg(feature = "per-layer-inputs")]
    pub(super) fn scale(&mut self, layer: u32) {
        let scale = self.store.vector(Role::Layer(layer, LayerTensor::OutputScale)).and_then(<[Group]>::first);
        let n = self.hidden_groups();
        if let Some([scale, ..]) = scale {
            let x = self.values.x.get_mut(..n).unwrap_or_default();
            self.kernels.map(x, self.tokens, Map::Scale(*scale));
        }
    }

    /// Groups of the chunk's hidden state.
    pub(super) fn hidden_groups(&self) -> usize {
        groups(self.hyper.n_embd as usize).saturating_mul(self.tokens)
    }
}

/// The first `n` groups, and the others.
pub(super) fn split(groups: &mut [Group], n: usize) -> (&mut [Group], &mut [Group]) {
    groups.split_at_mut_checked(n).unwrap_or_default()
}
