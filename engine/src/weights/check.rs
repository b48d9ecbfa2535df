//! Checksums of a packed file, and what is compared with them.
//!
//! There is one CRC for each tensor, and one for each row of the embedding, of which a pass reads single rows. A matrix
//! that streams is complete, and compared, before anything is computed from what it gave; the head alone hands out
//! logits while it passes, so that of a pass that ends in an error no logits count. That keeps four bytes a tensor in
//! memory and reads nothing twice; checksums of pages or tiles would depend on the tile size, or take a table as large as
//! a small board's memory.

#[cfg(feature = "checksums")]
use super::WeightError;
use super::stream::Part;
use super::{PassError, Role, WeightStore, slot_index};
use crate::kernels::Kernels;
#[cfg(feature = "checksums")]
use crate::{
    flash::{Flash, Source},
    gguf::{Array, Gguf, Value, ValueType},
};

/// Whether anything is ever checked.
pub(crate) const CHECKSUMS: bool = cfg!(feature = "checksums");

/// A message that only checks give: without them it takes no flash.
pub(crate) const fn message(text: &'static str) -> &'static str {
    if CHECKSUMS { text } else { "" }
}

/// What is to be compared with a file's checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Verify {
    /// Nothing.
    Never,
    /// What is read anyway, if the file has checksums: weights when they are copied into the arena and each time they
    /// stream, and all metadata of flash that is not mapped.
    #[default]
    Reads,
    /// Mapped weights and metadata too, once, when the session is made. A file without checksums is refused.
    All,
}

/// Where a file's checksums (CRC-32C) lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksums {
    #[cfg(feature = "checksums")]
    metadata: Array,
    #[cfg(feature = "checksums")]
    tensors: Array,
    #[cfg(feature = "checksums")]
    rows: Array,
    /// There are none without the feature, and an option of them takes no room.
    #[cfg(not(feature = "checksums"))]
    none: core::convert::Infallible,
}

impl Checksums {
    /// What the names of all keys begin with.
    pub const PREFIX: &str = "flashlet.crc32c.";
    /// The keys, each of an array of `u32`: one CRC of everything before the data section, itself taken as zero; one of each
    /// tensor, in the directory's order; one of each row of the embedding.
    pub const NAMES: [&str; 3] = ["metadata", "tensors", "embedding_rows"];

    /// The checksums of a file with `n_vocab` tokens, if it has any.
    ///
    /// # Errors
    /// [`WeightError::BadChecksums`]; flash failures.
    #[cfg(feature = "checksums")]
    pub async fn read<F: Flash>(
        gguf: &Gguf,
        source: &mut Source<'_, F>,
        n_vocab: u32,
    ) -> Result<Option<Checksums>, WeightError> {
        let mut values = [None; Self::NAMES.len()];
        gguf.find_all(source, [Self::PREFIX, ""], &Self::NAMES, &mut values).await?;
        if values == [None; Self::NAMES.len()] {
            return Ok(None);
        }
        let [metadata, tensors, rows] = values;
        let array = |value: Option<Value>, len: u32| {
            let array = value.and_then(|value| value.as_array());
            array.filter(|a| a.elem == ValueType::U32 && a.len == len.into()).ok_or(WeightError::BadChecksums)
        };
        Ok(Some(Checksums {
            metadata: array(metadata, 1)?,
            tensors: array(tensors, gguf.n_tensors())?,
            rows: array(rows, n_vocab)?,
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

    /// The checksum of a token's row of the embedding.
    #[cfg(feature = "checksums")]
    pub(super) async fn row<F: Flash>(&self, source: &mut Source<'_, F>, id: u32) -> Result<u32, WeightError> {
        element(self.rows, source, id).await
    }
}

#[cfg(feature = "checksums")]
async fn element<F: Flash>(array: Array, source: &mut Source<'_, F>, index: u32) -> Result<u32, WeightError> {
    match array.scalar(source, index.into()).await? {
        Value::U32(crc) => Ok(crc),
        _ => Err(WeightError::BadChecksums),
    }
}

/// The checksums of matrices that are passing.
pub(super) struct Running<'f> {
    store: &'f WeightStore<'f, 'f>,
    kernels: &'f dyn Kernels,
    /// Of the matrix that passes, and of an up projection, whose rows come in turns with the gate's.
    crcs: [u32; 2],
    /// Embedding rows that are still to come, of how many.
    rows: [usize; 2],
}

impl<'f> Running<'f> {
    pub(super) fn new(store: &'f WeightStore<'f, 'f>, rows: usize, kernels: &'f dyn Kernels) -> Self {
        Running { store, kernels, crcs: [0; 2], rows: [rows; 2] }
    }

    /// Takes the rows of the next part into account.
    pub(super) fn check(&mut self, part: &Part, bytes: &[u8]) -> Result<(), PassError> {
        if !CHECKSUMS || self.store.sums.is_empty() {
            return Ok(());
        }
        let role = part.role;
        let error = PassError::Checksum { role };
        let [left, rows] = &mut self.rows;
        if role == Role::TokenEmbd && *left > 0 {
            let want = self.store.row_sums.get(rows.saturating_sub(*left));
            *left = left.saturating_sub(1);
            return if want == Some(&self.kernels.crc32c(0, bytes)) { Ok(()) } else { Err(error) };
        }
        let [crc, of_up] = &mut self.crcs;
        let crc = if matches!(role, Role::Matrix(_, super::LayerMatrix::Up)) { of_up } else { crc };
        *crc = self.kernels.crc32c(if part.first_row == 0 { 0 } else { *crc }, bytes);
        let index = slot_index(role);
        let slot = index.and_then(|i| self.store.slots.get(i)).ok_or(error)?;
        if part.first_row.saturating_add(part.rows) < slot.rows {
            return Ok(());
        }
        let want = index.and_then(|i| self.store.sums.get(i));
        if want == Some(crc) { Ok(()) } else { Err(error) }
    }
}
