//! Filling a store: every tensor found, and copied where it is to be in memory.

use super::catalogue::{Catalogue, Kind};
use super::checksums::Checksums;
use super::error::WeightError;
use super::pin::PinBudget;
#[cfg(feature = "checksums")]
use super::role::PER_LAYER;
#[cfg(feature = "checksums")]
use super::role::Role;
use super::role::VARIANTS;
#[cfg(feature = "attention-variants")]
use super::store::Slot;
use super::store::{ABSENT, COPIED, INTERLEAVED, MAPPED, PINNED, STREAMED, TRANSPOSED, WeightStore, range};
use super::tensors::{Tensor, walk};
use super::verify::CHECKSUMS;
use crate::flash::{Flash, FlashError, Source};
use crate::gguf::Gguf;
#[cfg(feature = "attention-variants")]
use crate::kernels::Group;
use crate::kernels::{Kernels, groups};
use crate::quant::INTERLEAVES;
#[cfg(not(target_arch = "arm"))]
use crate::quant::Units;
#[cfg(any(not(target_arch = "arm"), feature = "attention-variants"))]
use crate::simd::LANES;

#[cfg_attr(feature = "blocking", macros::blocking)]
impl WeightStore<'_, '_> {
    /// Fills the store: finds every tensor, copies vectors and what `budget` pins, and leaves the
    /// rest mapped or streamed. Pinned rows are interleaved if the kernels want them so.
    /// With `checksums` what is copied is compared with them. `progress(done, total)` counts pinned bytes.
    ///
    /// # Errors
    /// [`WeightError`]: a tensor that is unknown, twice there, of the wrong shape, of an unsupported type or not what
    /// its checksum says; flash failures.
    pub async fn load<F: Flash>(
        &mut self,
        model: (&Gguf, &dyn Catalogue),
        source: &mut Source<'_, F>,
        mut budget: PinBudget,
        kernels: &dyn Kernels,
        checksums: Option<Checksums>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), WeightError> {
        let (gguf, catalogue) = model;
        self.checksums = checksums.filter(|_| !self.sums.is_empty());
        self.lay_out(catalogue);
        // No tensor is missing: `Model::open` has counted them, and none may come twice here.
        walk(gguf, source, catalogue, &mut |tensor| self.enter(tensor, &mut budget)).await?;
        self.streams = self.slots.iter().any(|slot| slot.place == STREAMED);
        // `cfg`, not a constant condition: a future that is awaited in a branch never taken would still be compiled.
        #[cfg(feature = "checksums")]
        if let Some(checksums) = self.checksums {
            // Until now they held the tensors' places in the directory.
            for (sum, _) in self.sums.iter_mut().zip(&*self.slots).filter(|(_, slot)| slot.place != ABSENT) {
                *sum = checksums.tensor(source, *sum).await?;
            }
        }
        self.read_vectors(source, kernels).await?;
        if INTERLEAVES && kernels.interleaves() {
            for slot in self.slots.iter_mut().filter(|s| s.place == PINNED && s.units().is_some()) {
                slot.place = INTERLEAVED;
            }
        }
        self.read_pinned(source, kernels, progress).await
    }

    /// Notes a tensor's place.
    fn enter(&mut self, t: Tensor, budget: &mut PinBudget) -> Result<(), WeightError> {
        let missing = WeightError::Missing { role: t.role };
        let index = self.index_of(t.role).ok_or(missing)?;
        let slot = self.slots.get_mut(index).ok_or(missing)?;
        if slot.place != ABSENT {
            return Err(WeightError::Duplicate { role: t.role });
        }
        #[cfg(feature = "checksums")]
        if let Some(sum) = self.sums.get_mut(index) {
            *sum = t.index;
        }
        if VARIANTS && t.kind == Kind::Unused {
            return Ok(());
        }
        (slot.offset, slot.row_bytes) = (t.offset, t.row_bytes);
        let Some(ty) = t.ty else {
            slot.place = if VARIANTS && t.kind == Kind::Panel { TRANSPOSED } else { COPIED };
            return Ok(());
        };
        slot.ty = ty.id() as u8;
        let pinned_at = budget.take(t.role, t.bytes());
        slot.place = match (pinned_at, self.mapped) {
            (Some(_), _) => PINNED,
            (None, Some(_)) => MAPPED,
            (None, None) => STREAMED,
        };
        slot.at = pinned_at.unwrap_or(0);
        Ok(())
    }

    /// Copies all vectors; they are small, and read by every pass.
    async fn read_vectors<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        kernels: &dyn Kernels,
    ) -> Result<(), WeightError> {
        let checked = CHECKSUMS && self.checksums.is_some();
        for (i, slot) in self.slots.iter().enumerate().filter(|(_, slot)| matches!(slot.place, COPIED | TRANSPOSED)) {
            let place = range(slot.at, slot.groups()).and_then(|r| self.vectors.get_mut(r)).unwrap_or_default();
            let mut crc = Crc { kernels, crc: 0, checked };
            let mut offset = slot.offset;
            #[cfg(feature = "attention-variants")]
            let place = if slot.place == TRANSPOSED {
                read_transposed(source, slot, place, &mut crc).await?;
                &mut []
            } else {
                place
            };
            for row in place.chunks_mut(groups(slot.cols as usize).max(1)) {
                let values = row.as_flattened_mut().get_mut(..slot.cols as usize).unwrap_or_default();
                crc.read(source, offset, bytemuck::try_cast_slice_mut(values).unwrap_or_default()).await?;
                offset = offset.saturating_add(u64::from(slot.row_bytes));
            }
            if CHECKSUMS && checked && self.sums.get(i) != Some(&crc.crc) {
                return Err(WeightError::Checksum { role: self.role_of(i) });
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
            let place = range(slot.at, slot.bytes()).and_then(|r| self.pinned.get_mut(r)).unwrap_or_default();
            // `cfg` for the same reason, as nothing is interleaved there.
            #[cfg(not(target_arch = "arm"))]
            let place = if let (INTERLEAVED, Some(units)) = (slot.place, slot.units()) {
                let group_bytes = (slot.row_bytes as usize).saturating_mul(LANES);
                let whole = place.len().checked_div(group_bytes).unwrap_or(0).saturating_mul(group_bytes);
                let (groups, rest) = place.split_at_mut_checked(whole).unwrap_or_default();
                let mut read = |bytes| {
                    done = done.saturating_add(bytes);
                    progress(done, total);
                };
                read_interleaved(source, slot.offset, (units, group_bytes), groups, &mut crc, &mut read).await?;
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
            if CHECKSUMS && checked && self.sums.get(i) != Some(&crc.crc) {
                return Err(WeightError::Checksum { role: self.role_of(i) });
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
            let error = WeightError::Checksum { role: self.role_of(i) };
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

    /// Reads the checksums of the rows that a pass over `ids` reads of each table, if they are checked.
    ///
    /// # Errors
    /// Flash failures.
    #[cfg(feature = "checksums")]
    pub async fn expect_rows<F: Flash>(&mut self, source: &mut Source<'_, F>, ids: &[u32]) -> Result<(), WeightError> {
        let Some(checksums) = self.checksums else { return Ok(()) };
        let streamed = |role| self.slot(role).is_some_and(|slot| slot.place == STREAMED);
        let streamed = [streamed(Role::TokenEmbd), PER_LAYER && streamed(Role::PerLayerTokenEmbd)];
        for (table, sums) in self.row_sums.iter_mut().enumerate() {
            for (sum, &id) in sums.iter_mut().zip(ids).filter(|_| streamed.get(table) == Some(&true)) {
                *sum = checksums.row(source, table, id).await?;
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

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Crc<'_> {
    #[cfg(not(feature = "checksums"))]
    async fn read<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        offset: u64,
        dst: &mut [u8],
    ) -> Result<(), FlashError> {
        source.read(offset, dst).await
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

/// Reads the columns of a tensor into the vectors of panel `to`.
#[cfg(feature = "attention-variants")]
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn read_transposed<F: Flash>(
    source: &mut Source<'_, F>,
    slot: &Slot,
    to: &mut [Group],
    crc: &mut Crc<'_>,
) -> Result<(), WeightError> {
    let mut piece = [0.0_f32; 256];
    let vectors = (slot.rows as usize).max(1);
    let elements = vectors.saturating_mul(slot.cols as usize);
    let mut offset = slot.offset;
    for first in (0..elements).step_by(piece.len()) {
        let n = piece.len().min(elements.saturating_sub(first));
        let piece = piece.get_mut(..n).unwrap_or_default();
        let bytes: &mut [u8] = bytemuck::try_cast_slice_mut(piece).unwrap_or_default();
        crc.read(source, offset, bytes).await?;
        offset = offset.saturating_add(bytes.len() as u64);
        for (i, value) in (first..).zip(&*piece) {
            let [element, vector] = [i.checked_div(vectors), i.checked_rem(vectors)].map(Option::unwrap_or_default);
            let group = (element / LANES).saturating_mul(vectors).saturating_add(vector);
            if let Some(lane) = to.get_mut(group).and_then(|group| group.get_mut(element % LANES)) {
                *lane = *value;
            }
        }
    }
    Ok(())
}

/// Reads groups of sixteen rows, each of `group_bytes` bytes, into `groups`, interleaved. Several groups are read at once, to the place
/// one group behind their own; interleaving moves each forward by one. The last group has no room behind it, and goes through a small
/// buffer. `done` is told the bytes that were read.
#[cfg(not(target_arch = "arm"))]
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn read_interleaved<F: Flash>(
    source: &mut Source<'_, F>,
    mut offset: u64,
    (units, group_bytes): (Units, usize),
    mut groups: &mut [u8],
    crc: &mut Crc<'_>,
    done: &mut dyn FnMut(u64),
) -> Result<(), WeightError> {
    /// Bytes of a read, at most, unless a group has more.
    const READ_BYTES: usize = 128 << 10;
    let most = READ_BYTES.checked_div(group_bytes).unwrap_or(0).max(1);
    loop {
        let n = groups.len().checked_div(group_bytes).unwrap_or(0).saturating_sub(1).min(most);
        if n == 0 {
            break;
        }
        let bytes = n.saturating_mul(group_bytes);
        let rows = groups.get_mut(group_bytes..).and_then(|behind| behind.get_mut(..bytes)).unwrap_or_default();
        crc.read(source, offset, rows).await?;
        for _ in 0..n {
            let (group, behind) = groups.split_at_mut_checked(group_bytes).unwrap_or_default();
            units.interleave(group, row_blocks(units, group), 0, behind.get(..group_bytes).unwrap_or_default());
            groups = behind;
        }
        offset = offset.saturating_add(bytes as u64);
        done(bytes as u64);
    }
    read_last_interleaved(source, offset, units, groups, crc).await?;
    done(groups.len() as u64);
    Ok(())
}

/// Blocks of a row of a group.
#[cfg(not(target_arch = "arm"))]
fn row_blocks(units: Units, group: &[u8]) -> usize {
    group.len().checked_div(units.block_bytes).unwrap_or(0) / LANES
}

/// Reads one group of rows in small pieces, and interleaves them on their way.
#[cfg(not(target_arch = "arm"))]
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn read_last_interleaved<F: Flash>(
    source: &mut Source<'_, F>,
    mut offset: u64,
    units: Units,
    group: &mut [u8],
    crc: &mut Crc<'_>,
) -> Result<(), WeightError> {
    let mut piece = [0; 1024];
    let row_blocks = row_blocks(units, group);
    let blocks = row_blocks.saturating_mul(LANES);
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
