//! Quantised blocks as they lie in a GGUF, and their values.
//!
//! Every type is `#[repr(C)]` of bytes alone, so its alignment is 1 and weights are used where they
//! lie, at any offset. Layouts and formulas are ggml's; values are bit-exact with ggml's reference
//! dequantisation, which means f32 arithmetic in the order that each type's documentation gives.

mod float;
mod iq4;
mod k2;
mod k3;
mod k45;
mod k6;
mod mxfp4;
mod q4;
mod q5;
mod q8;
mod tq;

use bytemuck::Pod;
use half::f16;

pub use float::{BF16, F16, F32};
pub use iq4::{IQ4_VALUES, IQ4NL, IQ4XS};
pub use k2::Q2K;
pub use k3::Q3K;
pub use k6::Q6K;
pub use k45::{Q4K, Q5K};
pub use mxfp4::{MXFP4, MXFP4_VALUES};
pub use q4::{Q4_0, Q4_1};
pub use q5::{Q5_0, Q5_1};
pub use q8::{Q8_0, Q8K};
pub use tq::{TQ1_0, TQ2_0};

/// A quantised block as it lies in a GGUF.
pub trait Block: Pod {
    /// Weights in a block.
    const ELEMS: usize;
    /// ggml's name of the type, as in `Q4_K`.
    const NAME: &'static str;
    /// ggml's number of the type, as tensor infos carry it.
    const ID: u32;

    /// Writes the block's weights to `out[ELEMS]`.
    ///
    /// Bit-exact with ggml, NaN bit patterns aside. A longer `out` keeps its tail; in a shorter one
    /// the values of an incomplete group are left out.
    fn dequantise(&self, out: &mut [f32]);
}

/// A little-endian f16 scale.
fn scale(bytes: [u8; 2]) -> f32 {
    f16::from_le_bytes(bytes).to_f32()
}

/// Maps 16 packed bytes to 32 values: the low nibbles in order, then the high ones.
fn map_nibbles(qs: &[u8; 16], out: &mut [f32], value: impl Fn(u8) -> f32) {
    for (half, shift) in out.as_chunks_mut::<16>().0.iter_mut().zip([0, 4]) {
        for (y, q) in half.iter_mut().zip(qs) {
            *y = value((q >> shift) & 0x0f);
        }
    }
}

/// The bit planes of 256-blocks: each 32 bytes once for every shift that brings a plane's bits down.
fn planes<const N: usize>(bytes: &[u8], shifts: [u32; N]) -> impl Iterator<Item = (&[u8; 32], u32)> {
    bytes.as_chunks::<32>().0.iter().flat_map(move |bytes| shifts.map(|shift| (bytes, shift)))
}

/// Asserts what reading blocks in place rests on: a type's size in bytes, and alignment 1.
macro_rules! assert_layout {
    ($($block:ty: $bytes:literal),+ $(,)?) => {
        $(const _: () = assert!(size_of::<$block>() == $bytes && align_of::<$block>() == 1);)+
    };
}
use assert_layout;
