//! What a block loop multiplies.

/// Neighbouring rows of a weight matrix, activations of one or several tokens, and where the sums go.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strip {
    /// First block of the first row.
    pub(crate) w: *const u8,
    /// Bytes from a row to the next; 0 makes every row the first.
    pub(crate) row_bytes: usize,
    /// First token's activations of the first block.
    pub(crate) x: *const u32,
    /// Bytes from one block's activations to the next block's. Tokens lie side by side; there may be more than are taken.
    pub(crate) x_step: usize,
    /// Blocks a row, at least 1.
    pub(crate) blocks: usize,
    /// Sums: that of row `r` and token `t` lies at byte `64 * t + 4 * r`.
    pub(crate) sums: *mut f32,
}
