//! A board as the prompt sees it.

use flashlet::Options;
use flashlet::kernels::{Executor, Kernels};

/// A board's name and parts.
#[derive(Clone, Copy)]
pub struct Board<'a, 'm> {
    /// The board's name, for the greeting.
    pub name: &'a str,
    /// The place of the model, in words for people: an address, a partition.
    pub model_at: &'a str,
    /// The flash's bytes where the processor can address them. Weights are used where they lie then.
    pub mapped: Option<&'m [u8]>,
    /// The kernels. [`flashlet::kernels::detect`] takes the best set that the engine's features declare.
    pub kernels: &'a dyn Kernels,
    /// [`Inline`](flashlet::kernels::Inline), or what shares rows among cores.
    pub executor: &'a dyn Executor,
    /// The context, the cache's type and where weights go. A context of 0 is the model's, or the longest that fits.
    pub options: Options,
    /// Nanoseconds since some time; a clock that stands still is no error.
    pub now_ns: fn() -> u64,
    /// The most bytes of stack that were in use since reset, if the board can tell.
    pub stack_peak: Option<fn() -> usize>,
    /// Asks the sender to wait (`true`) and to go on (`false`), where the line can: by XOFF and XON, see [`XOFF`](crate::XOFF),
    /// or by a wire. Used with the feature `flow-control`: when much is typed ahead during an answer, until it was read. A
    /// Ctrl-C waits too then.
    pub hold: Option<&'a dyn Fn(bool)>,
}
