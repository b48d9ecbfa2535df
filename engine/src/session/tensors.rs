//! The memory that a model's tensors take, by its directory.

use crate::arena::ALIGN;
use crate::flash::{Flash, Source};
use crate::gguf::Gguf;
use crate::model::ModelConfig;
use crate::weights::{
    self, Catalogue, LayerTensor, MatrixBytes, PER_LAYER, Role, Schedule, Section, TableSizes, TensorBits, WeightError,
};

/// Facts of the tensor directory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tensors {
    /// Bytes of the arena that matrices take when they are pinned.
    pub(super) matrices: MatrixBytes,
    /// Bytes of one row of the table of which passes read single rows alone.
    table_row_bytes: usize,
    /// Bytes of the widest row of any matrix, of a gate, and of an up projection.
    row_bytes: usize,
    gate_row_bytes: usize,
    up_row_bytes: usize,
    /// The tables that hold the tensors.
    pub(super) tables: TableSizes,
    /// Bytes of all tensors in the file.
    #[cfg(feature = "snapshots")]
    pub(super) bytes: u64,
    /// The end of the last matrix in the file.
    pub(super) end: u64,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Tensors {
    /// Walks the directory; every tensor must be one that the architecture has, in its shape.
    pub(super) async fn read<F: Flash>(
        gguf: &Gguf,
        source: &mut Source<'_, F>,
        config: &ModelConfig,
    ) -> Result<Tensors, WeightError> {
        let mut all = Tensors { tables: TableSizes::of(config), ..Tensors::default() };
        let mut found = 0_usize;
        weights::walk(gguf, source, config, &mut |t| {
            let row_bytes = t.row_bytes as usize;
            #[cfg(feature = "snapshots")]
            {
                all.bytes = all.bytes.saturating_add(t.bytes());
            }
            match t.role {
                Role::Layer(_, LayerTensor::Gate) => all.gate_row_bytes = all.gate_row_bytes.max(row_bytes),
                Role::Layer(_, LayerTensor::Up) => all.up_row_bytes = all.up_row_bytes.max(row_bytes),
                _ => {}
            }
            if t.role.is_table_of_rows() {
                all.table_row_bytes = row_bytes;
            }
            found = found.saturating_add(usize::from(!t.optional));
            if t.ty.is_some() {
                all.matrices.add(t.role, t.bytes());
                all.row_bytes = all.row_bytes.max(if t.role.is_table_of_rows() { 0 } else { row_bytes });
                all.end = all.end.max(t.offset.saturating_add(t.bytes()));
            }
            Ok(())
        })
        .await?;
        if found < all.tables.needed {
            return Err(missing(gguf, source, config).await?);
        }
        Ok(all)
    }

    /// The fewest bytes that a tile must have where matrices stream.
    pub(super) fn least_tile(&self, align: usize) -> usize {
        let gated = self.gate_row_bytes.saturating_add(self.up_row_bytes);
        let bytes = Schedule::tile_bytes_for(self.row_bytes.max(gated), align);
        bytes.checked_next_multiple_of(ALIGN).unwrap_or(usize::MAX).max(self.table_tile(align))
    }

    /// The fewest bytes that a tile must have where nothing streams but single rows of a table; 0 without one.
    pub(super) fn table_tile(&self, align: usize) -> usize {
        if !(PER_LAYER && self.tables.has_table_of_rows) {
            return 0;
        }
        Schedule::tile_bytes_for_row(self.table_row_bytes, align).checked_next_multiple_of(ALIGN).unwrap_or(usize::MAX)
    }
}

/// The first tensor that is not there.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn missing<F: Flash>(
    gguf: &Gguf,
    source: &mut Source<'_, F>,
    config: &ModelConfig,
) -> Result<WeightError, WeightError> {
    /// Layers that one walk looks after.
    const LAYERS: u32 = 32;
    let n_layer = config.hyper.n_layer;
    for base in (0..n_layer).step_by(LAYERS as usize) {
        let (mut globals, mut layers) = (0, [0; LAYERS as usize]);
        weights::walk(gguf, source, config, &mut |t| {
            match t.role {
                Role::Layer(layer, _) => {
                    let at = layer.checked_sub(base).and_then(|i| layers.get_mut(i as usize));
                    at.into_iter().for_each(|seen| *seen |= t.role.bit());
                }
                role if !t.optional => globals |= role.bit(),
                _ => {}
            }
            Ok(())
        })
        .await?;
        let mut first = None;
        let mut look = |section, seen: TensorBits| {
            config.tensors(section, &mut |entry| {
                if !entry.optional && seen & entry.role.bit() == 0 {
                    first = first.or(Some(entry.role));
                }
            });
        };
        look(Section::Before, globals);
        look(Section::After, globals);
        (base..n_layer).zip(layers).for_each(|(layer, seen)| look(Section::Layer(layer), seen));
        if let Some(role) = first {
            return Ok(WeightError::Missing { role });
        }
    }
    // Not reached: where fewer tensors are found than needed, one is missing.
    Ok(WeightError::Missing { role: Role::TokenEmbd })
}
