//! Checksums of streamed weights, compared as the rows pass.

use super::error::PassError;
use super::role::{LayerMatrix, Role};
use super::schedule::Part;
use super::store::{WeightStore, slot_index};
use super::verify::CHECKSUMS;
use crate::kernels::Kernels;

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
        let crc = if matches!(role, Role::Matrix(_, LayerMatrix::Up)) { of_up } else { crc };
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
