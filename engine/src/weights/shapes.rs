//! The shapes of a model's tensors, and where its vectors lie.

use super::role::{LayerMatrix, LayerVector, Role};
use crate::kernels::groups;

/// The shapes of a model's tensors.
#[derive(Clone, Copy, Debug)]
pub struct Shapes {
    /// Layers.
    pub n_layer: u32,
    /// Width of the hidden state.
    pub n_embd: u32,
    /// Query heads.
    pub n_head: u32,
    /// Key and value heads.
    pub n_head_kv: u32,
    /// Elements of a head.
    pub head_dim: u32,
    /// Width of the feed-forward network.
    pub n_ff: u32,
    /// Tokens in the vocabulary.
    pub n_vocab: u32,
    /// Rotary dimensions of a head.
    pub n_rot: u32,
    /// The vectors that each layer has besides its two norms.
    pub extra_vectors: &'static [LayerVector],
}

impl Shapes {
    /// `[columns, rows]` of a tensor: rows are 1 for vectors. `None` if the model has no such tensor.
    #[must_use]
    pub fn of(&self, role: Role) -> Option<[u32; 2]> {
        let (q, kv) = (self.n_head.checked_mul(self.head_dim)?, self.n_head_kv.checked_mul(self.head_dim)?);
        let (embd, ff) = (self.n_embd, self.n_ff);
        Some(match role {
            Role::TokenEmbd | Role::Output => [embd, self.n_vocab],
            Role::OutputNorm => [embd, 1],
            Role::RopeFreqs => [self.n_rot / 2, 1],
            Role::Matrix(layer, _) | Role::Vector(layer, _) if layer >= self.n_layer => return None,
            Role::Matrix(_, m) => match m {
                LayerMatrix::Q => [embd, q],
                LayerMatrix::K | LayerMatrix::V => [embd, kv],
                LayerMatrix::AttnOut => [q, embd],
                LayerMatrix::Gate | LayerMatrix::Up => [embd, ff],
                LayerMatrix::Down => [ff, embd],
            },
            Role::Vector(_, v) => match v {
                LayerVector::AttnNorm | LayerVector::FfnNorm => [embd, 1],
                v if !self.extra_vectors.contains(&v) => return None,
                LayerVector::QNorm | LayerVector::KNorm => [self.head_dim, 1],
                LayerVector::PostAttnNorm | LayerVector::PostFfnNorm => [embd, 1],
            },
        })
    }

    /// Groups of sixteen that one layer's vectors take.
    pub(super) fn layer_vector_groups(&self) -> usize {
        let groups = |v| self.of(Role::Vector(0, v)).map_or(0, |[n, _]| groups(n as usize));
        LayerVector::ALL.into_iter().fold(0, |sum: usize, v| sum.saturating_add(groups(v)))
    }

    /// The matrix whose slot has this index.
    pub(super) fn role_of(&self, slot: usize) -> Role {
        match slot.checked_sub(2) {
            None if slot == 0 => Role::TokenEmbd,
            None => Role::Output,
            Some(i) => {
                let n = LayerMatrix::ALL.len();
                let m = LayerMatrix::ALL.get(i.checked_rem(n).unwrap_or(0)).copied().unwrap_or(LayerMatrix::Q);
                Role::Matrix(i.checked_div(n).unwrap_or(0) as u32, m)
            }
        }
    }

    /// A vector's first group and its number of groups.
    pub(super) fn vector_place(&self, role: Role) -> Option<(usize, usize)> {
        let [n, _] = self.of(role)?;
        let (embd, freqs) = (groups(self.n_embd as usize), groups(self.n_rot as usize / 2));
        let start = match role {
            Role::OutputNorm => 0,
            Role::RopeFreqs => embd,
            Role::Vector(layer, v) => {
                let before = LayerVector::ALL.into_iter().take_while(|&o| o != v);
                let before = before.filter_map(|o| self.of(Role::Vector(layer, o))).map(|[n, _]| groups(n as usize));
                let layers = self.layer_vector_groups().checked_mul(layer as usize)?;
                before.fold(layers.checked_add(embd)?.checked_add(freqs)?, usize::saturating_add)
            }
            _ => return None,
        };
        Some((start, groups(n as usize)))
    }
}
