//! The tensors of a model, and the places where a plan puts them.

use flashlet::session::Plan;
use flashlet::weights::{LayerMatrix, Role, Tensor, walk};

use crate::engine::{Opened, about_file};
use crate::failure::Failure;
use crate::sim::wait;

/// The purpose of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Embedding,
    Query,
    Key,
    Value,
    AttentionOutput,
    Gate,
    Up,
    Down,
    Head,
    Vectors,
}

impl Kind {
    /// All, in the order of use.
    pub(super) const ALL: [Kind; 10] = [
        Kind::Embedding,
        Kind::Query,
        Kind::Key,
        Kind::Value,
        Kind::AttentionOutput,
        Kind::Gate,
        Kind::Up,
        Kind::Down,
        Kind::Head,
        Kind::Vectors,
    ];

    /// The purpose in words; an embedding may be the head too.
    pub(super) fn name(self, tied: bool) -> &'static str {
        match self {
            Kind::Embedding if tied => "embedding and head",
            Kind::Embedding => "embedding",
            Kind::Query => "attention Q",
            Kind::Key => "attention K",
            Kind::Value => "attention V",
            Kind::AttentionOutput => "attention output",
            Kind::Gate => "gate",
            Kind::Up => "up",
            Kind::Down => "down",
            Kind::Head => "head",
            Kind::Vectors => "norms and scales",
        }
    }

    fn of(role: Role) -> Kind {
        match role {
            Role::TokenEmbd => Kind::Embedding,
            Role::Output => Kind::Head,
            Role::Matrix(_, LayerMatrix::Q) => Kind::Query,
            Role::Matrix(_, LayerMatrix::K) => Kind::Key,
            Role::Matrix(_, LayerMatrix::V) => Kind::Value,
            Role::Matrix(_, LayerMatrix::AttnOut) => Kind::AttentionOutput,
            Role::Matrix(_, LayerMatrix::Gate) => Kind::Gate,
            Role::Matrix(_, LayerMatrix::Up) => Kind::Up,
            Role::Matrix(_, LayerMatrix::Down) => Kind::Down,
            Role::OutputNorm | Role::RopeFreqs | Role::Vector(..) => Kind::Vectors,
        }
    }
}

/// The place of a tensor while the model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Pinned,
    Streamed,
    Mapped,
    /// Copied into the tables: small vectors.
    Tables,
}

impl Place {
    pub(super) const ALL: [Place; 4] = [Place::Pinned, Place::Streamed, Place::Mapped, Place::Tables];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Place::Pinned => "pinned",
            Place::Streamed => "streamed",
            Place::Mapped => "mapped",
            Place::Tables => "tables",
        }
    }
}

/// A tensor as a report lists it.
#[derive(Clone, Debug)]
pub(super) struct TensorLine {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) format: &'static str,
    pub(super) dims: [u32; 2],
    pub(super) bytes: u64,
    pub(super) place: Place,
    pub(super) is_matrix: bool,
}

/// All tensors, in the order of the file.
pub(super) fn tensors(opened: &mut Opened<'_>, plan: &Plan) -> Result<Vec<TensorLine>, Failure> {
    let model = &opened.model;
    let shapes = model.config().shapes;
    let mut all: Vec<Tensor> = Vec::new();
    let mut each = |tensor| {
        all.push(tensor);
        Ok(())
    };
    let walked = walk(model.gguf(), &mut opened.source, &shapes, &mut each);
    wait(walked).map_err(|error| about_file(opened.file, &mut opened.file.source(), error))?;
    let residency = plan.residency;
    let mut budget = model.pin_budget(plan);
    let line = |tensor: &Tensor| {
        let is_matrix = tensor.role.is_matrix();
        let place = match tensor.role {
            _ if !is_matrix => Place::Tables,
            role if budget.take(role, tensor.bytes()).is_some() => Place::Pinned,
            _ if residency.mapped_bytes > 0 => Place::Mapped,
            _ => Place::Streamed,
        };
        TensorLine {
            name: tensor.role.to_string(),
            kind: Kind::of(tensor.role),
            format: tensor.ty.map_or("F32", |ty| ty.name()),
            dims: tensor.dims,
            bytes: tensor.bytes(),
            place,
            is_matrix,
        }
    };
    Ok(all.iter().map(line).collect())
}
