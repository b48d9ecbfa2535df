//! Queries in blocks of 32 quants, as many as heads of a size have.

use crate::quant::Act32;

/// Heads of up to `G` groups.
pub(super) struct Heads<const G: usize>;

/// The blocks of a query of a size.
pub(super) trait QueryBlocks {
    /// As many as the largest head has.
    type Blocks: Copy + AsRef<[Act32]> + AsMut<[Act32]>;
    /// A query of zeros.
    const NONE: Self::Blocks;
    /// Block `i`, which the largest head has.
    fn block(blocks: &Self::Blocks, i: usize) -> &Act32;
}

macro_rules! sizes {
    ($($groups:literal),*) => {$(
        impl QueryBlocks for Heads<$groups> {
            type Blocks = [Act32; $groups / 2];
            const NONE: Self::Blocks = [Act32 { q: [[0; 4]; 8], d: 0.0, sum: 0 }; $groups / 2];

            #[inline(always)]
            fn block(blocks: &Self::Blocks, i: usize) -> &Act32 {
                &blocks[i % ($groups / 2)]
            }
        }
    )*};
}

sizes!(8, 16, 32);
