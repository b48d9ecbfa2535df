//! All weights of a model, wherever they are.

use super::checksums::Checksums;
use super::role::{LayerMatrix, Role};
use super::shapes::Shapes;
use super::verify::CHECKSUMS;
use crate::arena::{Arena, Region};
use crate::kernels::{Group, Norm};
use crate::quant::{INTERLEAVES, Units, Weight, WeightType};
use bytemuck::{Pod, Zeroable};

/// A matrix's entry in the store.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct Slot {
    /// Absolute offset in flash.
    pub(super) offset: u64,
    /// Offset in the pinned bytes.
    pub(super) pinned_at: u64,
    pub(super) row_bytes: u32,
    pub(super) cols: u32,
    /// 0 while no tensor was found.
    pub(super) rows: u32,
    /// ggml's type number.
    pub(super) ty: u16,
    pub(super) place: u16,
}

impl Slot {
    /// Bytes of the matrix.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.row_bytes).saturating_mul(u64::from(self.rows))
    }

    /// The units of its blocks, if they can be interleaved.
    pub(super) fn units(&self) -> Option<Units> {
        WeightType::from_id(u32::from(self.ty))?.units()
    }
}

pub(super) const MAPPED: u16 = 1;
pub(super) const PINNED: u16 = 2;
pub(super) const STREAMED: u16 = 3;
/// Pinned, with groups of sixteen rows interleaved.
pub(super) const INTERLEAVED: u16 = 4;

/// Index of a matrix's slot.
pub(super) fn slot_index(role: Role) -> Option<usize> {
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
    pub(super) shapes: Shapes,
    pub(super) slots: &'a mut [Slot],
    pub(super) vectors: &'a mut [Group],
    /// A bit for each vector found: one word for the globals, then one for each layer.
    pub(super) seen: &'a mut [u32],
    pub(super) pinned: &'a mut [u8],
    pub(super) mapped: Option<&'m [u8]>,
    /// Checksums of the matrices; none if nothing is checked.
    pub(super) sums: &'a mut [u32],
    /// Checksums of the embedding rows of a pass.
    pub(super) row_sums: &'a mut [u32],
    pub(super) checksums: Option<Checksums>,
}

impl<'a, 'm> WeightStore<'a, 'm> {
    /// Takes the tables and `pinned` bytes, and room for checksums if passes over up to `checked_tokens` are checked. Where there is no room the arena tells.
    pub(crate) fn take(
        shapes: Shapes,
        mapped: Option<&'m [u8]>,
        pinned: usize,
        checked_tokens: usize,
        arena: &mut Arena<'a>,
    ) -> Self {
        let layers = shapes.n_layer as usize;
        let globals = shapes.vector_place(Role::RopeFreqs).map_or(0, |(start, n)| start.saturating_add(n));
        let vectors = layers.saturating_mul(shapes.layer_vector_groups()).saturating_add(globals);
        let slots = layers.saturating_mul(LayerMatrix::ALL.len()).saturating_add(2);
        let checked = CHECKSUMS && checked_tokens > 0;
        WeightStore {
            shapes,
            slots: arena.take(Region::Tables, slots),
            vectors: arena.take(Region::Tables, vectors),
            seen: arena.take(Region::Tables, layers.saturating_add(1)),
            pinned: arena.take(Region::Pinned, pinned),
            mapped,
            sums: if checked { arena.take(Region::Tables, slots) } else { Default::default() },
            row_sums: if checked { arena.take(Region::Tables, checked_tokens) } else { Default::default() },
            checksums: None,
        }
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

    pub(super) fn slot(&self, role: Role) -> Option<&Slot> {
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

    /// The divisor of each rotary frequency, `[n_rot / 2]`.
    #[must_use]
    pub fn rope_divisors(&self) -> &[f32] {
        let place = self.shapes.vector_place(Role::RopeFreqs);
        let place = place.and_then(|(start, n)| self.vectors.get(start..start.saturating_add(n)));
        place.unwrap_or_default().as_flattened()
    }
}

pub(super) fn range(start: u64, bytes: u64) -> Option<core::ops::Range<usize>> {
    let start = usize::try_from(start).ok()?;
    Some(start..start.checked_add(usize::try_from(bytes).ok()?)?)
}
