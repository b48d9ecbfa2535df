//! An arena in a static.

use static_cell::ConstStaticCell;

/// Bytes that start where an arena is to.
#[repr(C, align(64))]
pub(super) struct Aligned<const N: usize>([u8; N]);

/// An arena of `N` bytes that a firmware has as a static. Processors without atomic exchange, as the Cortex-M0, do without it.
///
/// ```
/// static ARENA: flashlet::arena::Static<4096> = flashlet::arena::Static::new();
/// assert_eq!(ARENA.take().len(), 4096);
/// assert_eq!(ARENA.take().len(), 0, "it is given away once");
/// ```
pub struct Static<const N: usize>(ConstStaticCell<Aligned<N>>);

impl<const N: usize> Static<N> {
    /// All of it, not taken.
    #[must_use]
    pub const fn new() -> Self {
        Static(ConstStaticCell::new(Aligned([0; N])))
    }

    /// The bytes; none the second time.
    #[must_use]
    pub fn take(&'static self) -> &'static mut [u8] {
        self.0.try_take().map_or(&mut [], |Aligned(bytes)| bytes)
    }
}

impl<const N: usize> Default for Static<N> {
    fn default() -> Self {
        Self::new()
    }
}
