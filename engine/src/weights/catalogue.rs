//! The list of a model's tensors, from which everything else about them follows.
//!
//! A model says once which tensors it has, in the order in which a pass uses them. The order of streaming, the table of
//! tensors in memory, the checks of a file's directory, the order in which a file is packed and the sizes of a plan derive
//! from that list.

use super::role::{Role, VARIANTS};
use crate::kernels::groups;

/// A stretch of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// From token ids to the first layer.
    Before,
    /// A layer.
    Layer(u32),
    /// From the last layer to logits.
    After,
}

/// The form in which a tensor is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Blocks of a weight format: mapped, pinned or streamed.
    Matrix,
    /// `f32`, copied to memory; each row is padded to whole groups.
    Vector,
    /// `f32`, copied to memory with its rows one after the other, as one vector.
    Joined,
    /// `f32`, copied to memory with its rows as columns: as a panel of as many vectors as the file's rows have elements.
    Panel,
    /// Not kept: some files have it, and nothing needs it.
    Unused,
}

/// A tensor that a model uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the model.
    pub role: Role,
    /// The form in which it is kept.
    pub kind: Kind,
    /// Columns and rows.
    pub dims: [u32; 2],
    /// True if the model can do without it.
    pub optional: bool,
}

impl Entry {
    /// A matrix of `cols` columns and `rows` rows that the model needs.
    #[must_use]
    pub fn matrix(role: Role, cols: u32, rows: u32) -> Entry {
        Entry { role, kind: Kind::Matrix, dims: [cols, rows], optional: false }
    }

    /// A vector of `n` elements that the model needs.
    #[must_use]
    pub fn vector(role: Role, n: u32) -> Entry {
        Entry::vectors(role, n, 1)
    }

    /// Vectors of `cols` elements, `rows` of them, that the model needs.
    #[must_use]
    pub fn vectors(role: Role, cols: u32, rows: u32) -> Entry {
        Entry { role, kind: Kind::Vector, dims: [cols, rows], optional: false }
    }

    /// One vector of `cols * rows` elements that the model needs, which the file has as `rows` rows.
    #[must_use]
    pub fn joined(role: Role, cols: u32, rows: u32) -> Entry {
        Entry { kind: Kind::Joined, ..Entry::vectors(role, cols, rows) }
    }

    /// A panel of `n` vectors of `width` elements that the model needs: the file has all vectors' first elements first.
    #[must_use]
    pub fn panel(role: Role, n: u32, width: u32) -> Entry {
        Entry { kind: Kind::Panel, ..Entry::vectors(role, n, width) }
    }

    /// A tensor of `cols` columns and `rows` rows that files have and no pass needs.
    #[must_use]
    pub fn unused(role: Role, cols: u32, rows: u32) -> Entry {
        Entry::vectors(role, cols, rows).not_needed()
    }

    /// The same tensor where files may have it and no pass needs it.
    #[must_use]
    pub fn not_needed(self) -> Entry {
        Entry { kind: Kind::Unused, optional: true, ..self }
    }

    /// The same tensor where the model can do without it.
    #[must_use]
    pub fn optional(self) -> Entry {
        Entry { optional: true, ..self }
    }

    /// Groups of sixteen that vectors take in memory; 0 for a matrix.
    pub(super) fn vector_groups(&self) -> usize {
        let [width, n] = self.in_memory();
        if matches!(self.kind, Kind::Matrix | Kind::Unused) {
            0
        } else {
            groups(width as usize).saturating_mul(n as usize)
        }
    }

    /// The width of the vectors in memory, and their number.
    pub(super) fn in_memory(&self) -> [u32; 2] {
        let [cols, rows] = self.dims;
        match self.kind {
            Kind::Joined if VARIANTS => [cols.saturating_mul(rows), 1],
            Kind::Panel if VARIANTS => [rows, cols],
            _ => [cols, rows],
        }
    }
}

/// A model as the list of its tensors.
pub trait Catalogue {
    /// Layers.
    fn n_layer(&self) -> u32;

    /// Calls `each` with the tensors of a section, in the order in which a pass uses them.
    fn tensors(&self, section: Section, each: &mut dyn FnMut(Entry));
}

/// The sections of a model, in the order of a pass.
pub(super) fn sections(catalogue: &dyn Catalogue) -> impl Iterator<Item = Section> + use<> {
    let n_layer = catalogue.n_layer();
    (0..n_layer.saturating_add(2)).map(move |i| match i.checked_sub(1) {
        None => Section::Before,
        Some(layer) if layer < n_layer => Section::Layer(layer),
        Some(_) => Section::After,
    })
}

/// Calls `each` with all tensors, in the order in which a pass uses them.
pub fn each_tensor(catalogue: &dyn Catalogue, each: &mut dyn FnMut(Entry)) {
    sections(catalogue).for_each(|section| catalogue.tensors(section, each));
}

/// The lengths of a store's tables.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableSizes {
    /// Layers of the model.
    pub(super) layers: usize,
    /// Its tensors.
    pub(super) tensors: usize,
    /// Tensors that it cannot do without.
    pub needed: usize,
    /// Groups of sixteen that its vectors take in memory.
    pub(super) vector_groups: usize,
    /// True if it has a table of which passes read single rows alone.
    pub has_table_of_rows: bool,
}

impl TableSizes {
    /// The tables for all tensors of a model.
    #[must_use]
    pub fn of(catalogue: &dyn Catalogue) -> TableSizes {
        let mut sizes = TableSizes { layers: catalogue.n_layer() as usize, ..TableSizes::default() };
        each_tensor(catalogue, &mut |entry| {
            sizes.tensors = sizes.tensors.saturating_add(1);
            sizes.needed = sizes.needed.saturating_add(usize::from(!entry.optional));
            sizes.has_table_of_rows |= entry.role.is_table_of_rows();
            sizes.vector_groups = sizes.vector_groups.saturating_add(entry.vector_groups());
        });
        sizes
    }
}

/// The entry of a tensor, if the model has it.
pub(super) fn entry(catalogue: &dyn Catalogue, role: Role) -> Option<Entry> {
    let mut found = None;
    let mut look = |section| {
        catalogue.tensors(section, &mut |entry| {
            if entry.role == role {
                found = Some(entry);
            }
        });
    };
    match role {
        Role::Layer(layer, _) if layer >= catalogue.n_layer() => {}
        Role::Layer(layer, _) => look(Section::Layer(layer)),
        _ => [Section::Before, Section::After].into_iter().for_each(look),
    }
    found
}
