//! The argument of a block loop.

/// Neighbouring rows of weights and the activations that they are multiplied with. Rows lie as in a GGUF file, at any
/// address; activations and sums are words.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Strip {
    /// First block of the first row.
    pub w: *const u8,
    /// Bytes from a row to the next; 0 makes every row the first.
    pub row_bytes: usize,
    /// First token's activations of the first block.
    pub x: *const u32,
    /// Bytes from one block's activations to the next block's. The tokens of a block lie side by side, and there may be
    /// more of them than the loop takes.
    pub x_step: usize,
    /// Blocks in a row, at least 1.
    pub blocks: usize,
    /// Sums: that of row `r` and token `t` lies `64 * t + 4 * r` bytes further.
    pub sums: *mut f32,
}
