//! Streaming: one reader that walks a pass's static schedule, and two tiles that it hands over.
//!
//! [`read_ahead`] and the forward pass walk equal copies of the [`Schedule`], so that nothing but
//! filled buffers passes between them. The next tile's transfer is under way while this one is
//! computed with.

#[cfg(test)]
mod tests;

use super::check::Running;
use super::error::PassError;
use super::role::Role;
use super::schedule::{Part, Schedule};
use crate::flash::{Flash, FlashError, Source, yield_now};
use crate::kernels::Kernels;
use crate::simd::LANES;
use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::iter::Peekable;
use core::pin::Pin;
use core::task::Poll;

/// The two tiles, passed by ownership between the reader and the forward pass.
pub struct Tiles<'t> {
    free: [Cell<Option<&'t mut [u8]>>; 2],
    full: [Cell<Option<&'t mut [u8]>>; 2],
}

impl<'t> Tiles<'t> {
    /// Two equal tiles; an odd byte is left over.
    #[must_use]
    pub fn new(bytes: &'t mut [u8]) -> Self {
        let (a, b) = bytes.split_at_mut(bytes.len() / 2);
        Tiles { free: [Cell::new(Some(a)), Cell::new(Some(b))], full: [const { Cell::new(None) }; 2] }
    }

    fn free(&self, k: usize) -> &Cell<Option<&'t mut [u8]>> {
        let [a, b] = &self.free;
        if k == 0 { a } else { b }
    }

    fn full(&self, k: usize) -> &Cell<Option<&'t mut [u8]>> {
        let [a, b] = &self.full;
        if k == 0 { a } else { b }
    }
}

/// [`Peekable::next_if`] without the panic that the linker keeps for it.
fn next_if(parts: &mut Peekable<Schedule<'_>>, wanted: impl Fn(&Part) -> bool) -> Option<Part> {
    parts.peek().filter(|part| wanted(part))?;
    parts.next()
}

/// Waits until something lies in the slot.
async fn take<T>(slot: &Cell<Option<T>>) -> T {
    poll_fn(|_| slot.take().map_or(Poll::Pending, Poll::Ready)).await
}

/// Fills tiles in the order of the schedule, each as soon as it is free.
///
/// # Errors
/// [`FlashError`] of the first read that failed.
pub async fn read_ahead<F: Flash>(
    source: &mut Source<'_, F>,
    tiles: &Tiles<'_>,
    schedule: Schedule<'_>,
) -> Result<(), FlashError> {
    let align = schedule.align;
    let mut parts = schedule.peekable();
    let mut k = 0;
    while parts.peek().is_some() {
        let tile = take(tiles.free(k)).await;
        let mut first = true;
        // Parts that lie side by side in flash lie so in the tile too, and are one read.
        while let Some(part) = next_if(&mut parts, |p| first || !p.starts_tile) {
            first = false;
            let (at, mut end) = (part.at, part.at.saturating_add(part.bytes));
            let mut offset_end = part.offset.saturating_add(part.bytes as u64);
            while let Some(next) = next_if(&mut parts, |p| !p.starts_tile && p.offset == offset_end) {
                end = end.saturating_add(next.bytes);
                offset_end = offset_end.saturating_add(next.bytes as u64);
            }
            let before = part.offset & (align.get() as u64).wrapping_sub(1);
            let from = at.saturating_sub(before as usize);
            let to = end.next_multiple_of(align.get());
            let offset = part.offset.saturating_sub(before);
            let dst = tile.get_mut(from..to).unwrap_or_default();
            source.transfer(offset, dst).await?;
        }
        tiles.full(k).set(Some(tile));
        k ^= 1;
    }
    Ok(())
}

/// Runs the reader and the forward pass together: the pass's result, or the first read that failed. Both are borrowed, because
/// a future that owned them would hold them twice.
///
/// # Errors
/// That of either future.
pub fn join<'f, T, E: From<FlashError>>(
    mut reader: Pin<&'f mut impl Future<Output = Result<(), FlashError>>>,
    mut pass: Pin<&'f mut impl Future<Output = Result<T, E>>>,
) -> impl Future<Output = Result<T, E>> {
    let mut read_all = false;
    poll_fn(move |cx| {
        if !read_all && let Poll::Ready(result) = reader.as_mut().poll(cx) {
            read_all = true;
            if let Err(error) = result {
                return Poll::Ready(Err(error.into()));
            }
        }
        pass.as_mut().poll(cx)
    })
}

/// The forward pass's end of the tiles.
pub struct Feed<'f, 't> {
    tiles: &'f Tiles<'t>,
    schedule: Peekable<Schedule<'f>>,
    tile: Option<&'t mut [u8]>,
    k: usize,
    running: Running<'f>,
}

impl<'f, 't> Feed<'f, 't> {
    /// The consumer of what [`read_ahead`] reads for an equal schedule. `kernels` compute the checksums of what passes,
    /// if the store has any to compare them with.
    #[must_use]
    pub fn new(tiles: &'f Tiles<'t>, schedule: Schedule<'f>, kernels: &'f dyn Kernels) -> Self {
        let running = Running::new(schedule.store, schedule.ids.len(), kernels);
        Feed { tiles, schedule: schedule.peekable(), tile: None, k: 0, running }
    }

    /// The next part, which must be one of `role`, in memory when this returns.
    ///
    /// # Errors
    /// [`PassError::TileTooSmall`] if it is not; [`PassError::Checksum`] with the last rows of a matrix that did not arrive
    /// as it was packed, or with an embedding row.
    pub(super) async fn next_of(&mut self, role: Role) -> Result<Part, PassError> {
        let slot = self.running.store.index_of(role);
        let part = next_if(&mut self.schedule, |p| Some(p.slot) == slot).ok_or(PassError::TileTooSmall { role })?;
        if part.starts_tile {
            self.give_back();
            self.tile = Some(take(self.tiles.full(self.k)).await);
        }
        // The other tile's transfer starts before this one is computed with; where it takes several reads, the next of
        // them may be due.
        yield_now().await;
        let bytes = part_of(self.tile.as_deref(), &part);
        self.running.check(&part, bytes)?;
        Ok(part)
    }

    /// Rows of `row_bytes` to compute with between two turns of the reader, whole groups of sixteen: a tile may take several
    /// reads, and the bus is idle from the end of one to the reader's next turn.
    pub(super) fn rows_a_turn(&self, row_bytes: usize) -> usize {
        const TURNS: usize = 16;
        let bytes = self.tile.as_deref().map_or(0, <[u8]>::len) / TURNS;
        (bytes.checked_div(row_bytes).unwrap_or(0) / LANES).max(1).saturating_mul(LANES)
    }

    /// To be called when the parts given so far are done with: their tile is free if none of its parts is left, and is
    /// filled anew while something else is computed.
    pub(super) fn done(&mut self) {
        if self.schedule.peek().is_none_or(|next| next.starts_tile) {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        if let Some(tile) = self.tile.take() {
            self.tiles.free(self.k).set(Some(tile));
            self.k ^= 1;
        }
    }

    /// The bytes of the part that [`Feed::next_of`] gave last, or of an earlier one of its tile.
    pub(super) fn bytes(&self, part: &Part) -> &[u8] {
        part_of(self.tile.as_deref(), part)
    }
}

fn part_of<'t>(tile: Option<&'t [u8]>, part: &Part) -> &'t [u8] {
    tile.unwrap_or_default().get(part.at..part.at.saturating_add(part.bytes)).unwrap_or_default()
}
