//! Instruction sets: a few primitives over lanes that each supplies, from which every kernel is built.
//!
//! A program sees the sets' names and the tokens that prove their presence. **Unstable**: names here may change with any version,
//! and the primitives are in `flashlet::internal`.
//!
//! Two shapes of vector are enough:
//! * **Row lanes** (`Isa::W`, `Isa::F`): lane *r* belongs to row *r* of `Isa::ROWS` neighbouring
//!   rows of a weight matrix. A word holds four bytes of that row, or one `i32`. Integer dots are
//!   exact and each row's floats stay in its own lane, so no result depends on the number of lanes,
//!   and no block needs a horizontal sum.
//! * **Sixteen lanes** (`Floats`): sixteen neighbouring `f32` elements. Sums over elements run in
//!   sixteen lanes on every target and fold in the order of `Isa::sum`.
//!
//! `a * b + c` is two roundings everywhere, or has an exact product, so all targets give the same bits.

pub(crate) mod arch;
mod floats;
mod form;
mod halves;
mod isa;
pub(crate) mod math;
mod name;
mod scalar;

#[cfg(all(target_arch = "arm", feature = "isa-dsp"))]
pub use arch::cortex_m::Dsp;
#[cfg(all(target_arch = "arm", feature = "isa-helium"))]
pub use arch::cortex_m::Helium;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub use arch::neon::{Dotprod, I8mm, Neon, id_registers_show_dotprod, id_registers_show_i8mm};
#[cfg(target_arch = "x86_64")]
pub use arch::{avx2::Avx2, avx512::Avx512};
pub use form::ActForm;
pub(crate) use internal::*;
pub use name::IsaName;
pub use scalar::Scalar;

/// Exported as `flashlet::internal::simd`.
pub(crate) mod internal {
    pub use super::arch::attention::{AttentionLoops, ByteRow, CachedRows, HalfRow};
    pub use super::arch::quantise::QuantiseLoops;
    pub use super::arch::rows::{Columns, RowBlocks, Rows};
    pub use super::arch::strip::{BlockLoops, Panel};
    pub use super::floats::{Floats, Halves, LANES, Lane, Sixteen};
    pub use super::form::{BlockLayout, Blocks, IQ4_VALUES, MXFP4_VALUES};
    pub use super::isa::{Isa, Op, Quad, Quads, lanes};
    pub use super::math::{exp, rsqrt, shorten, sigmoid, sin_cos, softplus, sqrt, tanh};
}
