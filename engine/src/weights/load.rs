//! Filling a store: every tensor found, and copied where it is to be in memory.

use super::checksums::Checksums;
use super::error::WeightError;
use super::pin::PinBudget;
use super::role::Role;
use super::store::{INTERLEAVED, MAPPED, PINNED, STREAMED, Slot, WeightStore, range, slot_index};
use super::tensors::{Tensor, walk};
use super::verify::CHECKSUMS;
use crate::flash::{Flash, FlashError, Source};
use crate::gguf::Gguf;
use crate::kernels::{Group, Kernels};
use crate::quant::INTERLEAVES;
#[cfg(not(target_arch = "arm"))]
use crate::quant::Units;
#[cfg(not(target_arch = "arm"))]
use crate::simd::LANES;
use bytemuck::Zeroable;

impl WeightStore<'_, '_> {
    /// Fills the store: finds every tensor, copies vectors and what `budget` pins, and leaves the
    /// rest mapped or streamed. Pinned rows are interleaved if the kernels want them so.
    /// With `checksums` what is copied is compared with them. `progress(done, total)` counts pinned bytes.
    ///
    /// # Errors
    /// [`WeightError`]: a tensor that is unknown, twice there, of the wrong shape, of an unsupported type or not what its
    /// checksum says; flash failures.
    pub async fn load<F: Flash>(
        &mut self,
        gguf: &Gguf,
        source: &mut Source<'_, F>,
        mut budget: PinBudget,
        kernels: &dyn Kernels,
        checksums: Option<Checksums>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), WeightError> {
        self.slots.fill(Slot::zeroed());
        self.vectors.fill(Group::zeroed());
        self.seen.fill(0);
        self.checksums = checksums.filter(|_| !self.sums.is_empty());
        // Without a divisor of its own, a rotary frequency is divided by one.
        if let Some((start, n)) = self.shapes.vector_place(Role::RopeFreqs) {
            self.vectors.iter_mut().skip(start).take(n).for_each(|g| *g = [1.0; 16]);
        }
        let shapes = self.shapes;
        // No tensor is missing: `Model::open` has counted them, and none may come twice here.
        walk(gguf, source, &shapes, &mut |tensor| self.enter(tensor, &mut budget)).await?;
        // Left out, not only passed over: what is awaited in a branch that is never taken is compiled all the same.
        #[cfg(feature = "checksums")]
        if let Some(checksums) = self.checksums {
            // Until now they held the tensors' places in the directory.
            for (sum, _) in self.sums.iter_mut().zip(&*self.slots).filter(|(_, slot)| slot.rows != 0) {
                *sum = checksums.tensor(source, *sum).await?;
            }
        }
        self.read_vectors(gguf, source, kernels).await?;
        if INTERLEAVES && kernels.interleaves() {
            for slot in self.slots.iter_mut().filter(|s| s.place == PINNED && s.units().is_some()) {
                slot.place = INTERLEAVED;
            }
        }
        self.read_pinned(source, kernels, progress).await
    }

    /// Notes a tensor's place, and that it was seen.
    fn enter(&mut self, t: Tensor, budget: &mut PinBudget) -> Result<(), WeightError> {
        if let (Some(index), Some(ty)) = (slot_index(t.role), t.ty) {
            let slot = self.slots.get_mut(index).ok_or(WeightError::Missing { role: t.role })?;
            if slot.rows != 0 {
                return Err(WeightError::Duplicate { role: t.role });
            }
            #[cfg(feature = "checksums")]
            if let Some(sum) = self.sums.get_mut(index) {
                *sum = t.index;
            }
            let pinned_at = budget.take(t.role, t.bytes());
            let place = match (pinned_at, self.mapped) {
                (Some(_), _) => PINNED,
                (None, Some(_)) => MAPPED,
                (None, None) => STREAMED,
            };
            let pinned_at = pinned_at.unwrap_or(0);
            let (ty, [cols, rows]) = (ty.id() as u16, t.dims);
            *slot = Slot { offset: t.offset, pinned_at, row_bytes: t.row_bytes, cols, rows, ty, place };
            return Ok(());
        }
        let (word, bit) = match t.role {
            Role::Vector(layer, v) => ((layer as usize).saturating_add(1), 1u32 << v as u32),
            Role::OutputNorm => (0, 1),
            _ => (0, 2),
        };
        let seen = self.seen.get_mut(word).ok_or(WeightError::Missing { role: t.role })?;
        if *seen & bit != 0 {
            return Err(WeightError::Duplicate { role: t.role });
        }
        *seen |= bit;
        Ok(())
    }

    /// Copies all vectors; they are small, and read by every pass.
    async fn read_vectors<F: Flash>(
        &mut self,
        gguf: &Gguf,
        source: &mut Source<'_, F>,
        kernels: &dyn Kernels,
    ) -> Result<(), WeightError> {
        let mut tensors = gguf.tensors();
        while let Some(info) = tensors.next(source).await? {
            let Some(role) = Role::parse(info.name_bytes.as_bytes()) else { continue };
            let Some((start, groups)) = self.shapes.vector_place(role) else { continue };
            let n = usize::try_from(info.ne[0]).unwrap_or(0);
            let place = self.vectors.get_mut(start..start.saturating_add(groups)).unwrap_or_default();
            let values = place.as_flattened_mut().get_mut(..n).unwrap_or_default();
            let bytes = bytemuck::try_cast_slice_mut(values).unwrap_or_default();
            let mut crc = Crc { kernels, crc: 0, checked: CHECKSUMS && self.checksums.is_some() };
            crc.read(source, info.offset, bytes).await?;
            #[cfg(feature = "checksums")]
            if let Some(checksums) = self.checksums
                && crc.crc != checksums.tensor(source, info.index).await?
            {
                return Err(WeightError::Checksum { role });
            }
            #[cfg(target_endian = "big")]
            compile_error!("GGUF weights are little-endian");
        }
        Ok(())
    }

    async fn read_pinned<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        kernels: &dyn Kernels,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), WeightError> {
        /// Bytes between two calls of `progress`.
        const STEP: usize = 1 << 20;
        let total = self.pinned.len() as u64;
        let mut done = 0u64;
        let checked = CHECKSUMS && self.checksums.is_some();
        for (i, slot) in self.slots.iter().enumerate().filter(|(_, s)| matches!(s.place, PINNED | INTERLEAVED)) {
            let mut crc = Crc { kernels, crc: 0, checked };
            let place = range(slot.pinned_at, slot.bytes()).and_then(|r| self.pinned.get_mut(r)).unwrap_or_default();
            // Left out where nothing is interleaved, as checksums above.
            #[cfg(not(target_arch = "arm"))]
            let place = if let (INTERLEAVED, Some(units)) = (slot.place, slot.units()) {
                let group_bytes = (slot.row_bytes as usize).saturating_mul(LANES);
                let whole = place.len().checked_div(group_bytes).unwrap_or(0).saturating_mul(group_bytes);
                let (groups, rest) = place.split_at_mut_checked(whole).unwrap_or_default();
                let mut offset = slot.offset;
                for group in groups.chunks_mut(group_bytes.max(1)) {
                    read_interleaved(source, offset, units, group, &mut crc).await?;
                    offset = offset.saturating_add(group_bytes as u64);
                    done = done.saturating_add(group_bytes as u64);
                    progress(done, total);
                }
                rest
            } else {
                place
            };
            let mut offset = slot.offset.saturating_add(slot.bytes().saturating_sub(place.len() as u64));
            for part in place.chunks_mut(STEP) {
                crc.read(source, offset, part).await?;
                offset = offset.saturating_add(part.len() as u64);
                done = done.saturating_add(part.len() as u64);
                progress(done, total);
            }
            if checked && self.sums.get(i) != Some(&crc.crc) {
                return Err(WeightError::Checksum { role: self.shapes.role_of(i) });
            }
        }
        Ok(())
    }

    /// Compares all mapped matrices with their checksums. `progress(done, total)` counts bytes.
    ///
    /// # Errors
    /// [`WeightError::Checksum`].
    pub fn check_mapped(&self, kernels: &dyn Kernels, progress: &mut dyn FnMut(u64, u64)) -> Result<(), WeightError> {
        /// Bytes between two calls of `progress`.
        const STEP: usize = 1 << 24;
        let total = self.slots.iter().filter(|s| s.place == MAPPED).fold(0, |n: u64, s| n.saturating_add(s.bytes()));
        let mut done = 0u64;
        for (i, slot) in self.slots.iter().enumerate().filter(|(_, s)| s.place == MAPPED) {
            let error = WeightError::Checksum { role: self.shapes.role_of(i) };
            let bytes = range(slot.offset, slot.bytes()).and_then(|r| self.mapped?.get(r)).ok_or(error)?;
            let mut crc = 0;
            for part in bytes.chunks(STEP) {
                crc = kernels.crc32c(crc, part);
                done = done.saturating_add(part.len() as u64);
                progress(done, total);
            }
            if self.sums.get(i) != Some(&crc) {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Reads the checksums of the embedding rows that a pass over `ids` reads, if they are checked.
    ///
    /// # Errors
    /// Flash failures.
    #[cfg(feature = "checksums")]
    pub async fn expect_rows<F: Flash>(&mut self, source: &mut Source<'_, F>, ids: &[u32]) -> Result<(), WeightError> {
        if let Some(checksums) = self.checksums
            && self.streamed_row_bytes(Role::TokenEmbd).is_some()
        {
            for (sum, &id) in self.row_sums.iter_mut().zip(ids) {
                *sum = checksums.row(source, id).await?;
            }
        }
        Ok(())
    }
}

/// The checksum of a tensor that is being read.
#[cfg_attr(not(feature = "checksums"), expect(dead_code, reason = "nothing is checked"))]
struct Crc<'k> {
    kernels: &'k dyn Kernels,
    crc: u32,
    checked: bool,
}

impl Crc<'_> {
    #[cfg(not(feature = "checksums"))]
    fn read<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        offset: u64,
        dst: &mut [u8],
    ) -> impl Future<Output = Result<(), FlashError>> {
        source.read(offset, dst)
    }

    #[cfg(feature = "checksums")]
    async fn read<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        offset: u64,
        dst: &mut [u8],
    ) -> Result<(), FlashError> {
        if !self.checked {
            return source.read(offset, dst).await;
        }
        source.read_once(offset, dst).await?;
        self.crc = self.kernels.crc32c(self.crc, dst);
        Ok(())
    }
}

/// Reads sixteen rows and interleaves them on their way into `group`.
#[cfg(not(target_arch = "arm"))]
async fn read_interleaved<F: Flash>(
    source: &mut Source<'_, F>,
    mut offset: u64,
    units: Units,
    group: &mut [u8],
    crc: &mut Crc<'_>,
) -> Result<(), WeightError> {
    let mut piece = [0; 1024];
    let blocks = group.len().checked_div(units.block_bytes).unwrap_or(0);
    let row_blocks = blocks / LANES;
    let step = piece.len().checked_div(units.block_bytes).unwrap_or(0).max(1);
    for first in (0..blocks).step_by(step) {
        let n = step.min(blocks.saturating_sub(first));
        let piece = piece.get_mut(..n.saturating_mul(units.block_bytes)).unwrap_or_default();
        crc.read(source, offset, piece).await?;
        units.interleave(group, row_blocks, first, piece);
        offset = offset.saturating_add(piece.len() as u64);
    }
    Ok(())
}
