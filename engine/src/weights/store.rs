//! All weights of a model, wherever they are.

use super::catalogue::{Catalogue, Entry, TableSizes, sections};
use super::checksums::Checksums;
use super::role::{LayerTensor, Role, VARIANTS};
use super::verify::CHECKSUMS;
use crate::arena::{Arena, Region};
use crate::kernels::{Group, groups};
use crate::quant::{INTERLEAVES, Units, Weight, WeightType};
use bytemuck::{Pod, Zeroable};

/// A tensor's entry in the store.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub(super) struct Slot {
    /// Absolute offset in flash.
    pub(super) offset: u64,
    /// Offset in the pinned bytes; of a vector, its first group.
    pub(super) at: u64,
    pub(super) row_bytes: u32,
    pub(super) cols: u32,
    pub(super) rows: u32,
    /// The tensor's [`Role::id`].
    pub(super) tensor: u8,
    /// ggml's type number.
    pub(super) ty: u8,
    pub(super) place: u8,
    /// 1 if the model can do without the tensor.
    pub(super) optional: u8,
}

impl Slot {
    /// Bytes of the tensor.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.row_bytes).saturating_mul(u64::from(self.rows))
    }

    /// The units of its blocks, if they can be interleaved.
    pub(super) fn units(&self) -> Option<Units> {
        WeightType::from_id(u32::from(self.ty))?.units()
    }

    /// Bytes of a row, if it is streamed.
    pub(super) fn streamed_row_bytes(&self) -> Option<usize> {
        (self.place == STREAMED).then_some(self.row_bytes as usize)
    }

    /// Groups of a vector.
    pub(super) fn groups(&self) -> u64 {
        (groups(self.cols as usize) as u64).saturating_mul(self.rows.into())
    }

    /// Rows of the matrix in other memory than its own: in a tile.
    pub(super) fn weight<'t>(&self, bytes: &'t [u8]) -> Option<Weight<'t>> {
        Weight::new(WeightType::from_id(u32::from(self.ty))?, bytes, self.cols as usize)
    }
}

/// No tensor was found.
pub(super) const ABSENT: u8 = 0;
pub(super) const MAPPED: u8 = 1;
pub(super) const PINNED: u8 = 2;
pub(super) const STREAMED: u8 = 3;
/// Pinned, with groups of sixteen rows interleaved.
pub(super) const INTERLEAVED: u8 = 4;
/// A vector, in the store's own memory.
pub(super) const COPIED: u8 = 5;
/// A panel, in the store's own memory, whose vectors are columns of the file's tensor.
pub(super) const TRANSPOSED: u8 = 6;

/// All weights of a model.
pub struct WeightStore<'a, 'm> {
    /// The tensors in the order in which a pass uses them.
    pub(super) slots: &'a mut [Slot],
    /// The first slot of each section.
    pub(super) starts: &'a mut [u32],
    pub(super) vectors: &'a mut [Group],
    pub(super) pinned: &'a mut [u8],
    pub(super) mapped: Option<&'m [u8]>,
    /// Checksums of the tensors; none if nothing is checked.
    pub(super) sums: &'a mut [u32],
    /// Checksums of the rows that a pass reads of each table.
    pub(super) row_sums: [&'a mut [u32]; Role::TABLES],
    pub(super) checksums: Option<Checksums>,
    /// True if any matrix is streamed.
    pub(super) streams: bool,
}

impl<'a, 'm> WeightStore<'a, 'm> {
    /// Carves the tables and `pinned` bytes, and memory for checksums if passes over up to `checked_tokens` are checked. The arena records
    /// if it is too small.
    pub(crate) fn take(
        tables: &TableSizes,
        mapped: Option<&'m [u8]>,
        pinned: usize,
        checked_tokens: usize,
        arena: &mut Arena<'a>,
    ) -> Self {
        let checked = CHECKSUMS && checked_tokens > 0;
        WeightStore {
            slots: arena.take(Region::Tables, tables.tensors),
            starts: arena.take(Region::Tables, tables.layers.saturating_add(2)),
            vectors: arena.take(Region::Tables, tables.vector_groups),
            pinned: arena.take(Region::Pinned, pinned),
            mapped,
            sums: if checked { arena.take(Region::Tables, tables.tensors) } else { Default::default() },
            row_sums: core::array::from_fn(|table| {
                let is_there = checked && (table == 0 || tables.has_table_of_rows);
                if is_there { arena.take(Region::Tables, checked_tokens) } else { Default::default() }
            }),
            checksums: None,
            streams: false,
        }
    }

    /// Enters all tensors of the model, none of which is there yet.
    pub(super) fn lay_out(&mut self, catalogue: &dyn Catalogue) {
        self.vectors.fill(Group::zeroed());
        let (mut next, mut at) = (0_usize, 0_usize);
        for (start, section) in self.starts.iter_mut().zip(sections(catalogue)) {
            *start = next as u32;
            catalogue.tensors(section, &mut |entry: Entry| {
                if let Some(slot) = self.slots.get_mut(next) {
                    let [cols, rows] = entry.in_memory();
                    let (tensor, optional) = (entry.role.id(), u8::from(entry.optional));
                    *slot = Slot { at: at as u64, cols, rows, tensor, optional, ..Slot::zeroed() };
                }
                next = next.saturating_add(1);
                at = at.saturating_add(entry.vector_groups());
            });
        }
    }

    /// The place of a tensor among the slots.
    #[inline]
    pub(super) fn index_of(&self, role: Role) -> Option<usize> {
        let id = role.id();
        let find = |start: u32, end: u32| {
            let slots = self.slots.get(start as usize..end as usize)?;
            // In a plain layer tensors lie in the order of their numbers.
            let place = match slots.get(usize::from(id)) {
                Some(slot) if slot.tensor == id => usize::from(id),
                _ => slots.iter().position(|slot| slot.tensor == id)?,
            };
            place.checked_add(start as usize)
        };
        if let Role::Layer(layer, _) = role {
            let section = (layer as usize).checked_add(1)?;
            return find(*self.starts.get(section)?, *self.starts.get(section.checked_add(1)?)?);
        }
        let before = find(0, *self.starts.get(1)?);
        before.or_else(|| find(*self.starts.last()?, self.slots.len() as u32))
    }

    /// The first slot after the layers.
    pub(super) fn head_start(&self) -> usize {
        self.starts.last().map_or(0, |start| *start as usize)
    }

    /// The role of the tensor in this slot.
    pub(super) fn role_of(&self, index: usize) -> Role {
        let sections = self.starts.iter().filter(|&&start| start as usize <= index).count();
        let layer = sections.checked_sub(2).filter(|_| sections < self.starts.len());
        let id = self.slots.get(index).map_or(0, |slot| slot.tensor);
        Role::from_id(layer.map(|layer| layer as u32), id)
    }

    /// True if the rows of the matrix after this one travel in turns with this one's.
    pub(super) fn travels_with_next(&self, index: usize) -> bool {
        let is = |slot: Option<&Slot>, tensor| slot.is_some_and(|s| s.tensor == tensor as u8 && s.place != ABSENT);
        let next = index.checked_add(1).and_then(|next| self.slots.get(next));
        is(self.slots.get(index), LayerTensor::Gate) && is(next, LayerTensor::Up)
    }

    /// The matrix that turns hidden states into logits: the head, or the embedding.
    #[must_use]
    pub fn head(&self) -> Role {
        if self.slot(Role::Output).is_some() { Role::Output } else { Role::TokenEmbd }
    }

    /// True if the file has the tensor.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.slot(role).is_some()
    }

    pub(super) fn slot(&self, role: Role) -> Option<&Slot> {
        self.index_of(role).and_then(|i| self.slots.get(i)).filter(|s| s.place != ABSENT)
    }

    /// A matrix in memory; `None` if it is streamed.
    pub(super) fn resident(&self, slot: &Slot) -> Option<Weight<'_>> {
        let bytes = match slot.place {
            PINNED | INTERLEAVED => self.pinned.get(range(slot.at, slot.bytes())?)?,
            MAPPED => self.mapped?.get(range(slot.offset, slot.bytes())?)?,
            _ => return None,
        };
        let weight = slot.weight(bytes)?;
        Some(if INTERLEAVES && slot.place == INTERLEAVED { weight.interleaved() } else { weight })
    }

    /// A vector's groups; `None` if the model has no such vector, or the file none.
    #[must_use]
    pub fn vector(&self, role: Role) -> Option<&[Group]> {
        self.vector_and_width(role).map(|(groups, _)| groups)
    }

    /// The divisors of the rotary frequencies of a session that is long or not, if the file has any.
    #[must_use]
    pub fn rope_divisors(&self, long: bool) -> &[f32] {
        let factors = if long { Role::RopeFactorsLong } else { Role::RopeFactorsShort };
        let factors = if VARIANTS { self.vector(factors) } else { None };
        factors.or_else(|| self.vector(Role::RopeFreqs)).unwrap_or_default().as_flattened()
    }

    /// A vector's groups, and its elements without padding; `None` if the model has no such vector, or the file none.
    #[must_use]
    pub fn vector_and_width(&self, role: Role) -> Option<(&[Group], usize)> {
        let slot = self.slot(role)?;
        Some((self.vectors.get(range(slot.at, slot.groups())?)?, slot.cols as usize))
    }
}

pub(super) fn range(start: u64, len: u64) -> Option<core::ops::Range<usize>> {
    let start = usize::try_from(start).ok()?;
    Some(start..start.checked_add(usize::try_from(len).ok()?)?)
}
