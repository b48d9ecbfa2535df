//! Checksums of streamed weights, compared as the rows pass.

use super::error::PassError;
use super::role::{LayerTensor, Role};
use super::schedule::Part;
use super::store::WeightStore;
use super::verify::CHECKSUMS;
use crate::kernels::Kernels;

/// The checksums of matrices that are passing.
pub(super) struct Running<'f> {
    pub(super) store: &'f WeightStore<'f, 'f>,
    kernels: &'f dyn Kernels,
    /// Of the matrix that passes, and of an up projection, whose rows come in turns with the gate's.
    crcs: [u32; 2],
    /// Rows of each table that are still to come.
    rows_left: [usize; Role::TABLES],
    /// Tokens of the pass.
    tokens: usize,
}

impl<'f> Running<'f> {
    pub(super) fn new(store: &'f WeightStore<'f, 'f>, tokens: usize, kernels: &'f dyn Kernels) -> Self {
        Running { store, kernels, crcs: [0; 2], rows_left: [tokens; Role::TABLES], tokens }
    }

    /// Takes the rows of the next part into account.
    pub(super) fn check(&mut self, part: &Part, bytes: &[u8]) -> Result<(), PassError> {
        if !CHECKSUMS || self.store.sums.is_empty() {
            return Ok(());
        }
        let role = self.store.role_of(part.slot);
        let error = PassError::Checksum { role };
        // Rows of an embedding that come after those of the tokens are read as the head.
        if let Some(table) = role.table()
            && let Some(left) = self.rows_left.get_mut(table).filter(|left| **left > 0)
        {
            let want = self.store.row_sums.get(table).and_then(|sums| sums.get(self.tokens.saturating_sub(*left)));
            *left = left.saturating_sub(1);
            return if want == Some(&self.kernels.crc32c(0, bytes)) { Ok(()) } else { Err(error) };
        }
        let [crc, of_up] = &mut self.crcs;
        let crc = if matches!(role, Role::Layer(_, LayerTensor::Up)) { of_up } else { crc };
        *crc = self.kernels.crc32c(if part.first_row == 0 { 0 } else { *crc }, bytes);
        let slot = self.store.slots.get(part.slot).ok_or(error)?;
        if part.first_row.saturating_add(part.rows) < slot.rows {
            return Ok(());
        }
        if self.store.sums.get(part.slot) == Some(crc) { Ok(()) } else { Err(error) }
    }
}
