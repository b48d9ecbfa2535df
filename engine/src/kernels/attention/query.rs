//! Queries in blocks of 32 quants, as many as heads of a size have.

use crate::quant::Act32;

/// Heads of up to `G` groups.
pub(super) struct Heads<const G: usize>;

/// A query's blocks, for heads of one size.
pub(super) trait QueryBlocks {
    /// The memory of a query's blocks: there is room for a head of `G` groups.
    type Blocks: Copy + AsRef<[Act32]> + AsMut<[Act32]>;
    /// A query of zeros.
    const NONE: Self::Blocks;
    /// Block `i` of a query.
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

// The sizes of the tiles of queries.
sizes!(8, 16, 32);
