//! Block loops: a set's own loops over the blocks of neighbouring rows, where the compiler lacks the registers.

use crate::simd::floats::LANES;

/// A strip: neighbouring rows of a weight matrix, and the activations of neighbouring tokens that they are multiplied with.
///
/// Assembly reads the fields by their offsets on 32-bit processors.
#[repr(C)]
#[derive(Debug)]
pub struct Strip {
    /// Byte 0: the first row's first block.
    pub w: *const u8,
    /// Byte 4: bytes from a row to the next; 0 makes every row the first.
    pub row_bytes: usize,
    /// Byte 8: the first token's activations of the first block.
    pub x: *const u32,
    /// Byte 12: bytes from the activations of one block to those of the next.
    pub x_step: usize,
    /// Byte 16: blocks in a row, at least 1.
    pub blocks: usize,
    /// Byte 20: the sums; row `r` of token `t` is at byte `64 * t + 4 * r`.
    pub sums: *mut f32,
}

/// A loop over the blocks of a strip.
#[derive(Clone, Copy, Debug)]
pub struct BlockLoop {
    /// Rows of its strips, at most [`LANES`].
    pub rows: usize,
    /// Tokens of its strips.
    pub tokens: usize,
    /// The loop. The strip must be readable, and writable at its sums, for so many rows and tokens.
    pub run: unsafe extern "C" fn(&Strip),
}

/// The block loops of a format.
#[derive(Clone, Copy, Debug)]
pub struct BlockLoops {
    /// For one token.
    pub(super) one: BlockLoop,
    /// For several tokens, which share the unpacking of the weights.
    pub(super) several: Option<BlockLoop>,
    /// Bytes of a block of weights.
    pub(super) block_bytes: usize,
    /// Words of one token's activations of a block.
    pub(super) act_words: usize,
}

/// Rows of a matrix and the activations of a pass.
#[derive(Clone, Copy, Debug)]
pub struct Panel<'a> {
    /// The blocks of all rows, row after row.
    pub w: &'a [u8],
    /// Blocks in a row.
    pub row_blocks: usize,
    /// Activations in the set's form, `[row_blocks][tokens]`.
    pub x: &'a [u32],
    /// Tokens of the pass.
    pub tokens: usize,
}

impl BlockLoops {
    /// The most tokens that [`BlockLoops::multiply`] takes at once.
    pub const TOKENS: usize = 4;

    /// The products of rows `row..row + LANES` with as many tokens from `t` on as a loop takes, one group of sixteen to a
    /// token; returns how many tokens these are. Rows that do not exist are left out; 0 if shapes disagree.
    #[must_use]
    pub fn multiply(&self, panel: &Panel<'_>, row: usize, t: usize, sums: &mut [[f32; LANES]; Self::TOKENS]) -> usize {
        let row_bytes = panel.row_blocks.saturating_mul(self.block_bytes);
        let (Some(all_rows), Some(left)) = (panel.w.len().checked_div(row_bytes), panel.tokens.checked_sub(t)) else {
            return 0;
        };
        let words = panel.row_blocks.saturating_mul(panel.tokens).saturating_mul(self.act_words);
        if left == 0 || panel.x.len() < words {
            return 0;
        }
        let one = self.one;
        let chosen = self.several.filter(|several| several.tokens <= left.min(Self::TOKENS)).unwrap_or(one);
        let rows = all_rows.saturating_sub(row).min(LANES);
        let mut next = 0;
        while next < rows {
            // The last rows, too few for a strip, go one by one.
            let whole = next + chosen.rows <= rows && next + chosen.rows <= LANES;
            let mut last = [[0.0; LANES]; Self::TOKENS];
            let out = if whole { &mut *sums } else { &mut last };
            let strip = Strip {
                w: panel.w.as_ptr().wrapping_add((row + next) * row_bytes),
                row_bytes: if whole { row_bytes } else { 0 },
                x: panel.x.as_ptr().wrapping_add(t * self.act_words),
                x_step: panel.tokens * self.act_words * size_of::<u32>(),
                blocks: panel.row_blocks,
                sums: out.as_flattened_mut().as_mut_ptr().wrapping_add(if whole { next } else { 0 }),
            };
            // SAFETY: `row + next + chosen.rows <= all_rows` rows of `row_bytes` bytes lie in `w`, or the one row that all
            // stand for; `t + chosen.tokens <= tokens` activations of `act_words` words lie in each of the `row_blocks`
            // columns of `x`, as was checked above; the sums of `chosen.rows` rows from `next` on stay within a group of
            // sixteen, `chosen.tokens <= TOKENS` groups.
            unsafe { (chosen.run)(&strip) };
            if whole {
                next += chosen.rows;
            } else {
                for (sums, last) in sums.iter_mut().zip(&last) {
                    sums[next % LANES] = last[0];
                }
                next += 1;
            }
        }
        chosen.tokens
    }
}
