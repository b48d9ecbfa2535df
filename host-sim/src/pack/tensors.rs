//! The tensors of a packed file: their order, their places, their checksums.

use std::io::Write;

use flashlet::Model;
use flashlet::flash::{Flash, Source};
use flashlet::gguf::TensorInfo;
use flashlet::internal::weights::{Entry, Kind, each_tensor};
use flashlet::kernels::Kernels;
use flashlet::weights::Role;

use super::error::PackError;
use super::keys::string;
use super::report::Report;
use crate::sim::wait;

/// Bytes of a tensor that are read at a time.
const STEP: usize = 1 << 20;

/// A tensor and where it goes, from the start of the data section.
struct Tensor {
    info: TensorInfo,
    role: Role,
    is_matrix: bool,
    /// The tensor's turn in a pass.
    turn: usize,
    to: u64,
}

impl Tensor {
    /// The tensor's place in the file: vectors, which are copied when a model is loaded, then matrices as a pass uses them. A
    /// head that is the embedding too comes last.
    fn order(&self, tied: bool) -> (bool, bool, usize) {
        (self.is_matrix, tied && self.role == Role::TokenEmbd, self.turn)
    }
}

pub(super) struct Tensors {
    /// The tensors in their new order.
    tensors: Vec<Tensor>,
    page: u32,
    n_vocab: u32,
    tied: bool,
}

impl Tensors {
    pub(super) fn read<F: Flash>(model: &Model, source: &mut Source<'_, F>, page: u32) -> Result<Self, PackError> {
        let mut turns = Vec::new();
        each_tensor(model.config(), &mut |entry| turns.push(entry));
        let mut tensors = Vec::new();
        let mut walk = model.gguf().tensors();
        while let Some(info) = wait(walk.next(source)).map_err(PackError::Gguf)? {
            let role = Role::parse(info.name_bytes.as_bytes());
            // A model that was opened has tensors that it uses and no others.
            if let Some(turn) = turns.iter().position(|entry| Some(entry.role) == role) {
                let Entry { role, kind, .. } = turns[turn];
                tensors.push(Tensor { info, role, is_matrix: kind == Kind::Matrix, turn, to: 0 });
            }
        }
        let tied = tensors.iter().all(|t| t.role != Role::Output);
        tensors.sort_by_key(|t| t.order(tied));
        let mut end = 0_u64;
        for tensor in &mut tensors {
            tensor.to = end;
            end = (end + tensor.info.bytes).next_multiple_of(page.into());
        }
        Ok(Tensors { tensors, page, n_vocab: model.config().hyper.n_vocab, tied })
    }

    pub(super) fn len(&self) -> usize {
        self.tensors.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.tensors.iter().map(|t| t.info.bytes).sum()
    }

    /// One of each tensor, and one of each row of the tables of which a pass reads single rows. `recorded` are those of an
    /// earlier run, in the directory's order, which the tensors must still have.
    pub(super) fn checksums<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        recorded: &[u32],
        kernels: &dyn Kernels,
        step: &mut dyn FnMut(usize),
    ) -> Result<(Vec<u32>, [Vec<u32>; Role::TABLES]), PackError> {
        let mut sums = Vec::new();
        let mut rows = [const { Vec::new() }; Role::TABLES];
        for tensor in &self.tensors {
            let row_bytes = (tensor.info.bytes / u64::from(self.n_vocab)) as usize;
            let mut rows = tensor.role.table().and_then(|table| rows.get_mut(table));
            let size = if rows.is_some() { STEP / row_bytes.max(1) * row_bytes } else { STEP };
            let mut sum = 0;
            tensor.pieces(source, size.max(row_bytes), &mut |piece| {
                sum = kernels.crc32c(sum, piece);
                if let Some(rows) = &mut rows {
                    rows.extend(piece.chunks(row_bytes).map(|row| kernels.crc32c(0, row)));
                }
                step(piece.len());
                Ok(())
            })?;
            if recorded.get(tensor.info.index as usize).is_some_and(|&recorded| recorded != sum) {
                let name = String::from_utf8_lossy(tensor.info.name_bytes.as_bytes()).into_owned();
                return Err(PackError::Damaged(name));
            }
            sums.push(sum);
        }
        Ok((sums, rows))
    }

    /// Appends the directory.
    pub(super) fn directory(&self, out: &mut Vec<u8>) {
        for Tensor { info, to, .. } in &self.tensors {
            string(out, info.name_bytes.as_bytes());
            out.extend(info.n_dims.to_le_bytes());
            out.extend(info.ne.iter().take(info.n_dims as usize).flat_map(|n| n.to_le_bytes()));
            out.extend(info.ggml_type.id().to_le_bytes());
            out.extend(to.to_le_bytes());
        }
    }

    /// Writes the data section. The last tensor is padded as the others are: some readers insist.
    pub(super) fn write<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        out: &mut dyn Write,
        step: &mut dyn FnMut(usize),
    ) -> Result<(), PackError> {
        for tensor in &self.tensors {
            tensor.pieces(source, STEP, &mut |piece| {
                step(piece.len());
                out.write_all(piece)
            })?;
            let padding = tensor.info.bytes.next_multiple_of(self.page.into()) - tensor.info.bytes;
            out.write_all(&vec![0; padding as usize]).map_err(PackError::Write)?;
        }
        Ok(())
    }

    /// Reports the effect of order and alignment; the data section begins at `data_offset`.
    pub(super) fn report(&self, report: &mut Report, data_offset: u64) {
        let page = u64::from(self.page);
        // As a pass uses them; single rows are no matter of order.
        let mut used: Vec<&Tensor> = self.tensors.iter().filter(|t| t.is_matrix).collect();
        used.retain(|t| t.role.table().is_none() || self.tied && t.role == Role::TokenEmbd);
        let places = |new: bool| {
            let place = move |t: &&Tensor| (if new { data_offset + t.to } else { t.info.offset }, t.info.bytes);
            used.iter().map(place).collect::<Vec<_>>()
        };
        for (new, ((seams, pages), padding)) in
            report.seams.iter_mut().zip(&mut report.pages).zip(&mut report.padding).enumerate()
        {
            let places = places(new == 1);
            *seams = places.windows(2).filter(|w| w[0].0 + w[0].1 != w[1].0).count();
            *pages = pages_of(places, page);
            let end = |t: &Tensor| (if new == 1 { data_offset + t.to } else { t.info.offset }) + t.info.bytes;
            let start = |t: &Tensor| if new == 1 { data_offset + t.to } else { t.info.offset };
            let last = self.tensors.iter().map(end).max().unwrap_or(0);
            let first = self.tensors.iter().map(start).min().unwrap_or(0);
            *padding = last.saturating_sub(first).saturating_sub(self.bytes());
        }
        report.n_tensors = self.len();
        let end = self.tensors.last().map_or(0, |t| t.to + t.info.bytes);
        report.bytes = data_offset + end.next_multiple_of(page);
    }
}

/// Pages that hold a byte of these places: offsets and lengths.
fn pages_of(mut places: Vec<(u64, u64)>, page: u64) -> u64 {
    places.sort_unstable();
    let (mut pages, mut next) = (0, 0);
    for (at, bytes) in places {
        let (first, end) = ((at / page).max(next), (at + bytes).div_ceil(page));
        pages += end.saturating_sub(first);
        next = next.max(end);
    }
    pages
}

impl Tensor {
    /// Reads the tensor, `size` bytes at a time.
    fn pieces<F: Flash>(
        &self,
        source: &mut Source<'_, F>,
        size: usize,
        each: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<(), PackError> {
        let mut piece = vec![0; size.min(self.info.bytes as usize)];
        let mut at = 0;
        while at < self.info.bytes {
            let now = (self.info.bytes - at).min(size as u64) as usize;
            wait(source.read(self.info.offset + at, &mut piece[..now])).map_err(PackError::Flash)?;
            each(&piece[..now]).map_err(PackError::Write)?;
            at += now as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::pages_of;

    #[test]
    fn a_page_of_several_places_counts_once() {
        assert_eq!(pages_of(vec![], 16), 0);
        assert_eq!(pages_of(vec![(0, 16), (16, 1)], 16), 2);
        assert_eq!(pages_of(vec![(40, 20), (0, 3), (5, 3), (15, 2), (60, 1)], 16), 4);
    }
}
