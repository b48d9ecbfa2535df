//! The engine's arithmetic: everything that touches more than one block.
//!
//! Activations of `T` tokens and width `n` lie in **panels**: groups of sixteen neighbouring
//! elements, `x[n / 16][T][16]`, the last group padded with zeros. One token's panel is its plain
//! vector; with more, the rows that a worker computes are contiguous, and no loop has a tail.
//!
//! Kernels are generic over the [`Isa`](crate::simd::Isa) alone and reached through one table of functions,
//! [`Kernels`], once per operation.

mod attention;
mod checksum;
mod detect;
mod elementwise;
mod executor;
mod heads;
mod input;
mod input_buffer;
mod matmul;
mod panel;
mod prefetch;
mod table;
mod unpacked;

pub use attention::{Attention, KvBlocks, KvType, WriteKv};
pub use detect::{by_name, detect};
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub use detect::{with_dotprod, with_i8mm};
pub use elementwise::{Gate, HeadRotation, Norm, RopeStyle};
pub use executor::{Executor, Inline};
pub use heads::MAX_HEAD_DIM;
pub use input::{Input, Quants};
pub use input_buffer::InputBuffer;
pub use panel::Group;
pub(crate) use panel::groups;
pub use table::Kernels;
