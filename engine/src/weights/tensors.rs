//! The tensors of a file, checked against those that the model has.

use super::catalogue::{Catalogue, Kind, entry};
use super::error::WeightError;
use super::role::{Role, VARIANTS};
use crate::flash::{Flash, Source};
use crate::gguf::{Gguf, TensorInfo};
use crate::quant::{Block, F32, WeightType};

/// A tensor of the file, checked against the one that the model needs.
#[derive(Clone, Copy, Debug)]
pub struct Tensor {
    /// Its place in the directory, counted from 0.
    #[cfg(feature = "checksums")]
    pub index: u32,
    /// Its place in the model.
    pub role: Role,
    /// The form in which it is kept.
    pub kind: Kind,
    /// A matrix's format; vectors are all F32.
    pub ty: Option<WeightType>,
    /// True if the model can do without it.
    pub optional: bool,
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

/// Checks a directory entry against the model's.
fn check(catalogue: &dyn Catalogue, info: &TensorInfo) -> Result<Tensor, WeightError> {
    let (index, name) = (info.index, info.name.name_at());
    let role = Role::parse(info.name_bytes.as_bytes()).ok_or(WeightError::Unknown { index, name })?;
    let entry = entry(catalogue, role).ok_or(WeightError::Unknown { index, name })?;
    let (need, is_vector) = (entry.dims, !matches!(entry.kind, Kind::Matrix | Kind::Unused));
    // Dimensions of 1 at the end may be written or not.
    let [cols, mut rows, mut more, mut most] = info.ne;
    if VARIANTS && is_vector {
        // Nor does it matter how the rows of vectors are counted.
        (rows, more, most) = (rows.saturating_mul(more).saturating_mul(most), 1, 1);
    }
    if [cols, rows] != need.map(u64::from) || more != 1 || most != 1 {
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
    let row_bytes = row_bytes.ok_or({
        let ty = info.ggml_type;
        match !is_vector && WeightType::LEFT_OUT.contains(&id) {
            true => WeightError::FeatureOff { index, name, ty },
            false => WeightError::UnsupportedType { index, name, ty },
        }
    })?;
    Ok(Tensor {
        #[cfg(feature = "checksums")]
        index,
        role,
        kind: entry.kind,
        ty: ty.filter(|_| entry.kind == Kind::Matrix),
        optional: entry.optional,
        dims: need,
        offset: info.offset,
        row_bytes,
    })
}

/// Walks the directory once; every tensor is checked, then handed to `each`.
///
/// # Errors
/// [`WeightError`]; those of `each` too.
#[cfg_attr(feature = "blocking", macros::blocking)]
pub async fn walk<F: Flash>(
    gguf: &Gguf,
    source: &mut Source<'_, F>,
    catalogue: &dyn Catalogue,
    each: &mut dyn FnMut(Tensor) -> Result<(), WeightError>,
) -> Result<(), WeightError> {
    let mut tensors = gguf.tensors();
    while let Some(info) = tensors.next(source).await? {
        each(check(catalogue, &info)?)?;
    }
    Ok(())
}
