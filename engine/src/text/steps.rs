//! Count of the steps that encoding takes: bytes examined and pairs compared. It exists in this crate's unit tests, which
//! hold encoding to a linear number of steps; elsewhere counting is no code at all.

#[cfg(test)]
std::thread_local! {
    static STEPS: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

/// Counts `n` steps of this thread.
#[inline(always)]
pub(super) fn count(n: usize) {
    #[cfg(test)]
    STEPS.set(STEPS.get() + n as u64);
    #[cfg(not(test))]
    let _ = n;
}

/// The steps of this thread that `work` takes.
#[cfg(test)]
pub(super) fn of(work: impl FnOnce()) -> u64 {
    let before = STEPS.get();
    work();
    STEPS.get() - before
}
