//! The tensor directory.

use super::cursor::{Cursor, Failed};
use super::error::{GgufError, Problem};
use super::ggml_type::GgmlType;
use super::name::{Name, NameAt};
use super::value::Str;
use crate::flash::{Flash, Source};

/// A tensor's entry in the directory, checked: the type is known, every dimension is at
/// least 1, a row is whole blocks, and the data lies inside the file, aligned, after the data of
/// all tensors before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TensorInfo {
    /// Its place in the directory, counted from 0.
    pub index: u32,
    /// The place of its name in the file.
    pub name: Str,
    /// The name, which is UTF-8.
    pub name_bytes: Name,
    /// Dimensions, 1 to 4.
    pub n_dims: u32,
    /// Elements along each dimension, the row first; 1 beyond `n_dims`.
    pub ne: [u64; 4],
    /// The element type.
    pub ggml_type: GgmlType,
    /// The first byte of its data, from the start of the file.
    pub offset: u64,
    /// Bytes of its data.
    pub bytes: u64,
}

/// A walk over the tensor directory, in the order of the file.
#[derive(Clone, Debug)]
pub struct TensorWalk {
    cursor: Cursor,
    index: u32,
    n_tensors: u32,
    alignment: u32,
    /// 0 as long as it is not known: then the end of the file bounds no data.
    data_offset: u64,
    /// End of the previous tensor's data, relative to the data section.
    end: u64,
    name: Name,
    name_at: NameAt,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl TensorWalk {
    pub(super) fn new(offset: u64, n_tensors: u32, alignment: u32, data_offset: u64) -> Self {
        TensorWalk {
            cursor: Cursor::new(offset),
            index: 0,
            n_tensors,
            alignment,
            data_offset,
            end: 0,
            name: Name::EMPTY,
            name_at: NameAt::NONE,
        }
    }

    /// The walk's position in the file; after the last tensor it is the directory's end.
    pub(super) fn position(&self) -> u64 {
        self.cursor.pos()
    }

    /// The next tensor; `None` after the last and after an error.
    ///
    /// # Errors
    /// [`GgufError::Tensor`], [`GgufError::Flash`]. A file that
    /// [`Gguf::open`](super::Gguf::open) accepted gives the latter only.
    pub async fn next<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<Option<TensorInfo>, GgufError> {
        if self.index >= self.n_tensors {
            return Ok(None);
        }
        self.name_at = NameAt::NONE;
        match self.step(source).await {
            Ok(info) => {
                self.index = self.index.saturating_add(1);
                Ok(Some(info))
            }
            Err(failed) => {
                let index = core::mem::replace(&mut self.index, self.n_tensors);
                Err(self.cursor.fault(failed).tensor(index, self.name_at))
            }
        }
    }

    async fn step<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<TensorInfo, Failed> {
        let name = self.read_name(source).await?;
        let n_dims = self.read_n_dims(source).await?;
        let dims_at = self.cursor.pos();
        let mut ne = [1; 4];
        for (dim, n) in (0..n_dims).zip(&mut ne) {
            let at = self.cursor.pos();
            *n = self.cursor.u64(source).await?;
            if *n == 0 {
                return Err(self.cursor.bad(at, Problem::ZeroDim { dim }));
            }
        }
        let at = self.cursor.pos();
        let id = self.cursor.u32(source).await?;
        let ggml_type = GgmlType::from_id(id).ok_or_else(|| self.cursor.bad(at, Problem::GgmlType(id)))?;
        let bytes = tensor_bytes(ne, ggml_type).map_err(|problem| self.cursor.bad(dims_at, problem))?;

        let at = self.cursor.pos();
        let start = self.cursor.u64(source).await?;
        let offset = self.place(source.size(), start, bytes).map_err(|problem| self.cursor.bad(at, problem))?;
        Ok(TensorInfo { index: self.index, name, name_bytes: self.name, n_dims, ne, ggml_type, offset, bytes })
    }

    async fn read_name<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<Str, Failed> {
        let at = self.cursor.pos();
        let len = self.cursor.u64(source).await?;
        if len == 0 || len > Name::MAX_BYTES as u64 {
            return Err(self.cursor.bad(at, Problem::NameLength(len)));
        }
        let offset = self.cursor.pos();
        let string = Str { offset, len };
        self.cursor.read(source, self.name.room(len)).await?;
        self.name_at = string.name_at();
        match self.name.as_str() {
            Ok(_) => Ok(string),
            Err(_) => Err(self.cursor.bad(offset, Problem::NameUtf8)),
        }
    }

    async fn read_n_dims<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<u32, Failed> {
        let at = self.cursor.pos();
        match self.cursor.u32(source).await? {
            n_dims @ 1..=4 => Ok(n_dims),
            n_dims => Err(self.cursor.bad(at, Problem::Dims(n_dims))),
        }
    }

    /// Checks where a tensor's data lies, relative to the data section, and gives its absolute offset.
    ///
    /// Writers lay data out in the order of the directory. Asking for that order is what makes one
    /// remembered end enough to find every overlap.
    fn place(&mut self, size: u64, start: u64, bytes: u64) -> Result<u64, Problem> {
        // The alignment is a power of two.
        if start & u64::from(self.alignment).saturating_sub(1) != 0 {
            return Err(Problem::Unaligned { start, alignment: self.alignment });
        }
        if start < self.end {
            return Err(Problem::Overlap { start, end: self.end });
        }
        let offset = self.data_offset.saturating_add(start);
        match offset.checked_add(bytes) {
            Some(end) if end <= size || self.data_offset == 0 => {
                self.end = start.saturating_add(bytes);
                Ok(offset)
            }
            _ => Err(Problem::OutsideFile { start: offset, bytes, size }),
        }
    }
}

fn tensor_bytes([row, rest @ ..]: [u64; 4], ggml_type: GgmlType) -> Result<u64, Problem> {
    let block = u64::from(ggml_type.block_elems());
    let (Some(blocks), Some(0)) = (row.checked_div(block), row.checked_rem(block)) else {
        return Err(Problem::Row { elems: row, ggml_type });
    };
    let rows = rest.iter().try_fold(1_u64, |rows, &n| rows.checked_mul(n));
    let elems = rows.and_then(|rows| rows.checked_mul(row));
    let bytes = rows.and_then(|rows| blocks.checked_mul(ggml_type.block_bytes().into())?.checked_mul(rows));
    match (elems, bytes) {
        (Some(elems), Some(bytes)) if elems.max(bytes) <= i64::MAX as u64 => Ok(bytes),
        _ => Err(Problem::TensorSize),
    }
}
