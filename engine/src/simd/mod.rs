//! What an instruction set supplies: a few primitives over lanes, from which every kernel is built.
//!
//! Two shapes of vector are enough:
//! * **Row lanes** ([`Isa::W`], [`Isa::F`]): lane *r* belongs to row *r* of [`Isa::ROWS`] neighbouring
//!   rows of a weight matrix. A word holds four bytes of that row, or one `i32`. Integer dots are
//!   exact and each row's floats stay in its own lane, so no result depends on the number of lanes,
//!   and no block needs a horizontal sum.
//! * **Sixteen lanes** ([`Floats`]): sixteen neighbouring `f32` elements. Sums over elements run in
//!   sixteen lanes on every target and fold in the order of [`Isa::sum`].
//!
//! `a * b + c` is two roundings everywhere, or has an exact product, so all targets give the same bits.

pub mod arch;
mod floats;
mod form;
mod isa;
pub mod math;
mod name;
mod scalar;

pub use arch::attention::{AttentionLoops, ByteRow, CachedRows, HalfRow};
pub use arch::quantise::QuantiseLoops;
pub use arch::rows::{RowBlocks, Rows};
pub use arch::strip::{BlockLoops, Panel};
pub use floats::{Floats, Halves, LANES, Lane, Sixteen};
pub use form::{ActForm, BlockLayout, Blocks, IQ4_VALUES, MXFP4_VALUES};
pub use isa::{Isa, Op, Quad, Quads, lanes};
pub use name::IsaName;
pub use scalar::Scalar;
