//! One number that stands for a model.

use super::header::ModelHash;
use crate::flash::{Flash, FlashError, Source};
use crate::kernels::Kernels;
use crate::session::error::Error;
use crate::session::model::Model;
use core::ops::Range;

/// Bytes that are read at a time where the file is not mapped, and where it is.
const PIECE_BYTES: (usize, usize) = (512, 1 << 16);

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Model {
    /// The model's hash: the CRC-32C of the file up to its tensor data, that is header, metadata and directory, and that of
    /// the data of all tensors; keys that were left out on request change it. It is computed once, before the session is made, and only for
    /// snapshots; it reads [`hash_bytes`](Model::hash_bytes).
    ///
    /// The metadata of a packed file hold a checksum of every tensor, which stands for its data. (An engine without the
    /// feature `checksums` reads the data all the same, so its hashes of packed files are others.)
    ///
    /// # Errors
    /// Flash failures.
    pub async fn hash<F: Flash>(&self, source: &mut Source<'_, F>, kernels: &dyn Kernels) -> Result<ModelHash, Error> {
        let mut metadata = crc_of(source, kernels, 0, 0..self.gguf.data_offset()).await?;
        if self.left_out != 0 {
            metadata = kernels.crc32c(metadata, &self.left_out.to_le_bytes());
        }
        let mut weights = 0;
        if self.checksums.is_none() {
            let mut tensors = self.gguf.tensors();
            while let Some(tensor) = tensors.next(source).await? {
                let end = tensor.offset.saturating_add(tensor.bytes);
                weights = crc_of(source, kernels, weights, tensor.offset..end).await?;
            }
        }
        Ok(ModelHash(u64::from(metadata) << 32 | u64::from(weights)))
    }

    /// Bytes that [`hash`](Model::hash) reads: the whole file, or without the tensors' data where it has checksums.
    #[must_use]
    pub fn hash_bytes(&self) -> u64 {
        let data = if self.checksums.is_none() { self.tensors.bytes } else { 0 };
        self.gguf.data_offset().saturating_add(data)
    }
}

/// The CRC-32C of the bytes `range`, which follow others whose CRC is `crc`.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn crc_of<F: Flash>(
    source: &mut Source<'_, F>,
    kernels: &dyn Kernels,
    mut crc: u32,
    mut range: Range<u64>,
) -> Result<u32, FlashError> {
    /// Aligned, so that a read is one transfer.
    #[repr(align(64))]
    struct Piece([u8; PIECE_BYTES.0]);
    let mut piece = Piece([0; PIECE_BYTES.0]);
    let mapped = source.mapped.is_some_and(|bytes| bytes.len() as u64 >= range.end);
    let step = if mapped { PIECE_BYTES.1 } else { PIECE_BYTES.0 } as u64;
    while !range.is_empty() {
        let bytes = range.end.saturating_sub(range.start).min(step);
        crc = kernels.crc32c(crc, source.view(range.start, bytes as usize, &mut piece.0).await?);
        range.start = range.start.saturating_add(bytes);
    }
    Ok(crc)
}
