//! The engine's arithmetic: everything that touches more than one block.
//!
//! A program takes the fastest [`Kernels`] of its processor by [`detect`], or a set's by [`by_name`], and hands them on with an
//! [`Executor`]. **Unstable**: names here may change with any version, and what the kernels work on is in `flashlet::internal`.
//!
//! # Panels of activations
//!
//! The vectors of several tokens lie in a **panel**. Sixteen neighbouring elements of one token are a **group** (`Group`);
//! the groups of all tokens with the same elements lie side by side: `x[n / 16][tokens][16]` for vectors of `n` elements.
//!
//! ```text
//!                  token 0            token 1            token 2
//!            +------------------+------------------+------------------+
//! group row  | elements 0..16   | elements 0..16   | elements 0..16   |   each cell is a group
//!            +------------------+------------------+------------------+
//!            | elements 16..32  | elements 16..32  | elements 16..32  |
//!            +------------------+------------------+------------------+
//! ```
//!
//! The last group of a vector is padded with zeros, so no loop has a tail. One token's panel is its plain vector. With more
//! tokens, the elements that a worker computes, some group rows, are contiguous.
//!
//! # Matrix products
//!
//! `w[rows, cols] . x[cols] -> y[rows]` for every token. A row of weights is a row of blocks, of 32 or 256 weights; the
//! activations that a block meets are quantised to a block too.
//!
//! ```text
//!            column
//!              |
//!          +-------+-------+-------+ --
//! row 0    | block | block | block |  | part                  y:   t  t+1 .. t+N-1
//! row 1    | block | block | block |  |                          +---+---+-----+---+
//! row 2    | block | block | block | --                          |   |   |     |   |  a tile: a group of
//! row 3    | block | block | block |                     ->      |   |   |     |   |  sixteen rows, for
//!   ..     |  ..   |  ..   |  ..   |                             |   |   |     |   |  N tokens
//! row 15   | block | block | block |                             +---+---+-----+---+
//!          +-------+-------+-------+
//! ```
//!
//! - A **column** is the blocks of a group of sixteen rows at one place of the row. Interleaved rows (`Units`) store a
//!   column's bytes row beside row, so that one load brings a word of each.
//! - A **part** is as many of the sixteen rows as one word of the instruction set covers (`Isa::ROWS`). Each row has a lane
//!   of its own, in which its blocks are added in order, so no result depends on the set.
//! - A **tile** is the products of a group of rows with `N` tokens, which share the unpacking of the weights.
//! - A **strip** is the rows and tokens that a set's own loop takes (`BlockLoops`), on processors whose registers the
//!   compiler does not know or has too few of.
//!
//! # Instruction sets
//!
//! Kernels are generic over the trait `Isa` alone and reached through one table of functions,
//! [`Kernels`], once per operation.

mod activation;
mod attention;
mod checksum;
mod combine;
mod copy;
mod detect;
mod executor;
mod exp_sum;
#[cfg(any(feature = "f32", feature = "f16", feature = "bf16"))]
mod floats;
mod heads;
mod input;
mod input_buffer;
mod map;
mod matmul;
mod norm;
mod panel;
mod prefetch;
mod recurrent;
mod rotate;
mod strips;
mod table;
mod unpacked;

pub use activation::Act;
pub use attention::KvType;
pub use detect::{by_name, detect};
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub use detect::{with_dotprod, with_i8mm};
pub use executor::{Executor, Inline};
pub(crate) use internal::*;
pub use norm::NormKind;
pub(crate) use panel::groups;
pub use rotate::RopeStyle;
pub use table::Kernels;

/// Exported as `flashlet::internal::kernels`.
pub(crate) mod internal {
    pub use super::attention::{Attention, KvBlocks, WriteKv};
    pub use super::exp_sum::ExpSums;
    pub use super::heads::MAX_HEAD_DIM;
    pub use super::input::{Input, Quants};
    pub use super::input_buffer::InputBuffer;
    pub use super::map::Map;
    pub use super::norm::Norm;
    pub use super::panel::Group;
    pub use super::recurrent::{Convolution, HeadScan, Recurrence, Scan, TimeMix, TokenShift};
    pub use super::rotate::HeadRotation;
}
