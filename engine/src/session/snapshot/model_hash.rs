//! One number that stands for a model.

use super::header::ModelHash;
use crate::flash::{Flash, FlashError, Source};
use crate::kernels::Kernels;
use crate::session::error::Error;
use crate::session::model::Model;
use core::ops::Range;

/// Bytes of each tensor that count.
const SAMPLE_BYTES: u64 = 256;

impl Model {
    /// The model's hash: the CRC-32C of the file up to its tensor data, that is header, metadata and directory, and that of
    /// the first 256 bytes of every tensor, for fine-tunes whose metadata are the same. It is computed once, before the
    /// session is made, and reads the vocabulary once more and a few bytes a tensor (SmolLM2 135M: 1.7 MB and 70 kB).
    ///
    /// What it does not see are models with the same metadata that differ only further into their tensors, as in a few
    /// rows of the embedding. The metadata of a packed file hold a checksum of every tensor: there it sees all.
    ///
    /// # Errors
    /// Flash failures.
    pub async fn hash<F: Flash>(&self, source: &mut Source<'_, F>, kernels: &dyn Kernels) -> Result<ModelHash, Error> {
        let metadata = crc_of(source, kernels, 0, 0..self.gguf.data_offset()).await?;
        let mut tensors = self.gguf.tensors();
        let mut weights = 0;
        while let Some(tensor) = tensors.next(source).await? {
            let end = tensor.offset.saturating_add(tensor.bytes.min(SAMPLE_BYTES));
            weights = crc_of(source, kernels, weights, tensor.offset..end).await?;
        }
        Ok(ModelHash(u64::from(metadata) << 32 | u64::from(weights)))
    }
}

/// The CRC-32C of the bytes `range`, which follow others whose CRC is `crc`.
async fn crc_of<F: Flash>(
    source: &mut Source<'_, F>,
    kernels: &dyn Kernels,
    mut crc: u32,
    mut range: Range<u64>,
) -> Result<u32, FlashError> {
    /// Aligned, so that a read is one transfer.
    #[repr(align(64))]
    struct Piece([u8; SAMPLE_BYTES as usize]);
    let mut piece = Piece([0; SAMPLE_BYTES as usize]);
    while !range.is_empty() {
        let bytes = range.end.saturating_sub(range.start).min(SAMPLE_BYTES);
        crc = kernels.crc32c(crc, source.view(range.start, bytes as usize, &mut piece.0).await?);
        range.start = range.start.saturating_add(bytes);
    }
    Ok(crc)
}
