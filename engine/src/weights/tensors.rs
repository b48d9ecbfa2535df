//! Which tensors a model has, under which names and in which shapes.

use super::WeightError;
use crate::flash::{Flash, Source};
use crate::gguf::{Gguf, NameAt, TensorInfo};
use crate::kernels::Group;
use crate::quant::{Block, F32, WeightType};
use crate::simd::LANES;

/// The weight matrices of a layer, in the order in which a pass uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(missing_docs, reason = "the field's own names")]
pub enum LayerMatrix {
    Q,
    K,
    V,
    AttnOut,
    Gate,
    Up,
    Down,
}

/// The vectors of a layer: weights of norms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(missing_docs, reason = "the field's own names")]
pub enum LayerVector {
    AttnNorm,
    FfnNorm,
    QNorm,
    KNorm,
    PostAttnNorm,
    PostFfnNorm,
}

/// A tensor's place in a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Role {
    /// One row a token of the vocabulary.
    TokenEmbd,
    /// The head; where it is missing, the embedding serves.
    Output,
    /// The last norm.
    OutputNorm,
    /// Divisors of the rotary frequencies.
    RopeFreqs,
    /// A matrix of a layer.
    Matrix(u32, LayerMatrix),
    /// A vector of a layer.
    Vector(u32, LayerVector),
}

impl LayerMatrix {
    /// All, in the order of use.
    pub const ALL: [LayerMatrix; 7] = [
        LayerMatrix::Q,
        LayerMatrix::K,
        LayerMatrix::V,
        LayerMatrix::AttnOut,
        LayerMatrix::Gate,
        LayerMatrix::Up,
        LayerMatrix::Down,
    ];

    const fn name(self) -> &'static str {
        match self {
            LayerMatrix::Q => "attn_q.weight",
            LayerMatrix::K => "attn_k.weight",
            LayerMatrix::V => "attn_v.weight",
            LayerMatrix::AttnOut => "attn_output.weight",
            LayerMatrix::Gate => "ffn_gate.weight",
            LayerMatrix::Up => "ffn_up.weight",
            LayerMatrix::Down => "ffn_down.weight",
        }
    }
}

impl LayerVector {
    /// All.
    pub const ALL: [LayerVector; 6] = [
        LayerVector::AttnNorm,
        LayerVector::FfnNorm,
        LayerVector::QNorm,
        LayerVector::KNorm,
        LayerVector::PostAttnNorm,
        LayerVector::PostFfnNorm,
    ];

    const fn name(self) -> &'static str {
        match self {
            LayerVector::AttnNorm => "attn_norm.weight",
            LayerVector::FfnNorm => "ffn_norm.weight",
            LayerVector::QNorm => "attn_q_norm.weight",
            LayerVector::KNorm => "attn_k_norm.weight",
            LayerVector::PostAttnNorm => "post_attention_norm.weight",
            LayerVector::PostFfnNorm => "post_ffw_norm.weight",
        }
    }
}

impl Role {
    /// Whether the tensor is a matrix, which is mapped, pinned or streamed; vectors are always copied.
    #[must_use]
    pub fn is_matrix(self) -> bool {
        matches!(self, Role::TokenEmbd | Role::Output | Role::Matrix(..))
    }

    /// The role that a tensor name says; `None` for a name that no supported architecture has.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Role> {
        match name {
            b"token_embd.weight" => return Some(Role::TokenEmbd),
            b"output.weight" => return Some(Role::Output),
            b"output_norm.weight" => return Some(Role::OutputNorm),
            b"rope_freqs.weight" => return Some(Role::RopeFreqs),
            _ => {}
        }
        let rest = name.strip_prefix(b"blk.")?;
        let dot = rest.iter().position(|&b| b == b'.')?;
        let (digits, rest) = rest.split_at_checked(dot)?;
        let rest = rest.get(1..)?;
        if digits.is_empty() || digits.len() > 4 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let layer =
            digits.iter().fold(0u32, |n, &d| n.saturating_mul(10).saturating_add(u32::from(d.saturating_sub(b'0'))));
        if let Some(m) = LayerMatrix::ALL.into_iter().find(|m| m.name().as_bytes() == rest) {
            return Some(Role::Matrix(layer, m));
        }
        LayerVector::ALL.into_iter().find(|v| v.name().as_bytes() == rest).map(|v| Role::Vector(layer, v))
    }
}

impl core::fmt::Display for Role {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Role::TokenEmbd => f.write_str("token_embd.weight"),
            Role::Output => f.write_str("output.weight"),
            Role::OutputNorm => f.write_str("output_norm.weight"),
            Role::RopeFreqs => f.write_str("rope_freqs.weight"),
            Role::Matrix(layer, m) => write!(f, "blk.{layer}.{}", m.name()),
            Role::Vector(layer, v) => write!(f, "blk.{layer}.{}", v.name()),
        }
    }
}

/// The shapes of a model's tensors.
#[derive(Clone, Copy, Debug)]
pub struct Shapes {
    /// Layers.
    pub n_layer: u32,
    /// Width of the hidden state.
    pub n_embd: u32,
    /// Query heads.
    pub n_head: u32,
    /// Key and value heads.
    pub n_head_kv: u32,
    /// Elements of a head.
    pub head_dim: u32,
    /// Width of the feed-forward network.
    pub n_ff: u32,
    /// Tokens in the vocabulary.
    pub n_vocab: u32,
    /// Rotary dimensions of a head.
    pub n_rot: u32,
    /// The vectors that each layer has besides its two norms.
    pub extra_vectors: &'static [LayerVector],
}

impl Shapes {
    /// `[columns, rows]` of a tensor: rows are 1 for vectors. `None` if the model has no such tensor.
    #[must_use]
    pub fn of(&self, role: Role) -> Option<[u32; 2]> {
        let (q, kv) = (self.n_head.checked_mul(self.head_dim)?, self.n_head_kv.checked_mul(self.head_dim)?);
        let (embd, ff) = (self.n_embd, self.n_ff);
        Some(match role {
            Role::TokenEmbd | Role::Output => [embd, self.n_vocab],
            Role::OutputNorm => [embd, 1],
            Role::RopeFreqs => [self.n_rot / 2, 1],
            Role::Matrix(layer, _) | Role::Vector(layer, _) if layer >= self.n_layer => return None,
            Role::Matrix(_, m) => match m {
                LayerMatrix::Q => [embd, q],
                LayerMatrix::K | LayerMatrix::V => [embd, kv],
                LayerMatrix::AttnOut => [q, embd],
                LayerMatrix::Gate | LayerMatrix::Up => [embd, ff],
                LayerMatrix::Down => [ff, embd],
            },
            Role::Vector(_, v) => match v {
                LayerVector::AttnNorm | LayerVector::FfnNorm => [embd, 1],
                v if !self.extra_vectors.contains(&v) => return None,
                LayerVector::QNorm | LayerVector::KNorm => [self.head_dim, 1],
                LayerVector::PostAttnNorm | LayerVector::PostFfnNorm => [embd, 1],
            },
        })
    }

    /// Groups of sixteen that one layer's vectors take.
    pub(super) fn layer_vector_groups(&self) -> usize {
        let groups = |v| self.of(Role::Vector(0, v)).map_or(0, |[n, _]| groups(n));
        LayerVector::ALL.into_iter().fold(0, |sum: usize, v| sum.saturating_add(groups(v)))
    }

    /// The matrix whose slot has this index.
    pub(super) fn role_of(&self, slot: usize) -> Role {
        match slot.checked_sub(2) {
            None if slot == 0 => Role::TokenEmbd,
            None => Role::Output,
            Some(i) => {
                let n = LayerMatrix::ALL.len();
                let m = LayerMatrix::ALL.get(i.checked_rem(n).unwrap_or(0)).copied().unwrap_or(LayerMatrix::Q);
                Role::Matrix(i.checked_div(n).unwrap_or(0) as u32, m)
            }
        }
    }

    /// Where a vector lies, in groups, and how many it takes.
    pub(super) fn vector_place(&self, role: Role) -> Option<(usize, usize)> {
        let [n, _] = self.of(role)?;
        let (embd, freqs) = (groups(self.n_embd), groups(self.n_rot / 2));
        let start = match role {
            Role::OutputNorm => 0,
            Role::RopeFreqs => embd,
            Role::Vector(layer, v) => {
                let before = LayerVector::ALL.into_iter().take_while(|&o| o != v);
                let before = before.filter_map(|o| self.of(Role::Vector(layer, o))).map(|[n, _]| groups(n));
                let layers = self.layer_vector_groups().checked_mul(layer as usize)?;
                before.fold(layers.checked_add(embd)?.checked_add(freqs)?, usize::saturating_add)
            }
            _ => return None,
        };
        Some((start, groups(n)))
    }
}

/// Groups of sixteen that `n` elements take.
fn groups(n: u32) -> usize {
    (n as usize).div_ceil(LANES)
}

const _: () = assert!(size_of::<Group>() == 4 * LANES);

/// A tensor that was found to be what the model needs there.
#[derive(Clone, Copy, Debug)]
pub struct Tensor {
    /// Its place in the directory, counted from 0.
    #[cfg(feature = "checksums")]
    pub index: u32,
    /// Its place in the model.
    pub role: Role,
    /// A matrix's format; vectors are all F32.
    pub ty: Option<WeightType>,
    /// Columns and rows.
    pub dims: [u32; 2],
    /// Absolute offset of its bytes.
    pub offset: u64,
    /// Bytes of a row.
    pub row_bytes: u32,
}

impl Tensor {
    /// Bytes of the tensor.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::from(self.row_bytes).saturating_mul(u64::from(self.dims[1]))
    }
}

/// Checks a directory entry against the shapes.
fn check(shapes: &Shapes, info: &TensorInfo) -> Result<Tensor, WeightError> {
    let (index, name) = (info.index, NameAt::new(info.name));
    let role = Role::parse(info.name_bytes.as_bytes()).ok_or(WeightError::Unknown { index, name })?;
    let need = shapes.of(role).ok_or(WeightError::Unknown { index, name })?;
    let is_vector = matches!(role, Role::OutputNorm | Role::RopeFreqs | Role::Vector(..));
    let [cols, rows, more, most] = info.ne;
    let dims = if is_vector { 1 } else { 2 };
    if [cols, rows] != need.map(u64::from) || more != 1 || most != 1 || info.n_dims > dims {
        return Err(WeightError::Shape { index, name, need, have: [cols, rows] });
    }
    let id = info.ggml_type.id();
    let ty = WeightType::from_id(id);
    // Blocks of vectors are copied as they are: no kernel computes with them, whatever formats it knows.
    let (block_elems, block_bytes) = match ty {
        _ if is_vector => (1, if id == F32::ID { size_of::<F32>() } else { 0 }),
        Some(ty) => (ty.block_elems(), ty.block_bytes()),
        None => (1, 0),
    };
    // The reader asserts whole blocks and a size within the file.
    let row_bytes = (need[0] as usize).checked_div(block_elems).and_then(|n| n.checked_mul(block_bytes));
    let row_bytes = row_bytes.and_then(|n| u32::try_from(n).ok()).filter(|&n| n > 0);
    let row_bytes = row_bytes.ok_or(WeightError::UnsupportedType { index, name, ty: info.ggml_type })?;
    Ok(Tensor {
        #[cfg(feature = "checksums")]
        index,
        role,
        ty: ty.filter(|_| !is_vector),
        dims: need,
        offset: info.offset,
        row_bytes,
    })
}

/// Walks the directory once; every tensor is checked, then handed to `each`.
///
/// # Errors
/// [`WeightError`]; those of `each` too.
pub async fn walk<F: Flash>(
    gguf: &Gguf,
    source: &mut Source<'_, F>,
    shapes: &Shapes,
    each: &mut dyn FnMut(Tensor) -> Result<(), WeightError>,
) -> Result<(), WeightError> {
    let mut tensors = gguf.tensors();
    while let Some(info) = tensors.next(source).await? {
        each(check(shapes, &info)?)?;
    }
    Ok(())
}
