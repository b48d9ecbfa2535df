//! What a model's tensor directory says of memory.

use crate::arena::ALIGN;
use crate::flash::{Flash, Source};
use crate::gguf::Gguf;
use crate::model::ModelConfig;
use crate::weights::{self, LayerMatrix, LayerVector, MatrixBytes, Role, Schedule, WeightError};

/// Facts of the tensor directory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tensors {
    /// Bytes of the arena that matrices take when they are pinned.
    pub(super) matrices: MatrixBytes,
    /// Bytes of one row of the embedding.
    pub(super) embd_row_bytes: u64,
    /// Bytes of the widest row of any matrix, of a gate, and of an up projection.
    row_bytes: usize,
    gate_row_bytes: usize,
    up_row_bytes: usize,
    /// Tensors that the architecture cannot do without.
    needed: u64,
    /// Bytes of all tensors in the file.
    #[cfg(feature = "snapshots")]
    pub(super) bytes: u64,
    /// Where the last matrix ends in the file.
    pub(super) end: u64,
}

impl Tensors {
    /// Walks the directory; every tensor must be one that the architecture has, in its shape.
    pub(super) async fn read<F: Flash>(
        gguf: &Gguf,
        source: &mut Source<'_, F>,
        config: &ModelConfig,
    ) -> Result<Tensors, WeightError> {
        let mut all = Tensors::default();
        weights::walk(gguf, source, &config.shapes, &mut |t| {
            let row_bytes = t.row_bytes as usize;
            #[cfg(feature = "snapshots")]
            {
                all.bytes = all.bytes.saturating_add(t.bytes());
            }
            match t.role {
                Role::TokenEmbd => all.embd_row_bytes = u64::from(t.row_bytes),
                Role::Matrix(_, LayerMatrix::Gate) => all.gate_row_bytes = all.gate_row_bytes.max(row_bytes),
                Role::Matrix(_, LayerMatrix::Up) => all.up_row_bytes = all.up_row_bytes.max(row_bytes),
                _ => {}
            }
            if !matches!(t.role, Role::Output | Role::RopeFreqs) {
                all.needed = all.needed.saturating_add(1);
            }
            if t.role.is_matrix() {
                all.matrices.add(t.role, t.bytes());
                all.row_bytes = all.row_bytes.max(row_bytes);
                all.end = all.end.max(t.offset.saturating_add(t.bytes()));
            }
            Ok(())
        })
        .await?;
        let s = &config.shapes;
        let per_layer = LayerMatrix::ALL.len().saturating_add(2).saturating_add(s.extra_vectors.len()) as u64;
        if all.needed < per_layer.saturating_mul(u64::from(s.n_layer)).saturating_add(2) {
            return Err(missing(gguf, source, config).await?);
        }
        Ok(all)
    }

    /// The fewest bytes that a tile must have.
    pub(super) fn least_tile(&self, align: usize) -> usize {
        let gated = self.gate_row_bytes.saturating_add(self.up_row_bytes);
        Schedule::tile_bytes_for(self.row_bytes.max(gated), align).checked_next_multiple_of(ALIGN).unwrap_or(usize::MAX)
    }
}

/// The first tensor that is not there.
async fn missing<F: Flash>(
    gguf: &Gguf,
    source: &mut Source<'_, F>,
    config: &ModelConfig,
) -> Result<WeightError, WeightError> {
    /// Layers that one walk looks after.
    const LAYERS: u32 = 32;
    let bit = |role| match role {
        Role::Matrix(_, m) => 1u32 << m as u32,
        Role::Vector(_, v) => 1 << (LayerMatrix::ALL.len() as u32 + v as u32),
        Role::TokenEmbd => 1,
        _ => 2,
    };
    for base in (0..config.shapes.n_layer).step_by(LAYERS as usize) {
        let (mut globals, mut layers) = (0, [0u32; LAYERS as usize]);
        weights::walk(gguf, source, &config.shapes, &mut |t| {
            match t.role {
                Role::TokenEmbd | Role::OutputNorm => globals |= bit(t.role),
                Role::Matrix(layer, _) | Role::Vector(layer, _) => {
                    let at = layer.checked_sub(base).and_then(|i| layers.get_mut(i as usize));
                    at.into_iter().for_each(|seen| *seen |= bit(t.role));
                }
                Role::Output | Role::RopeFreqs => {}
            }
            Ok(())
        })
        .await?;
        let globals = [Role::TokenEmbd, Role::OutputNorm].map(|role| (role, globals));
        let layers = (base..config.shapes.n_layer).zip(layers).flat_map(|(layer, seen)| {
            let matrices = LayerMatrix::ALL.into_iter().map(move |m| Role::Matrix(layer, m));
            let roles = matrices.chain(LayerVector::ALL.into_iter().map(move |v| Role::Vector(layer, v)));
            roles.map(move |role| (role, seen))
        });
        for (role, seen) in globals.into_iter().chain(layers) {
            if config.shapes.of(role).is_some() && seen & bit(role) == 0 {
                return Ok(WeightError::Missing { role });
            }
        }
    }
    // Fewer tensors than needed, yet none missing: one must occur twice, which loading will name.
    Ok(WeightError::Missing { role: Role::TokenEmbd })
}
