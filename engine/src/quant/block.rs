//! The trait of block formats, and their layout.

use bytemuck::Pod;

/// A quantised block as it lies in a GGUF.
pub trait Block: Pod {
    /// Weights in a block.
    const ELEMS: usize;
    /// ggml's name of the type, as in `Q4_K`.
    const NAME: &'static str;
    /// ggml's number of the type, as tensor infos carry it.
    const ID: u32;
    /// The parts of an interleaved column (see [`Units`](super::Units)): first byte and length of each in a block,
    /// in the order in which [`Format::dot`](super::Format::dot) reads them. Each is whole words of four bytes, or a lone
    /// scale of one or two.
    const PARTS: &'static [(usize, usize)] = &[(0, size_of::<Self>())];

    /// Writes the block's weights to `out[ELEMS]`.
    ///
    /// Bit-exact with ggml, NaN bit patterns aside. A longer `out` keeps its tail; in a shorter one
    /// the values of an incomplete group are left out.
    fn dequantise(&self, out: &mut [f32]);
}

/// Asserts what reading blocks in place rests on: a type's size in bytes, and alignment 1.
macro_rules! assert_layout {
    ($($block:ty: $bytes:literal),+ $(,)?) => {
        $(const _: () = assert!(size_of::<$block>() == $bytes && align_of::<$block>() == 1);)+
    };
}
pub(super) use assert_layout;
