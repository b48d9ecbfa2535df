//! Where weights are: mapped in flash, pinned in the arena, or streamed through two tiles.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod stream;
mod tensors;

pub use crate::quant::{Weight, WeightType};
pub use stream::{Feed, Part, Schedule, Tiles, join, read_ahead};
pub use tensors::{LayerMatrix, LayerVector, Role, Shapes, Tensor, WeightError, walk};

use crate::arena::{ALIGN, Arena, ArenaError, Region};
use crate::flash::{Flash, Source};
use crate::gguf::Gguf;
use crate::kernels::{Group, Norm};
use crate::quant::{INTERLEAVES, Units};
use crate::simd::LANES;
use bytemuck::{Pod, Zeroable};

/// Where a model's weights are to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Residency {
    /// In memory as far as they fit; the rest mapped if the flash is, else streamed.
    #[default]
    Auto,
    /// All where they lie in mapped flash.
    Mapped,
    /// All copied into the arena.
    Pinned,
    /// All read anew for every pass.
    Streamed,
}

/// Which matrices are pinned: a budget that is spent in the order of the file, on every matrix that
/// still fits. They are read once a pass, so each pinned byte saves one byte of traffic; an embedding
/// that is not the head too saves a row a token only, and is pinned if everything is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinBudget {
    /// Bytes that may be pinned.
    pub left: u64,
    /// Bytes pinned so far.
    pub pinned: u64,
    /// Whether the embedding stays where it is.
    pub skips_embedding: bool,
}

impl PinBudget {
    /// A budget of `bytes`.
    #[must_use]
    pub fn new(bytes: u64, skips_embedding: bool) -> Self {
        PinBudget { left: bytes, pinned: 0, skips_embedding }
    }

    /// Bytes that a pinned matrix of `bytes` takes: it starts where a flash can read to directly.
    #[must_use]
    pub fn size_of(bytes: u64) -> u64 {
        bytes.checked_next_multiple_of(ALIGN as u64).unwrap_or(u64::MAX)
    }

    /// Whether matrix `role` of `bytes` is pinned; if so, where.
    pub fn take(&mut self, role: Role, bytes: u64) -> Option<u64> {
        if self.skips_embedding && role == Role::TokenEmbd {
            return None;
        }
        let bytes = PinBudget::size_of(bytes);
        self.left = self.left.checked_sub(bytes)?;
        let at = self.pinned;
        self.pinned = self.pinned.saturating_add(bytes);
        Some(at)
    }
}

/// A matrix's entry in the store.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Slot {
    /// Absolute offset in flash.
    offset: u64,
    /// Offset in the pinned bytes.
    pinned_at: u64,
    row_bytes: u32,
    cols: u32,
    /// 0 while no tensor was found.
    rows: u32,
    /// ggml's type number.
    ty: u16,
    place: u16,
}

impl Slot {
    /// What its blocks come apart into, if they can be interleaved.
    fn units(&self) -> Option<Units> {
        WeightType::from_id(u32::from(self.ty))?.units()
    }
}

const MAPPED: u16 = 1;
const PINNED: u16 = 2;
const STREAMED: u16 = 3;
/// Pinned, with groups of sixteen rows interleaved.
const INTERLEAVED: u16 = 4;

/// Index of a matrix's slot.
fn slot_index(role: Role) -> Option<usize> {
    match role {
        Role::TokenEmbd => Some(0),
        Role::Output => Some(1),
        Role::Matrix(layer, m) => {
            (layer as usize).checked_mul(LayerMatrix::ALL.len())?.checked_add(m as usize)?.checked_add(2)
        }
        _ => None,
    }
}

/// All weights of a model.
pub struct WeightStore<'a, 'm> {
    shapes: Shapes,
    slots: &'a mut [Slot],
    vectors: &'a mut [Group],
    /// A bit for each vector found: one word for the globals, then one for each layer.
    seen: &'a mut [u32],
    pinned: &'a mut [u8],
    mapped: Option<&'m [u8]>,
}

impl<'a, 'm> WeightStore<'a, 'm> {
    /// Carves the tables and `pinned` bytes.
    ///
    /// # Errors
    /// [`ArenaError`].
    pub fn carve(
        shapes: Shapes,
        mapped: Option<&'m [u8]>,
        pinned: usize,
        arena: &mut Arena<'a>,
    ) -> Result<Self, ArenaError> {
        let layers = shapes.n_layer as usize;
        let globals = shapes.vector_place(Role::RopeFreqs).map_or(0, |(start, n)| start.saturating_add(n));
        let vectors = layers.saturating_mul(shapes.layer_vector_groups()).saturating_add(globals);
        let carved = WeightStore {
            shapes,
            slots: arena.take(Region::Tables, layers.saturating_mul(LayerMatrix::ALL.len()).saturating_add(2)),
            vectors: arena.take(Region::Tables, vectors),
            seen: arena.take(Region::Tables, layers.saturating_add(1)),
            pinned: arena.take(Region::Pinned, pinned),
            mapped,
        };
        arena.checked(carved)
    }

    /// Fills the store: finds every tensor, copies vectors and what `budget` pins, and leaves the
    /// rest mapped or streamed. Pinned rows are interleaved if the kernels want them so.
    /// `progress(done, total)` counts pinned bytes.
    ///
    /// # Errors
    /// [`WeightError`]: a tensor that is missing, unknown, twice there, of the wrong shape or of an
    /// unsupported type; flash failures.
    pub async fn load<F: Flash>(
        &mut self,
        gguf: &Gguf,
        source: &mut Source<'_, F>,
        mut budget: PinBudget,
        interleave: bool,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), WeightError> {
        self.slots.fill(Slot::zeroed());
        self.vectors.fill(Group::zeroed());
        self.seen.fill(0);
        // Without a divisor of its own, a rotary frequency is divided by one.
        if let Some((start, n)) = self.shapes.vector_place(Role::RopeFreqs) {
            self.vectors.iter_mut().skip(start).take(n).for_each(|g| *g = [1.0; 16]);
        }
        let shapes = self.shapes;
        walk(gguf, source, &shapes, &mut |tensor| self.enter(tensor, &mut budget)).await?;
        self.check_complete()?;
        self.read_vectors(gguf, source).await?;
        if INTERLEAVES && interleave {
            for slot in self.slots.iter_mut().filter(|s| s.place == PINNED && s.units().is_some()) {
                slot.place = INTERLEAVED;
            }
        }
        self.read_pinned(source, progress).await
    }

    /// Notes a tensor's place, and that it was seen.
    fn enter(&mut self, t: Tensor, budget: &mut PinBudget) -> Result<(), WeightError> {
        if let (Some(index), Some(ty)) = (slot_index(t.role), t.ty) {
            let slot = self.slots.get_mut(index).ok_or(WeightError::Missing { role: t.role })?;
            if slot.rows != 0 {
                return Err(WeightError::Duplicate { role: t.role });
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

    /// That every tensor which the architecture needs was there.
    fn check_complete(&self) -> Result<(), WeightError> {
        let has = |role| slot_index(role).and_then(|i| self.slots.get(i)).is_some_and(|s| s.rows != 0);
        let missing = |role| Err(WeightError::Missing { role });
        if !has(Role::TokenEmbd) {
            return missing(Role::TokenEmbd);
        }
        if self.seen.first().is_none_or(|bits| bits & 1 == 0) {
            return missing(Role::OutputNorm);
        }
        for (layer, seen) in (0..self.shapes.n_layer).zip(self.seen.iter().skip(1)) {
            for m in LayerMatrix::ALL {
                if !has(Role::Matrix(layer, m)) {
                    return missing(Role::Matrix(layer, m));
                }
            }
            for v in LayerVector::ALL {
                let role = Role::Vector(layer, v);
                if self.shapes.of(role).is_some() && seen & (1 << v as u32) == 0 {
                    return missing(role);
                }
            }
        }
        Ok(())
    }

    /// Copies all vectors; they are small, and read by every pass.
    async fn read_vectors<F: Flash>(&mut self, gguf: &Gguf, source: &mut Source<'_, F>) -> Result<(), WeightError> {
        let mut tensors = gguf.tensors();
        while let Some(info) = tensors.next(source).await? {
            let Some(role) = Role::parse(info.name_bytes.as_bytes()) else { continue };
            let Some((start, groups)) = self.shapes.vector_place(role) else { continue };
            let n = usize::try_from(info.ne[0]).unwrap_or(0);
            let place = self.vectors.get_mut(start..start.saturating_add(groups)).unwrap_or_default();
            let values = place.as_flattened_mut().get_mut(..n).unwrap_or_default();
            source.read(info.offset, bytemuck::try_cast_slice_mut(values).unwrap_or_default()).await?;
            #[cfg(target_endian = "big")]
            compile_error!("GGUF weights are little-endian");
        }
        Ok(())
    }

    async fn read_pinned<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), WeightError> {
        /// Bytes between two calls of `progress`.
        const STEP: usize = 1 << 20;
        let total = self.pinned.len() as u64;
        let mut done = 0u64;
        for slot in self.slots.iter().filter(|s| matches!(s.place, PINNED | INTERLEAVED)) {
            let bytes = u64::from(slot.row_bytes).saturating_mul(u64::from(slot.rows));
            let mut place = range(slot.pinned_at, bytes).and_then(|r| self.pinned.get_mut(r)).unwrap_or_default();
            let mut offset = slot.offset;
            if INTERLEAVES && let (INTERLEAVED, Some(units)) = (slot.place, slot.units()) {
                let group_bytes = (slot.row_bytes as usize).saturating_mul(LANES);
                let whole = place.len().checked_div(group_bytes).unwrap_or(0).saturating_mul(group_bytes);
                let (groups, rest) = place.split_at_mut_checked(whole).unwrap_or_default();
                for group in groups.chunks_mut(group_bytes.max(1)) {
                    read_interleaved(source, offset, units, group).await?;
                    offset = offset.saturating_add(group_bytes as u64);
                    done = done.saturating_add(group_bytes as u64);
                    progress(done, total);
                }
                place = rest;
            }
            for part in place.chunks_mut(STEP) {
                source.read(offset, part).await?;
                offset = offset.saturating_add(part.len() as u64);
                done = done.saturating_add(part.len() as u64);
                progress(done, total);
            }
        }
        Ok(())
    }

    /// The index of the matrix that turns hidden states into logits: the head, or the embedding.
    #[must_use]
    pub fn head(&self) -> Role {
        match self.slots.get(1) {
            Some(slot) if slot.rows != 0 => Role::Output,
            _ => Role::TokenEmbd,
        }
    }

    /// The shapes that the store was made for.
    #[must_use]
    pub fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    fn slot(&self, role: Role) -> Option<&Slot> {
        slot_index(role).and_then(|i| self.slots.get(i)).filter(|s| s.rows != 0)
    }

    /// A matrix's format.
    #[must_use]
    pub fn ty(&self, role: Role) -> Option<WeightType> {
        self.slot(role).and_then(|s| WeightType::from_id(u32::from(s.ty)))
    }

    /// A matrix in memory; `None` if it is streamed.
    #[must_use]
    pub fn resident(&self, role: Role) -> Option<Weight<'_>> {
        let slot = self.slot(role)?;
        let bytes = u64::from(slot.row_bytes).checked_mul(u64::from(slot.rows))?;
        let bytes = match slot.place {
            PINNED | INTERLEAVED => self.pinned.get(range(slot.pinned_at, bytes)?)?,
            MAPPED => self.mapped?.get(range(slot.offset, bytes)?)?,
            _ => return None,
        };
        let weight = Weight::new(WeightType::from_id(u32::from(slot.ty))?, bytes, slot.cols as usize)?;
        Some(if INTERLEAVES && slot.place == INTERLEAVED { weight.interleaved() } else { weight })
    }

    /// Bytes of a matrix's row, if it is streamed.
    #[must_use]
    pub(crate) fn streamed_row_bytes(&self, role: Role) -> Option<usize> {
        self.slot(role).filter(|s| s.place == STREAMED).map(|s| s.row_bytes as usize)
    }

    /// Rows of a matrix that arrived in a tile.
    #[must_use]
    pub fn arrived<'t>(&self, role: Role, bytes: &'t [u8]) -> Option<Weight<'t>> {
        let slot = self.slot(role)?;
        Weight::new(WeightType::from_id(u32::from(slot.ty))?, bytes, slot.cols as usize)
    }

    /// A norm of a layer, or the last one; `None` if the architecture has none there.
    #[must_use]
    pub fn norm(&self, role: Role, eps: f32) -> Option<Norm<'_>> {
        let (start, groups) = self.shapes.vector_place(role)?;
        let [width, _] = self.shapes.of(role)?;
        let weight = self.vectors.get(start..start.checked_add(groups)?)?;
        Some(Norm { weight, width: width as usize, eps })
    }

    /// What each rotary frequency is divided by, `[n_rot / 2]`.
    #[must_use]
    pub fn rope_divisors(&self) -> &[f32] {
        let place = self.shapes.vector_place(Role::RopeFreqs);
        let place = place.and_then(|(start, n)| self.vectors.get(start..start.saturating_add(n)));
        place.unwrap_or_default().as_flattened()
    }
}

/// Reads sixteen rows and interleaves them on their way into `group`.
async fn read_interleaved<F: Flash>(
    source: &mut Source<'_, F>,
    mut offset: u64,
    units: Units,
    group: &mut [u8],
) -> Result<(), WeightError> {
    let mut piece = [0; 1024];
    let blocks = group.len().checked_div(units.block_bytes).unwrap_or(0);
    let row_blocks = blocks / LANES;
    let step = piece.len().checked_div(units.block_bytes).unwrap_or(0).max(1);
    for first in (0..blocks).step_by(step) {
        let n = step.min(blocks.saturating_sub(first));
        let piece = piece.get_mut(..n.saturating_mul(units.block_bytes)).unwrap_or_default();
        source.read(offset, piece).await?;
        units.interleave(group, row_blocks, first, piece);
        offset = offset.saturating_add(piece.len() as u64);
    }
    Ok(())
}

fn range(start: u64, bytes: u64) -> Option<core::ops::Range<usize>> {
    let start = usize::try_from(start).ok()?;
    Some(start..start.checked_add(usize::try_from(bytes).ok()?)?)
}
