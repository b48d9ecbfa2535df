//! Work on pieces of several slices at once.

use crate::kernels::executor::Executor;
use crate::simd::LANES;

/// The most pieces that threads share; a power of two.
#[cfg(target_has_atomic = "8")]
const MOST: usize = 64;

/// Pieces that each thread takes part in at least, so that one that is late delays the others little.
#[cfg(target_has_atomic = "8")]
const PER_THREAD: usize = 4;

/// Units (groups of channels, or heads) of a piece, where there are `units` in all.
#[cfg(target_has_atomic = "8")]
pub(super) fn units_of_piece(units: usize, executor: &dyn Executor) -> usize {
    let pieces = match executor.threads() {
        0 | 1 => 1,
        threads => threads.saturating_mul(PER_THREAD).min(MOST),
    };
    units.div_ceil(pieces).max(1)
}

/// Without atomic operations there is one thread.
#[cfg(not(target_has_atomic = "8"))]
pub(super) fn units_of_piece(units: usize, _: &dyn Executor) -> usize {
    units.max(1)
}

/// Calls `f` for each of at most [`MOST`] pieces, on the executor's threads. An executor cuts one slice, and a piece has parts of
/// several, so what it cuts are tickets for pieces in a queue.
#[cfg(target_has_atomic = "8")]
pub(super) fn for_pieces<T: Send>(
    executor: &dyn Executor,
    mut pieces: impl ExactSizeIterator<Item = T>,
    f: impl Fn(T) + Sync,
) {
    if pieces.len() <= 1 {
        pieces.for_each(f);
        return;
    }
    #[expect(deprecated, reason = "it may refuse while others add; here all is added before anything is taken")]
    let queue = heapless::mpmc::Queue::<T, MOST>::new();
    let mut tickets = [0.0; MOST];
    let mut n = 0;
    for piece in pieces.by_ref().take(MOST) {
        match queue.enqueue(piece) {
            Ok(()) => n += 1,
            Err(piece) => f(piece),
        }
    }
    executor.for_rows(tickets.get_mut(..n).unwrap_or_default(), 1, &|_, _| {
        if let Some(piece) = queue.dequeue() {
            f(piece);
        }
    });
    pieces.for_each(f);
}

/// Without atomic operations there is one thread.
#[cfg(not(target_has_atomic = "8"))]
pub(super) fn for_pieces<T>(_: &dyn Executor, pieces: impl Iterator<Item = T>, f: impl Fn(T)) {
    pieces.for_each(f);
}

/// The fewest heads of `head_dim` elements that fill whole groups.
pub(super) fn heads_of_whole_groups(head_dim: usize) -> usize {
    let mut heads = 1;
    while heads < LANES && !(heads * head_dim).is_multiple_of(LANES) {
        heads += 1;
    }
    heads
}
