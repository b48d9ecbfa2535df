//! Quantised blocks as they lie in a GGUF, and their values.
//!
//! Every type is `#[repr(C)]` of bytes alone, so its alignment is 1 and weights are used where they
//! lie, at any offset. Layouts and formulas are ggml's; values are bit-exact with ggml's reference
//! dequantisation, which means f32 arithmetic in the order that each type's documentation gives.

mod act;
mod act_loops;
mod block;
mod description;
mod dot;
mod float;
mod formats;
mod interleave;
mod matrix;
mod read;
mod source;
mod sub_scales;
mod unpacked;
mod unrolled;
pub(crate) mod weight;
mod words;

#[cfg(feature = "kv_q4_0")]
pub(crate) use act::any_nan;
pub(crate) use act::join_tokens;
pub use act::{Act, Act32, Act256, ActKind, Pairs32, Pairs256, TwoTokens32};
pub(crate) use act_loops::FromLoops;
pub use block::Block;
pub use description::{Described, Description, Field, Quants, ScaleForm, Values};
pub use dot::{FloatFormat, Format};
pub use formats::*;
pub(crate) use interleave::INTERLEAVES;
pub use interleave::Units;
pub use matrix::Matrix;
pub use unpacked::Unpacked;
pub(crate) use weight::with_format;
pub use weight::{Weight, WeightType};
#[cfg(feature = "kv_q4_0")]
pub(crate) use words::nibbles;
