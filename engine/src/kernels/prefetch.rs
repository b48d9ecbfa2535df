//! The distance of prefetching.

/// The prefetch distance of weights and caches, in bytes. Hardware prefetchers fall behind: with several tokens on all
/// processors, with one on some (by a third on an Intel Xeon).
pub(super) const AHEAD: usize = 4096;
