//! Checksums of a packed file, and what is compared with them.
//!
//! There is one CRC for each tensor, and one for each row of the tables of which a pass reads single rows. A matrix
//! that streams is complete, and compared, before anything is computed from what it gave; the head alone hands out
//! logits while it passes, so that of a pass that ends in an error no logits count. That keeps four bytes a tensor in
//! memory and reads nothing twice; checksums of pages or tiles would depend on the tile size, or take a table as large as
//! a small board's memory.

#[cfg(feature = "checksums")]
use super::error::WeightError;
#[cfg(feature = "checksums")]
use super::role::Role;
#[cfg(feature = "checksums")]
use crate::{
    flash::{Flash, Source},
    gguf::{Array, Gguf, Value, ValueType},
    kernels::Kernels,
};

/// The places of a file's checksums (CRC-32C).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksums {
    #[cfg(feature = "checksums")]
    metadata: Array,
    #[cfg(feature = "checksums")]
    tensors: Array,
    /// Those of the rows of each table; none where the model has no such table.
    #[cfg(feature = "checksums")]
    rows: [Option<Array>; Role::TABLES],
    /// There are none without the feature, and an option of them takes no room.
    #[cfg(not(feature = "checksums"))]
    none: core::convert::Infallible,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Checksums {
    /// The prefix of all keys.
    pub const PREFIX: &str = "flashlet.crc32c.";
    /// The keys, each of an array of `u32`: one CRC of everything before the data section, itself taken as zero; one of each
    /// tensor, in the directory's order; one of each row of the embedding, and of the table of the layers' inputs.
    pub const NAMES: [&str; 4] = ["metadata", "tensors", "embedding_rows", "per_layer_rows"];

    /// The checksums of a file with `n_vocab` tokens, if it has any. With `per_layer`, the model has a table of the layers'
    /// inputs.
    ///
    /// # Errors
    /// [`WeightError::BadChecksums`]; flash failures.
    #[cfg(feature = "checksums")]
    pub async fn read<F: Flash>(
        gguf: &Gguf,
        source: &mut Source<'_, F>,
        n_vocab: u32,
        per_layer: bool,
    ) -> Result<Option<Checksums>, WeightError> {
        let mut values = [None; Self::NAMES.len()];
        gguf.find_all(source, [Self::PREFIX, ""], &Self::NAMES, &mut values, &mut |_| true).await?;
        if values == [None; Self::NAMES.len()] {
            return Ok(None);
        }
        let [metadata, tensors, rows @ ..] = values;
        let array = |value: Option<Value>, len: u32| {
            let array = value.and_then(|value| value.as_array());
            array.filter(|a| a.elem == ValueType::U32 && a.len == len.into()).ok_or(WeightError::BadChecksums)
        };
        let mut of_tables = [None; Role::TABLES];
        for (table, (of_table, rows)) in of_tables.iter_mut().zip(rows).enumerate() {
            if table == 0 || per_layer {
                *of_table = Some(array(rows, n_vocab)?);
            }
        }
        Ok(Some(Checksums {
            metadata: array(metadata, 1)?,
            tensors: array(tensors, gguf.n_tensors())?,
            rows: of_tables,
        }))
    }

    /// Compares everything before the data section with its checksum.
    ///
    /// # Errors
    /// [`WeightError::MetadataChecksum`]; flash failures.
    #[cfg(feature = "checksums")]
    pub async fn check_metadata<F: Flash>(
        &self,
        gguf: &Gguf,
        source: &mut Source<'_, F>,
        kernels: &dyn Kernels,
    ) -> Result<(), WeightError> {
        let own = self.metadata.offset..self.metadata.end;
        let mut piece = [0; 256];
        let (mut crc, mut at) = (0, 0);
        while at < gguf.data_offset() {
            let left = gguf.data_offset().saturating_sub(at).min(piece.len() as u64);
            let piece = piece.get_mut(..left as usize).unwrap_or_default();
            source.read_once(at, piece).await?;
            for (byte, at) in piece.iter_mut().zip(at..) {
                if own.contains(&at) {
                    *byte = 0;
                }
            }
            crc = kernels.crc32c(crc, piece);
            at = at.saturating_add(left);
        }
        if crc == element(self.metadata, source, 0).await? { Ok(()) } else { Err(WeightError::MetadataChecksum) }
    }

    /// The checksum of the tensor at this place in the directory.
    #[cfg(feature = "checksums")]
    pub(super) async fn tensor<F: Flash>(&self, source: &mut Source<'_, F>, index: u32) -> Result<u32, WeightError> {
        element(self.tensors, source, index).await
    }

    /// The checksum of a token's row of a table.
    #[cfg(feature = "checksums")]
    pub(super) async fn row<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        table: usize,
        id: u32,
    ) -> Result<u32, WeightError> {
        let rows = self.rows.get(table).copied().flatten().ok_or(WeightError::BadChecksums)?;
        element(rows, source, id).await
    }
}

#[cfg(feature = "checksums")]
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn element<F: Flash>(array: Array, source: &mut Source<'_, F>, index: u32) -> Result<u32, WeightError> {
    match array.scalar(source, index.into()).await? {
        Value::U32(crc) => Ok(crc),
        _ => Err(WeightError::BadChecksums),
    }
}
