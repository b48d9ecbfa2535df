//! Row loops on one thread or several.

/// Runs row loops, on one thread or several.
pub trait Executor: Sync {
    /// Cuts `y` into pieces of `chunk` elements (the last may be shorter) and calls `f(i, piece)`
    /// once for each piece `i`, in any order, on any thread; returns when all are done.
    fn for_rows(&self, y: &mut [f32], chunk: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync));
    /// Threads that share the work, at least 1.
    fn threads(&self) -> usize;
}

/// The executor that runs every piece where it stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

impl Executor for Inline {
    fn for_rows(&self, y: &mut [f32], chunk: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        for (i, piece) in y.chunks_mut(chunk.max(1)).enumerate() {
            f(i, piece);
        }
    }

    fn threads(&self) -> usize {
        1
    }
}
