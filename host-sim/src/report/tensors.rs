//! The tensors of a model, and the places where a plan puts them.

use flashlet::Plan;
use flashlet::internal::weights::{Tensor, walk};
use flashlet::weights::{LayerTensor, Role};

use crate::engine::{Opened, about_file};
use crate::failure::Failure;
use crate::sim::wait;

/// The purpose of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Embedding,
    /// The table of the layers' inputs, of which a pass reads single rows.
    PerLayerEmbedding,
    /// A matrix that makes the layers' inputs, or that applies one.
    PerLayerInput,
    Query,
    Key,
    Value,
    /// The three as one matrix.
    QueryKeyValue,
    AttentionOutput,
    /// A matrix of a convolution, a scan or a time mix.
    Recurrent,
    Gate,
    Up,
    Down,
    Head,
    Vectors,
}

impl Kind {
    /// All, in the order of use.
    pub(super) const ALL: [Kind; 14] = [
        Kind::Embedding,
        Kind::PerLayerEmbedding,
        Kind::Query,
        Kind::Key,
        Kind::Value,
        Kind::QueryKeyValue,
        Kind::AttentionOutput,
        Kind::Recurrent,
        Kind::Gate,
        Kind::Up,
        Kind::Down,
        Kind::PerLayerInput,
        Kind::Head,
        Kind::Vectors,
    ];

    /// The purpose in words; an embedding may be the head too.
    pub(super) fn name(self, tied: bool) -> &'static str {
        match self {
            Kind::Embedding if tied => "embedding and head",
            Kind::Embedding => "embedding",
            Kind::PerLayerEmbedding => "per-layer embedding",
            Kind::PerLayerInput => "per-layer inputs",
            Kind::Query => "attention Q",
            Kind::Key => "attention K",
            Kind::Value => "attention V",
            Kind::QueryKeyValue => "attention Q, K and V",
            Kind::Recurrent => "recurrent layers",
            Kind::AttentionOutput => "attention output",
            Kind::Gate => "gate",
            Kind::Up => "up",
            Kind::Down => "down",
            Kind::Head => "head",
            Kind::Vectors => "norms and scales",
        }
    }

    fn of(role: Role, is_matrix: bool) -> Kind {
        match role {
            _ if !is_matrix => Kind::Vectors,
            Role::TokenEmbd => Kind::Embedding,
            Role::Output => Kind::Head,
            Role::PerLayerTokenEmbd => Kind::PerLayerEmbedding,
            Role::PerLayerModelProj | Role::Layer(_, LayerTensor::InputGate | LayerTensor::InputProj) => {
                Kind::PerLayerInput
            }
            Role::Layer(_, LayerTensor::Q) => Kind::Query,
            Role::Layer(_, LayerTensor::K) => Kind::Key,
            Role::Layer(_, LayerTensor::V) => Kind::Value,
            Role::Layer(_, LayerTensor::AttnOut) => Kind::AttentionOutput,
            Role::Layer(_, LayerTensor::Gate) => Kind::Gate,
            Role::Layer(_, LayerTensor::Up) => Kind::Up,
            Role::Layer(_, LayerTensor::Down) => Kind::Down,
            Role::Layer(_, LayerTensor::Qkv) => Kind::QueryKeyValue,
            // What is left are matrices of layers with a state.
            _ => Kind::Recurrent,
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
    let mut all: Vec<Tensor> = Vec::new();
    let mut each = |tensor| {
        all.push(tensor);
        Ok(())
    };
    let walked = walk(model.gguf(), &mut opened.source, model.config(), &mut each);
    wait(walked).map_err(|error| about_file(opened.file, &mut opened.file.source(), error))?;
    let residency = plan.residency;
    let mut budget = model.pin_budget(plan);
    let line = |tensor: &Tensor| {
        let is_matrix = tensor.ty.is_some();
        let place = match tensor.role {
            _ if !is_matrix => Place::Tables,
            role if budget.take(role, tensor.bytes()).is_some() => Place::Pinned,
            _ if residency.mapped_bytes > 0 => Place::Mapped,
            _ => Place::Streamed,
        };
        TensorLine {
            name: tensor.role.to_string(),
            kind: Kind::of(tensor.role, is_matrix),
            format: tensor.ty.map_or("F32", |ty| ty.name()),
            dims: tensor.dims,
            bytes: tensor.bytes(),
            place,
            is_matrix,
        }
    };
    Ok(all.iter().map(line).collect())
}
