//! The distance of prefetching.

/// How many bytes ahead of what is read weights and caches are fetched: prefetchers in hardware fall behind, with
/// several tokens everywhere, with one on some processors (by a third on an Intel Xeon).
pub(super) const AHEAD: usize = 4096;
