//! The rows of matrices as they come: a resident matrix is one piece, a streamed one several.

use super::error::PassError;
use super::role::Role;
#[cfg(feature = "stream")]
use super::schedule::Part;
use super::store::{Slot, WeightStore};
use super::stream::Feed;
#[cfg(feature = "stream")]
use crate::flash::yield_now;
use crate::quant::{Weight, WeightType};

/// Rows of a matrix in memory, and the same rows of its partner.
#[derive(Clone, Copy)]
pub struct Piece<'w> {
    /// The rows.
    pub w: Weight<'w>,
    /// The same rows of the matrix that is used together with this one.
    pub partner: Option<Weight<'w>>,
    /// The first of them.
    pub first_row: u32,
}

/// Takes a piece.
pub type EachPiece<'e> = dyn FnMut(Piece<'_>) -> Result<(), PassError> + 'e;

/// A matrix of the store, found once.
#[derive(Clone, Copy)]
pub struct MatrixRef<'w> {
    role: Role,
    slot: Option<&'w Slot>,
}

impl MatrixRef<'_> {
    /// The matrix's format.
    #[must_use]
    pub fn ty(&self) -> Option<WeightType> {
        self.slot.and_then(|slot| WeightType::from_id(u32::from(slot.ty)))
    }
}

impl WeightStore<'_, '_> {
    /// The matrix of this role.
    #[must_use]
    pub fn matrix(&self, role: Role) -> MatrixRef<'_> {
        MatrixRef { role, slot: self.slot(role) }
    }

    /// Calls `each` with all rows of the matrix `w`, in order, as they come to be in memory, and with the same rows of the
    /// `partner` that is used together with it and has as many. Pieces begin at multiples of sixteen rows.
    ///
    /// # Errors
    /// [`PassError`]: rows could not be read, or are not those that their checksum was made of; errors of `each`.
    #[cfg_attr(not(feature = "stream"), allow(clippy::unused_async, reason = "rows that stream are awaited"))]
    pub async fn each_piece(
        &self,
        w: MatrixRef<'_>,
        partner: Option<MatrixRef<'_>>,
        feed: &mut Feed<'_, '_>,
        each: &mut EachPiece<'_>,
    ) -> Result<(), PassError> {
        let slots = [w.slot, partner.and_then(|partner| partner.slot)];
        let [first, second] = slots.map(|slot| self.resident(slot?));
        if let Some(w) = first
            && second.is_some() == partner.is_some()
        {
            return each(Piece { w, partner: second, first_row: 0 });
        }
        let error = PassError::TileTooSmall { role: w.role };
        #[cfg(feature = "stream")]
        {
            let rows = slots.first().copied().flatten().ok_or(error)?.rows;
            let mut arrived = Arrived { slots, resident: [first, second], parts: [None; 2], first_row: 0 };
            while arrived.first_row < rows {
                for (i, matrix) in [Some(w), partner].into_iter().enumerate() {
                    if let (Some(matrix), true) = (matrix, arrived.streams(i))
                        && let Some(part) = arrived.parts.get_mut(i)
                    {
                        *part = Some(feed.next_of(matrix.role).await?);
                    }
                }
                let lead = arrived.lead().ok_or(error)?;
                let step = feed.rows_a_turn(lead.bytes.checked_div(lead.rows as usize).unwrap_or(0)) as u32;
                let end = arrived.first_row.saturating_add(lead.rows);
                while arrived.first_row < end {
                    let n = step.min(end.saturating_sub(arrived.first_row));
                    each(arrived.piece(n, feed).ok_or(error)?)?;
                    arrived.first_row = arrived.first_row.saturating_add(n);
                    // The reader's turn.
                    yield_now().await;
                }
                feed.done();
            }
            Ok(())
        }
        // No plan has weights that are neither mapped nor pinned.
        #[cfg(not(feature = "stream"))]
        {
            _ = feed;
            Err(error)
        }
    }

    /// One row of a matrix of which a pass reads single rows: a matrix that has it, and its place there.
    ///
    /// # Errors
    /// [`PassError`]: the row could not be read, or is not the one that its checksum was made of.
    #[cfg_attr(not(feature = "stream"), allow(clippy::unused_async, reason = "a row that streams is awaited"))]
    pub async fn row<'w>(
        &'w self,
        role: Role,
        row: u32,
        feed: &'w mut Feed<'_, '_>,
    ) -> Result<(Weight<'w>, usize), PassError> {
        let error = PassError::TileTooSmall { role };
        let slot = self.slot(role).ok_or(error)?;
        if let Some(table) = self.resident(slot) {
            return Ok((table, row as usize));
        }
        #[cfg(feature = "stream")]
        {
            let part = feed.next_of(role).await?;
            Ok((slot.weight(feed.bytes(&part)).ok_or(error)?, 0))
        }
        #[cfg(not(feature = "stream"))]
        {
            _ = feed;
            Err(error)
        }
    }
}

/// Two matrices, or one, of which rows have arrived in a tile.
#[cfg(feature = "stream")]
struct Arrived<'w> {
    slots: [Option<&'w Slot>; 2],
    resident: [Option<Weight<'w>>; 2],
    parts: [Option<Part>; 2],
    /// The first row that no piece has had.
    first_row: u32,
}

#[cfg(feature = "stream")]
impl Arrived<'_> {
    /// True if the first or the second matrix is streamed.
    fn streams(&self, i: usize) -> bool {
        self.slots.get(i).copied().flatten().is_some_and(|slot| slot.streamed_row_bytes().is_some())
    }

    /// The first of the parts that arrived together, all of which have the same rows.
    fn lead(&self) -> Option<Part> {
        self.parts.iter().flatten().next().copied()
    }

    /// The next `n` rows.
    fn piece<'f>(&'f self, n: u32, feed: &'f Feed<'_, '_>) -> Option<Piece<'f>> {
        let rows = |i: usize| {
            let slot = self.slots.get(i).copied().flatten()?;
            match self.parts.get(i).copied().flatten() {
                Some(part) => {
                    let start = self.first_row.saturating_sub(part.first_row) as usize;
                    Some(slot.weight(feed.bytes(&part))?.rows_from(start, n as usize))
                }
                None => {
                    let resident: Option<Weight<'f>> = self.resident.get(i).copied().flatten();
                    Some(resident?.rows_from(self.first_row as usize, n as usize))
                }
            }
        };
        let (w, partner) = (rows(0)?, rows(1));
        let complete = partner.is_some() == self.slots.get(1).is_some_and(Option::is_some);
        (complete && n > 0).then_some(Piece { w, partner, first_row: self.first_row })
    }
}
